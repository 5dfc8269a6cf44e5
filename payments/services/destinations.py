"""Where clients' money may go: added by one, approved by another, usable after a cool-down."""

import re
from datetime import timedelta

from django.db import transaction

from backoffice.audit.actions import Action
from backoffice.audit.services import audit
from backoffice.core import crypto
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import FourEyes, InvalidInput, StateConflict
from clients.models import Client
from payments import actions
from payments.accounts import NUMBER_PURPOSE, fingerprint
from payments.gateways.numbers import (
    OTHER_NUMBER,
    has_ibans,
    is_bic,
    is_iban,
    looks_like_iban,
)
from payments.locks import destination_locked
from payments.models import Destination, Withdrawal
from payments.states import WITHDRAWAL, WithdrawalState

COOL_DOWN = timedelta(hours=24)
_WALLET = re.compile(r"^[A-Za-z0-9_.:-]{6,120}$")


def tidy_number(kind: str, number: str, bic: str = "") -> str:
    """As it is compared and sent. Raises ``InvalidInput`` for what is none."""
    plain = "".join(number.split())
    if kind == Destination.Kind.BANK:
        return _bank_number(plain.upper(), bic)
    if not _WALLET.match(plain):
        raise InvalidInput(fields={"number": "This is not a number that a payout can go to."})
    return plain


def _bank_number(plain: str, bic: str) -> str:
    """An IBAN; or with the BIC of a bank in a country that has none, what it has instead."""
    if is_iban(plain):
        return plain
    if looks_like_iban(plain) or not bic:
        raise InvalidInput(fields={"number": "This is not a valid IBAN."})
    number = plain.replace("-", "")
    if has_ibans(bic[4:6]):
        raise InvalidInput(fields={"number": "Accounts in the country of this bank have an IBAN."})
    if not OTHER_NUMBER.fullmatch(number):
        raise InvalidInput(fields={"number": "An account's number has 4 to 34 letters and digits."})
    return number


def tidy_bic(bic: str) -> str:
    """Raises ``InvalidInput`` for what is none; empty stays empty."""
    plain = "".join(bic.split()).upper()
    if plain and not is_bic(plain):
        raise InvalidInput(fields={"bic": "This is not a valid BIC."})
    return plain


@transaction.atomic
def destination_add(
    *,
    actor: Actor,
    client: Client,
    kind: str,
    number: str,
    holder: str,
    label: str = "",
    bic: str = "",
    country: str = "",
    town: str = "",
) -> Destination:
    """A destination that someone else has to approve. The same number again is the same one."""
    if kind not in Destination.Kind.values:
        raise InvalidInput(fields={"kind": "Choose a bank account, a card or a wallet."})
    code = tidy_bic(bic)
    tidy = tidy_number(kind, number, code)
    if not holder.strip():
        raise InvalidInput(fields={"holder": "Whose is it?"})
    known = Destination.objects.filter(
        tenant_id=actor.tenant_id, client=client, number_hash=fingerprint(tidy)
    ).first()
    if known is not None and known.state != Destination.State.RETIRED:
        return known
    if known is not None:
        return _taken_back(actor, known, holder)
    row = Destination(
        tenant_id=actor.tenant_id,
        client=client,
        kind=kind,
        label=(label.strip() or f"{Destination.Kind(kind).label} •• {tidy[-4:]}")[:60],
        number_hash=fingerprint(tidy),
        holder=holder.strip()[:140],
        bic=code,
        country=(country or _country(kind, tidy, code))[:2],
        town=" ".join(town.split())[:35],
        edited_by_refs=[actor.ref],
    )
    row.number_sealed = crypto.seal(
        tidy.encode(),
        tenant_id=current_tenant_id(),
        purpose=NUMBER_PURPOSE,
        bound_to=str(row.pk),
    )
    row.save(force_insert=True)
    _audit(actor, actions.DESTINATION_ADDED, row)
    return row


def _country(kind: str, number: str, bic: str) -> str:
    if kind != Destination.Kind.BANK:
        return ""
    return number[:2] if is_iban(number) else bic[4:6]


