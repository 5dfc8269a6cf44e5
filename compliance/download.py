"""Public lists from their official addresses, in a deployment that names them.

``WATCH_LIST_FILES`` maps a list's name to its files: ``{"un": {"UN_consolidated.xml": "https://..."},
"ofac": {"sdn.csv": "https://...", "alt.csv": ...}}``. Empty by default: nothing is fetched.
"""

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from backoffice.core.errors import DomainError, OutsideError
from compliance.lists import list_import
from compliance.screening.lists.base import FILE_BYTES_MAX

log = logging.getLogger(__name__)
TIMEOUT = urllib3.Timeout(connect=10, read=60)
REDIRECTS_MAX = 3
CHUNK = 1 << 20
LOOPBACK = {"127.0.0.1", "localhost"}


def lists_download(files: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Fetch and import each list; what became of it, by name. One that fails leaves the others."""
    outcome = {}
    for name, addresses in files.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                version = _one(Path(folder), addresses)
            except (OutsideError, DomainError) as error:
                log.error("list download failed", extra={"list": name, "error": str(error)})
                outcome[name] = f"failed: {error}"
            else:
                outcome[name] = f"version {version}"
    return outcome


def _one(folder: Path, addresses: Mapping[str, str]) -> int:
    for file_name, url in addresses.items():
        _fetch(url, folder / Path(file_name).name)
    first = folder if "sdn.csv" in addresses else folder / Path(next(iter(addresses))).name
    return list_import(first, imported_by="nightly download").number


def _fetch(url: str, target: Path) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise OutsideError(f"{parts.hostname} is not asked without TLS.", permanent=True)
    with urllib3.PoolManager(timeout=TIMEOUT) as pool:
        try:
            answer = pool.request("GET", url, preload_content=False, redirect=REDIRECTS_MAX)
            if answer.status != 200:  # noqa: PLR2004
                raise OutsideError(f"{url} answered {answer.status}.", permanent=False)
            size = 0
            with target.open("wb") as file:
                for chunk in answer.stream(CHUNK):
                    size += len(chunk)
                    if size > FILE_BYTES_MAX:
                        raise OutsideError(f"{url} sends too much.", permanent=True)
                    file.write(chunk)
        except urllib3.exceptions.HTTPError as error:
            raise OutsideError(f"{url} did not answer: {error}", permanent=False) from error
