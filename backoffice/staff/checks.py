"""Settings that must hold before real people sign in."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def mfa_is_mandatory(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if getattr(settings, "MFA_MANDATORY", False):
        return []
    return [Error("MFA_MANDATORY must be on in production.", id="staff.E001")]
