"""Files as they came: sealed, under their digest, before anyone looks into them."""

from pathlib import Path

from django.conf import settings

from backoffice.core import crypto
from backoffice.core.ids import uuid7


def keep(*, tenant_id: int, folder: str, digest: str, content: bytes) -> None:
    """Whole or not at all, and never half of it under the name that is read."""
    path = _path(tenant_id, folder, digest)
    purpose = folder.removesuffix("s")
    sealed = crypto.seal(content, tenant_id=tenant_id, purpose=purpose, bound_to=digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{uuid7().hex}")
    part.write_bytes(sealed)
    part.replace(path)


def read(*, tenant_id: int, folder: str, digest: str) -> bytes:
    return crypto.unseal(
        _path(tenant_id, folder, digest).read_bytes(),
        tenant_id=tenant_id,
        purpose=folder.removesuffix("s"),
        bound_to=digest,
    )


def _path(tenant_id: int, folder: str, digest: str) -> Path:
    return Path(settings.MEDIA_ROOT) / str(tenant_id) / folder / f"{digest}.bin"
