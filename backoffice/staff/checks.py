"""Settings that must hold before real people sign in."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from backoffice.staff.network import networks


@register(Tags.security, deploy=True)
def mfa_is_mandatory(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if getattr(settings, "MFA_MANDATORY", False):
        return []
    return [
        Error(
            "MFA_MANDATORY must be on in production.",
            hint="Every member of staff then sets up a passkey or one-time codes.",
            id="staff.E001",
        )
    ]


@register(Tags.security, deploy=True)
def passkeys_are_bound_to_the_site(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not getattr(settings, "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", False):
        return []
    return [
        Error(
            "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN lets a passkey sign in to another site.",
            id="staff.E002",
        )
    ]


@register(Tags.security)
def proxies_are_networks(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        networks(tuple(settings.TRUSTED_PROXIES))
    except ValueError as error:
        return [Error(f"TRUSTED_PROXIES: {error}.", id="staff.E003")]
    return []


@register(Tags.security, deploy=True)
def sign_in_is_limited(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.ACCOUNT_RATE_LIMITS and settings.RATE_LIMITS:
        return []
    return [Error("ACCOUNT_RATE_LIMITS and RATE_LIMITS must be set.", id="staff.E004")]
