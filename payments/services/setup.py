"""Configuration: gateways, the policy of withdrawals, rates. Money under way is not touched."""

import secrets
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.text import slugify

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from backoffice.core.money import exponent
from payments import actions
from payments.accounts import seal_api_key, seal_secret
from payments.gateways.http import check_url
from payments.gateways.numbers import is_bic, is_iban
from payments.gateways.port import Gateway, GatewayError
from payments.gateways.registry import adapter_of
from payments.models import GatewayAccount, Rate, WithdrawalPolicy

ROTATION = timedelta(hours=24)
SECRET_CHARS_MIN = 16


@transaction.atomic
def gateway_connect(
    *,
    actor: Actor,
    kind: str,
    name: str,
    merchant_id: str,
    base_url: str = "",
    secret: str = "",
    api_key: str = "",
    holder: str = "",
    bic: str = "",
    bank: str = "",
) -> GatewayAccount:
    """An account at a gateway. Its name is part of ledger accounts, so it stays for good.

    ``holder``, ``bic`` and ``bank`` are what clients read who pay by transfer.
    """
    adapter = adapter_of(kind)
    address = base_url if adapter.needs_address else None
    found = _problems(address, merchant_id, secret if adapter.needs_secret else None)
    if len(api_key.strip()) < adapter.api_key_chars_min:
        found["api_key"] = _no_api_key(adapter)
    if adapter.by_statement:
        merchant_id, bic, problems = _account(adapter, merchant_id, holder, bic)
        found |= problems
    slug = slugify(name)
    if not slug:
        found["name"] = "It needs a name."
    rows = GatewayAccount.objects.filter(tenant_id=actor.tenant_id)
    if slug in {slugify(other) for other in rows.values_list("name", flat=True)}:
        found["name"] = "There is a gateway of this name."
    if found:
        raise InvalidInput(fields=found)
    gateway = GatewayAccount(
        tenant_id=actor.tenant_id,
        kind=kind,
        name=name.strip()[:60],
        base_url=(address or "").rstrip("/"),
        merchant_id=merchant_id.strip(),
        holder=holder.strip(),
        bic=bic,
        bank=bank.strip(),
        webhook_token=secrets.token_urlsafe(24),
    )
    gateway.secret_sealed = seal_secret(gateway, secret) if secret else b""
    if api_key and adapter.api_key_chars_min:
        gateway.api_key_sealed = seal_api_key(gateway, api_key)
    gateway.save(force_insert=True)
    audit(
        actor=actor,
        action=actions.GATEWAY_CONNECTED,
        subject=gateway,
        label=gateway.name,
        data={"name": gateway.name, "kind": kind, "address": gateway.base_url},
    )
    return gateway


def _no_api_key(adapter: Gateway) -> str:
    least = adapter.api_key_chars_min
    return (
        "The key that we call with is needed."
        if least == 1
        else (f"An API key has at least {least} characters.")
    )


def _problems(base_url: str | None, merchant_id: str, secret: str | None) -> dict[str, str]:
    found = {}
    try:
        if base_url is not None:
            check_url(base_url)
    except GatewayError as error:
        found["base_url"] = str(error)
    if not merchant_id.strip():
        found["merchant_id"] = "The gateway's name for us is needed."
    if secret is not None and len(secret) < SECRET_CHARS_MIN:
        found["secret"] = f"A secret has at least {SECRET_CHARS_MIN} characters."
    return found


def _account(adapter: Gateway, iban: str, holder: str, bic: str) -> tuple[str, str, dict[str, str]]:
    """A bank account of ours as it is kept and shown, and what is wrong with it by field."""
    found = {}
    tidy_iban, tidy_bic = "".join(iban.split()).upper(), "".join(bic.split()).upper()
    if not is_iban(tidy_iban):
        found["merchant_id"] = "This is not a valid IBAN."
    if tidy_bic and not is_bic(tidy_bic):
        found["bic"] = "This is not a valid BIC."
    if not tidy_bic and adapter.pays_by_file:
        found["bic"] = "A payment file names the bank by its BIC."
    if not holder.strip():
        found["holder"] = "Say whose account it is: clients write it into their transfer."
    return tidy_iban, tidy_bic, found


