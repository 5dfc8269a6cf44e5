"""Settings of the audit trail, proven at start."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from backoffice.audit.signing import NoKey, public_keys


@register(Tags.security)
def keys_can_be_read(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        public_keys()
    except NoKey as problem:
        return [
            Error(
                str(problem),
                hint="AUDIT_SIGNING_KEY is an Ed25519 seed, AUDIT_RETIRED_KEYS public keys.",
                id="audit.E001",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def heads_are_signed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.AUDIT_SIGNING_KEY:
        return []
    return [
        Error(
            "AUDIT_SIGNING_KEY is not set, so the heads of the audit chain are not signed.",
            hint="Make one: python -c 'import base64, os; print(base64.b64encode(os.urandom(32)))'",
            id="audit.E002",
        )
    ]
