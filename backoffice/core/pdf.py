"""HTML to PDF/A for files that are kept for years."""

import warnings
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

FONTS = Path(settings.BASE_DIR) / "static" / "vendor" / "inter"


class _OwnFonts(URLFetcher):  # type: ignore[misc]
    """The document may load our own fonts and nothing else: no file, no network."""

    def fetch(self, url: str, headers: Any = None) -> Any:
        parts = urlsplit(url)
        path = Path(unquote(parts.path)).resolve()
        if parts.scheme != "file" or path.parent != FONTS.resolve():
            raise ValueError(f"{url} is not part of the report")
        return super().fetch(url, headers)


def write_pdf(path: Path, *, html: str, style: str) -> None:
    """Write ``html`` with the sheet ``style``, whose addresses are relative to our fonts."""
    fetcher = _OwnFonts()
    fonts = FontConfiguration()
    sheet = CSS(string=style, base_url=FONTS.as_uri() + "/", url_fetcher=fetcher, font_config=fonts)
    document = HTML(string=html, url_fetcher=fetcher)
    with warnings.catch_warnings():
        # The library leaves the colour profile that PDF/A asks for to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        document.write_pdf(path, stylesheets=[sheet], font_config=fonts, pdf_variant="pdf/a-3u")
