"""Documents on disk: checked and re-encoded on the way in, sealed at rest, marked on the way out.

A file's path is ``<tenant>/documents/<yyyy-mm>/<document id>`` under MEDIA_ROOT; its bytes are
sealed with a key of that tenant and bound to the document's id.
"""

import io
import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from backoffice.core.crypto import Unreadable, seal, unseal
from clients.errors import FileRefused, FileUnreadable

if TYPE_CHECKING:  # loaded by who looks at a picture, not by every process
    from PIL.Image import Image as Picture

log = logging.getLogger(__name__)

UPLOAD_BYTES_MAX = 20 * 2**20
SANITISE_TIMEOUT_S = 40
PURPOSE = "clients.document"
MARK_COLOUR, MARK_DEPTH, MARK_DEGREES = (52, 60, 80), 62, 24  # depth of 255


@dataclass(frozen=True)
class CleanFile:
    content: bytes
    mime: str
    pages: int


def check_size(size: int) -> None:
    """Raises ``FileRefused`` before anything reads the file."""
    if size > UPLOAD_BYTES_MAX:
        raise FileRefused(
            f"The file has {size / 2**20:.1f} MB. Files of up to {UPLOAD_BYTES_MAX // 2**20} MB "
            "are taken. It was not kept.",
            code="file-too-large",
        )
    if size == 0:
        raise FileRefused("The file is empty.", code="file-empty")


def clean_file(content: bytes) -> CleanFile:
    """Re-encode an image, strip a PDF, refuse the rest: in a process of its own, under limits."""
    check_size(len(content))
    try:
        done = subprocess.run(  # noqa: S603 - our own program, no shell, input by pipe
            [sys.executable, "-m", "clients.sanitise"],
            input=content,
            capture_output=True,
            timeout=SANITISE_TIMEOUT_S,
            cwd=settings.BASE_DIR,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FileRefused("The file takes too long to open. It was not kept.") from None
    head, _, clean = done.stdout.partition(b"\n")
    if done.returncode != 0 or not head:
        log.warning("file check died", extra={"code": done.returncode, "said": done.stderr[-500:]})
        raise FileRefused("The file can't be opened safely. It was not kept.")
    verdict = json.loads(head)
    if "refused" in verdict:
        raise FileRefused(f"{verdict['refused']}")
    return CleanFile(clean, verdict["mime"], verdict["pages"])


def path_for(tenant_id: int, document_id: UUID, at: datetime) -> str:
    return f"{tenant_id}/documents/{at:%Y-%m}/{document_id}"


def write(*, tenant_id: int, document_id: UUID, path: str, content: bytes) -> None:
    """Seal and store. A file whose row never gets committed is litter, and sealed."""
    target = Path(settings.MEDIA_ROOT) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(seal(content, tenant_id=tenant_id, purpose=PURPOSE, bound_to=str(document_id)))
    part.replace(target)


def read(*, tenant_id: int, document_id: UUID, path: str) -> bytes:
    """The clean bytes. Raises ``FileUnreadable``."""
    if not path.startswith(f"{tenant_id}/"):
        raise FileUnreadable
    try:
        sealed = (Path(settings.MEDIA_ROOT) / path).read_bytes()
        return unseal(sealed, tenant_id=tenant_id, purpose=PURPOSE, bound_to=str(document_id))
    except (OSError, Unreadable) as error:
        log.exception("stored document unreadable", extra={"document": str(document_id)})
        raise FileUnreadable from error


def remove(*, tenant_id: int, path: str) -> bool:
    """The file goes for good; whether there was one. Safe to repeat."""
    if not path.startswith(f"{tenant_id}/"):
        return False
    target = Path(settings.MEDIA_ROOT) / path
    found = target.is_file()
    target.unlink(missing_ok=True)
    return found


def marked(content: bytes, mime: str, mark: str) -> bytes:
    """The file with ``mark`` (brokerage, viewer, time) across it, as it is shown to people."""
    if mime == "application/pdf":
        return _marked_pdf(content, mark)
    return _marked_image(content, mime, mark)


def _marked_image(content: bytes, mime: str, mark: str) -> bytes:
    from PIL import Image

    picture: Picture = Image.open(io.BytesIO(content))
    if picture.mode != "RGB":
        picture = picture.convert("RGB")
    width, height = picture.size
    mask, (across, down) = _turned_mark(mark, max(14, min(width, height) // 28))
    wide, high = mask.size
    # Only where words stand is anything drawn: a page of 12 million pixels takes a few ms so.
    for row, top in enumerate(range(-high // 2, height, down)):
        for left in range(-wide // 2 - (row % 2) * across // 2, width, across):
            picture.paste(MARK_COLOUR, (left, top, left + wide, top + high), mask)
    out = io.BytesIO()
    if mime == "image/png":
        picture.save(out, "PNG", compress_level=1)
    else:
        picture.save(out, "JPEG", quality=85)
    return out.getvalue()


@lru_cache(maxsize=32)
def _turned_mark(mark: str, size: int) -> "tuple[Picture, tuple[int, int]]":
    """The words once, turned, as a mask; and how far apart they are put, in pixels."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=size)
    length = int(font.getlength(mark)) + size
    line = Image.new("L", (length, size * 2), 0)
    ImageDraw.Draw(line).text((size // 2, size // 3), mark, fill=MARK_DEPTH, font=font)
    turned = line.rotate(MARK_DEGREES, resample=Image.Resampling.BILINEAR, expand=True)
    return turned, (turned.width + size, size * 8)


def _marked_pdf(content: bytes, mark: str) -> bytes:
    import pikepdf

    text = mark.encode("latin-1", "replace").translate(None, b"()\\")
    with pikepdf.open(io.BytesIO(content)) as pdf:
        font = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Font,
                Subtype=pikepdf.Name.Type1,
                BaseFont=pikepdf.Name.Helvetica,
                Encoding=pikepdf.Name.WinAnsiEncoding,
            )
        )
        faint = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.ExtGState, ca=0.22))
        for page in pdf.pages:
            page.contents_add(b"q\n", prepend=True)
            font_name = page.add_resource(font, pikepdf.Name.Font)
            state_name = page.add_resource(faint, pikepdf.Name.ExtGState)
            box = [float(edge) for edge in page.mediabox]
            page.contents_add(_pdf_lines(box, text, str(font_name), str(state_name)))
        out = io.BytesIO()
        pdf.save(out)
        return out.getvalue()


def _pdf_lines(box: list[float], text: bytes, font: str, state: str) -> bytes:
    lines = [f"Q\nq\n{state} gs\n0.2 0.24 0.31 rg\nBT\n{font} 13 Tf\n".encode()]
    bottom, top = int(box[1]), int(box[3])
    for row, y in enumerate(range(bottom + 40, top + 200, 110)):
        x = box[0] + 20 - (row % 2) * 60
        lines.append(b"0.9135 0.4067 -0.4067 0.9135 %d %d Tm\n" % (int(x), y - 60))
        lines.append(b"(" + b"     ".join([text] * 3) + b") Tj\n")
    lines.append(b"ET\nQ\n")
    return b"".join(lines)