def _taken_back(actor: Actor, known: Destination, holder: str) -> Destination:
    """A retired number is used again: approved anew, as if it were a new one."""
    row = destination_locked(actor, known.pk)
    row.holder, row.version = holder.strip()[:140], row.version + 1
    row.edited_by_refs = sorted({*row.edited_by_refs, actor.ref})
    row.state, row.approved_by_ref, row.approved_at = Destination.State.NEW, "", None
    row.save()
    _audit(actor, actions.DESTINATION_ADDED, row)
    return row


@transaction.atomic
def destination_change(
    *,
    actor: Actor,
    destination: Destination,
    holder: str,
    label: str,
    bic: str = "",
    town: str | None = None,
) -> Destination:
    """Change how a destination is described. It is to be approved again, and so is whatever
    waits to be paid to it."""
    if not holder.strip():
        raise InvalidInput(fields={"holder": "Whose is it?"})
    row = destination_locked(actor, destination.pk)
    _not_retired(row)
    code, place = tidy_bic(bic), row.town if town is None else " ".join(town.split())[:35]
    if (row.holder, row.label, row.bic, row.town) == (holder.strip(), label.strip(), code, place):
        return row
    row.holder, row.label = holder.strip()[:140], label.strip()[:60] or row.label
    row.bic, row.town, row.version = code, place, row.version + 1
    row.edited_by_refs = sorted({*row.edited_by_refs, actor.ref})
    row.state, row.approved_by_ref, row.approved_at = Destination.State.NEW, "", None
    row.save()
    _audit(actor, actions.DESTINATION_CHANGED, row)
    return row


@transaction.atomic
def destination_approve(
    *, actor: Actor, destination: Destination, cool_down: timedelta = COOL_DOWN
) -> Destination:
    """Someone who neither added nor changed it says that it is the client's."""
    row = destination_locked(actor, destination.pk)
    _not_retired(row)
    if row.state == Destination.State.APPROVED:
        return row
    if actor.ref in row.edited_by_refs:
        raise FourEyes("You added or changed this destination; someone else approves it.")
    row.state, row.approved_by_ref, row.approved_at = Destination.State.APPROVED, actor.ref, now()
    row.usable_from = now() + cool_down
    row.save()
    _audit(actor, actions.DESTINATION_APPROVED, row)
    return row


@transaction.atomic
def destination_suspend(*, actor: Actor, destination: Destination, reason: str) -> Destination:
    """Nothing is paid to it until it is approved again."""
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    row = destination_locked(actor, destination.pk)
    _not_retired(row)
    if row.state == Destination.State.SUSPENDED:
        raise StateConflict("It is suspended already.")
    row.state = Destination.State.SUSPENDED
    row.save()
    _audit(actor, actions.DESTINATION_SUSPENDED, row, reason)
    return row


@transaction.atomic
def destination_retire(*, actor: Actor, destination: Destination, reason: str) -> Destination:
    """The client uses it no more: it stays in the record, and nothing is ever paid to it again."""
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    row = destination_locked(actor, destination.pk)
    if row.state == Destination.State.RETIRED:
        return row
    open_ = Withdrawal.objects.filter(tenant_id=actor.tenant_id, destination=row).exclude(
        state__in=[*WITHDRAWAL.final, WithdrawalState.PAID]
    )
    waits = open_.values_list("reference", flat=True).first()
    if waits is not None:
        raise StateConflict(f"{waits} goes to it. Nothing was done; decide that first.")
    row.state = Destination.State.RETIRED
    row.save()
    _audit(actor, actions.DESTINATION_RETIRED, row, reason)
    return row


def _not_retired(row: Destination) -> None:
    if row.state == Destination.State.RETIRED:
        raise StateConflict(f"{row.label} is retired. Nothing was done; add it anew.")


def _audit(actor: Actor, action: Action, row: Destination, reason: str = "") -> None:
    audit(
        actor=actor,
        action=action,
        subject=row,
        label=row.client.reference,  # an entry's own label stays for good: no name in it
        data={"label": row.label, "client": row.client.reference, "reason": reason},
    )