@transaction.atomic
def gateway_change(
    *,
    actor: Actor,
    gateway: GatewayAccount,
    merchant_id: str,
    active: bool,
    base_url: str = "",
    secret: str = "",
    api_key: str = "",
    holder: str = "",
    bic: str = "",
    bank: str = "",
) -> GatewayAccount:
    """Change how a gateway is reached. With a new ``secret`` the old one is accepted for a day;
    a new ``api_key`` is used from now on.

    Clients who pay by transfer read a changed bank account from then on, also for what they asked
    before.
    """
    row = GatewayAccount.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=gateway.pk)
    adapter = adapter_of(row.kind)
    address = base_url if adapter.needs_address else None
    found = _problems(address, merchant_id, secret or None)
    if api_key and len(api_key.strip()) < adapter.api_key_chars_min:
        found["api_key"] = _no_api_key(adapter)
    if adapter.by_statement:
        merchant_id, bic, problems = _account(adapter, merchant_id, holder, bic)
        found |= problems
    if found:
        raise InvalidInput(fields=found)
    values = {
        "base_url": (address or "").rstrip("/"),
        "merchant_id": merchant_id.strip(),
        "holder": holder.strip(),
        "bic": bic,
        "bank": bank.strip(),
        "active": active,
    }
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if secret:
        row.previous_secret_sealed = row.secret_sealed
        row.previous_secret_until = now() + ROTATION
        row.secret_sealed = seal_secret(row, secret)
        changed.append("secret")
    if api_key and adapter.api_key_chars_min:
        row.api_key_sealed = seal_api_key(row, api_key)
        changed.append("API key")
    if changed:
        row.save()
        audit(
            actor=actor,
            action=actions.GATEWAY_CHANGED,
            subject=row,
            label=row.name,
            data={"name": row.name, "fields": ", ".join(changed)},
        )
    return row


@transaction.atomic
def policy_save(*, actor: Actor, source_first: bool, lots_per_1000: Decimal) -> WithdrawalPolicy:
    """What is asked of withdrawals: back to their sources first, and so many lots traded."""
    if not 0 <= lots_per_1000 < 1000 or lots_per_1000 != round(lots_per_1000, 2):
        raise InvalidInput(
            fields={"lots_per_1000": "Between 0 (not asked) and 1,000, with two decimal places."}
        )
    row, _ = WithdrawalPolicy.objects.select_for_update().get_or_create(tenant_id=actor.tenant_id)
    wanted = {"source_first": source_first, "lots_per_1000": lots_per_1000}
    changed = [name for name, value in wanted.items() if getattr(row, name) != value]
    if changed:
        row.source_first, row.lots_per_1000 = source_first, lots_per_1000
        row.save()
        said = "; ".join(f"{name.replace('_', ' ')} {wanted[name]}" for name in changed)
        audit(
            actor=actor,
            action=actions.POLICY_SAVED,
            subject=row,
            label="Withdrawals",
            data={"changes": said},
        )
    return row


@transaction.atomic
def rate_set(*, actor: Actor, currency: str, to_base: Decimal) -> Rate:
    """What one unit of ``currency`` is worth in the base currency, for limits and bands."""
    exponent(currency)
    if not to_base.is_finite() or to_base <= 0:
        raise InvalidInput(fields={"to_base": "A rate is above zero."})
    rate, _ = Rate.objects.get_or_create(
        tenant_id=actor.tenant_id, currency=currency, defaults={"to_base": to_base}
    )
    rate.to_base, rate.set_at = to_base, now()
    rate.save()
    audit(
        actor=actor,
        action=actions.RATE_SET,
        subject=rate,
        label=currency,
        data={"currency": currency, "rate": to_base},
    )
    return rate
