"""Services that connect vendors and change how they are reached. Secrets are kept sealed."""

import secrets as randomness
from datetime import timedelta

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from backoffice.workflow import outbox
from kyc import actions
from kyc.models import VendorAccount
from kyc.vendors.accounts import API_KEY_PURPOSE, SECRET_PURPOSE, seal
from kyc.vendors.http import check_url
from kyc.vendors.port import Vendor, VendorError
from kyc.vendors.registry import adapter_of

ROTATION = timedelta(hours=24)
SECRET_CHARS_MIN = 16
TEST_TOPIC = "kyc.vendor_test"


@transaction.atomic
def vendor_connect(
    *,
    actor: Actor,
    kind: str,
    name: str,
    base_url: str = "",
    key_id: str = "",
    template: str = "",
    api_key: str = "",
    secret: str = "",
) -> VendorAccount:
    """An account at a vendor; it is reached at once, for its light."""
    adapter = adapter_of(kind)
    address = (base_url or adapter.base_url).rstrip("/")
    found = _problems(adapter, address, key_id, template)
    found |= _secret_problems(adapter, api_key, secret, are_new=True)
    rows = VendorAccount.objects.filter(tenant_id=actor.tenant_id)
    if not name.strip() or rows.filter(name__iexact=name.strip()).exists():
        found["name"] = "It needs a name of its own."
    if found:
        raise InvalidInput(fields=found)
    account = VendorAccount(
        tenant_id=actor.tenant_id,
        kind=kind,
        name=name.strip()[:60],
        base_url=address,
        key_id=key_id.strip(),
        template=template.strip(),
        webhook_token=randomness.token_urlsafe(24),
    )
    account.secret_sealed = seal(account, secret, SECRET_PURPOSE)
    if adapter.fields.api_key:
        account.api_key_sealed = seal(account, api_key, API_KEY_PURPOSE)
    account.save(force_insert=True)
    audit(
        actor=actor,
        action=actions.VENDOR_CONNECTED,
        subject=account,
        label=account.name,
        data={"name": account.name, "kind": adapter.label, "address": address},
    )
    outbox.put(TEST_TOPIC, subject_id=account.pk)
    return account


def _problems(adapter: Vendor, address: str, key_id: str, template: str) -> dict[str, str]:
    found = {}
    try:
        check_url(address)
    except VendorError as error:
        found["base_url"] = str(error)
    for field, value in (("key_id", key_id), ("template", template)):
        word = getattr(adapter.fields, field)
        if word and not value.strip():
            found[field] = f"{word}: the vendor's portal says it."
    return found


def _secret_problems(
    adapter: Vendor, api_key: str, secret: str, *, are_new: bool
) -> dict[str, str]:
    found = {}
    for field, value in (("api_key", api_key), ("secret", secret)):
        wanted = getattr(adapter.fields, field) and (are_new or value)
        if wanted and len(value) < SECRET_CHARS_MIN:
            found[field] = f"It has at least {SECRET_CHARS_MIN} characters."
    return found


@transaction.atomic
def vendor_change(
    *,
    actor: Actor,
    account: VendorAccount,
    active: bool,
    base_url: str = "",
    key_id: str = "",
    template: str = "",
    api_key: str = "",
    secret: str = "",
) -> VendorAccount:
    """Change how a vendor is reached. Empty secrets keep what is stored; with a new webhook
    ``secret`` the old one is accepted for another day."""
    row = VendorAccount.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=account.pk)
    adapter = adapter_of(row.kind)
    address = (base_url or adapter.base_url).rstrip("/")
    found = _problems(adapter, address, key_id, template)
    found |= _secret_problems(adapter, api_key, secret, are_new=False)
    if found:
        raise InvalidInput(fields=found)
    row.base_url, row.key_id, row.template = address, key_id.strip(), template.strip()
    row.active = active
    if secret:
        row.previous_secret_sealed, row.secret_sealed = (
            bytes(row.secret_sealed),
            seal(row, secret, SECRET_PURPOSE),
        )
        row.previous_secret_until = now() + ROTATION
    if api_key and adapter.fields.api_key:
        row.api_key_sealed = seal(row, api_key, API_KEY_PURPOSE)
    row.save()
    audit(
        actor=actor,
        action=actions.VENDOR_CHANGED,
        subject=row,
        label=row.name,
        data={
            "address": address,
            "in_use": active,
            "new_secret": bool(secret),
            "new_api_key": bool(api_key),
        },
    )
    outbox.put(TEST_TOPIC, subject_id=row.pk)
    return row


def contact_noted(actor: Actor, account: VendorAccount, error: str = "") -> None:
    """What came of a call, for the light."""
    fields = {"last_error": error[:300], "last_error_at": now()} if error else {"last_ok_at": now()}
    VendorAccount.objects.filter(tenant_id=actor.tenant_id, pk=account.pk).update(**fields)
