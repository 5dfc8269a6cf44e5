"""Files that are made once and kept by their hash."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from django.db import IntegrityError, transaction


def file_make(
    path: Path, write: Callable[[Path], None], record: Callable[[str, int], object]
) -> None:
    """Have ``write`` make the file and ``record`` its row, with its SHA-256 and size in bytes.

    The row may be there by then, made by another worker: its file stands and this one goes, since
    two makings of a document need not be the same bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and put in place whole: a worker that dies leaves no half file under its name.
    draft = path.with_suffix(f".{os.getpid()}.part")
    write(draft)
    draft.chmod(0o440)
    try:
        with transaction.atomic():
            record(*hash_file(draft))
            draft.replace(path)
    except IntegrityError:
        draft.unlink()


def hash_file(path: Path) -> tuple[str, int]:
    """(SHA-256 in hex, size in bytes), read in pieces."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return digest, path.stat().st_size
