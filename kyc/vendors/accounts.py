"""Vendors' accounts as adapters need them: secrets opened, addresses built, a light for each."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from backoffice.core import crypto
from backoffice.core.clock import now
from backoffice.core.context import current_tenant_id
from backoffice.tenancy.scope import brokerage
from kyc.models import VendorAccount, VendorMessage
from kyc.vendors.port import Account, Vendor
from kyc.vendors.registry import adapter_of

SECRET_PURPOSE = "kyc.vendor"  # noqa: S105 - names a key, is none
API_KEY_PURPOSE = "kyc.vendor.api_key"
MESSAGE_PURPOSE = "kyc.vendor.message"


def adapter_for(account: VendorAccount) -> Vendor:
    return adapter_of(account.kind)


def seal(account: VendorAccount, text: str, purpose: str) -> bytes:
    return crypto.seal(
        text.encode(), tenant_id=current_tenant_id(), purpose=purpose, bound_to=str(account.pk)
    )


def _unsealed(account: VendorAccount, sealed: bytes | memoryview, purpose: str) -> str:
    found = crypto.unseal(
        bytes(sealed), tenant_id=current_tenant_id(), purpose=purpose, bound_to=str(account.pk)
    )
    return found.decode()


def opened(account: VendorAccount) -> Account:
    """The account with the secrets that are accepted now: during a rotation, two."""
    sealed = [account.secret_sealed]
    if account.previous_secret_until and account.previous_secret_until > now():
        sealed.append(account.previous_secret_sealed)
    return Account(
        base_url=account.base_url.rstrip("/"),
        key_id=account.key_id,
        template=account.template,
        api_key=_unsealed(account, account.api_key_sealed, API_KEY_PURPOSE)
        if account.api_key_sealed
        else "",
        secrets=tuple(_unsealed(account, each, SECRET_PURPOSE) for each in sealed if each),
    )


def sealed_body(message: VendorMessage, body: bytes) -> bytes:
    """A message as it is kept: names and document numbers are in it."""
    return crypto.seal(
        body, tenant_id=current_tenant_id(), purpose=MESSAGE_PURPOSE, bound_to=str(message.pk)
    )


def body_of(message: VendorMessage) -> bytes:
    """The very bytes that the vendor posted."""
    return crypto.unseal(
        bytes(message.body),
        tenant_id=current_tenant_id(),
        purpose=MESSAGE_PURPOSE,
        bound_to=str(message.pk),
    )


def notify_url(account: VendorAccount) -> str:
    """Where the vendor posts: public, known to it alone by the token."""
    path = reverse("kyc-hooks:receive", args=[brokerage().slug, account.webhook_token])
    return f"{settings.PUBLIC_URL}{path}"


@dataclass(frozen=True, slots=True)
class Health:
    """A light, and why it is not green."""

    colour: str
    word: str
    note: str = ""


def health(account: VendorAccount) -> Health:
    error_at, ok_at = account.last_error_at, account.last_ok_at
    if not account.active:
        return Health("neutral", "Switched off")
    if error_at is not None and (ok_at is None or error_at > ok_at):
        return Health("bad", "Failing", f"The last contact failed: {account.last_error}")
    if ok_at is None:
        return Health("attention", "Not tried", "It was never reached; test it.")
    return Health("good", "Works")
