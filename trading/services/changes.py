"""Changes of an account: asked for here, applied on the server after the commit."""

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.crypto import seal, unseal
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.workflow import moves, outbox
from trading import actions, rules
from trading.bridge.port import PasswordKind
from trading.errors import AccountNotReady, CurrencyDiffers, MoneyPending
from trading.locks import account_locked, change_locked
from trading.models import Account, AccountChange, BalanceOperation, ChangeKind, Group, Position
from trading.services.accounts import check_leverage
from trading.states import ACCOUNT, CHANGE, OPERATION, AccountState, ChangeState

PURPOSE = "trading account password"
PASSWORD_SHOWN_WITHIN_S = 3600


def _ready(actor: Actor, account: Account) -> Account:
    row = account_locked(actor, account.pk)
    if row.login is None:
        raise AccountNotReady("The account is not open yet.")
    if row.gone_at is not None:
        raise AccountNotReady("The server no longer shows this account.")
    return row


def _ask(
    actor: Actor, account: Account, kind: ChangeKind, wanted: str, before: str, reason: str
) -> AccountChange:
    waiting = AccountChange.objects.filter(
        tenant_id=actor.tenant_id, account=account, kind=kind, state=ChangeState.REQUESTED
    )
    if waiting.exists():
        raise StateConflict("A change of the same kind is being applied. Wait for it.")
    change = AccountChange.objects.create(
        tenant_id=actor.tenant_id,
        account=account,
        kind=kind,
        wanted=wanted,
        before=before,
        reason=reason.strip()[:300],
        asked_ref=actor.ref,
        asked_by=actor.name,
    )
    moves.begin(change, CHANGE, actor=actor, reason=change.reason)
    audit(
        actor=actor,
        action=actions.CHANGE_ASKED,
        subject=account,
        data={
            "kind": change.get_kind_display().lower(),
            "wanted": wanted,
            "before": before,
            "reason": change.reason,
        },
    )
    outbox.put("trading.account_change", subject_id=change.pk)
    return change


@transaction.atomic
def account_set_leverage(
    *, actor: Actor, account: Account, leverage: int, reason: str = ""
) -> AccountChange:
    """Raises ``LeverageTooHigh`` above the cap of the client's category."""
    row = _ready(actor, account)
    _refuse_archived(row)
    check_leverage(row.client, leverage)
    if row.leverage == leverage:
        raise InvalidInput(fields={"leverage": "It is that already."})
    return _ask(actor, row, ChangeKind.LEVERAGE, str(leverage), str(row.leverage), reason)


@transaction.atomic
def account_move_group(
    *, actor: Actor, account: Account, group: Group, reason: str = ""
) -> AccountChange:
    """Move to a group of the same server and currency, while no money is on its way. Raises
    ``LeverageTooHigh`` for an account that is above its cap: its leverage is lowered first."""
    row = _ready(actor, account)
    _refuse_archived(row)
    if group.tenant_id != actor.tenant_id or group.server_id != row.server_id or group.gone_at:
        raise InvalidInput(fields={"group": "Choose a group of the account's own server."})
    if group.currency != row.currency:
        raise CurrencyDiffers(
            f"{group.name} is in {group.currency}, the account in {row.currency}. "
            "Open another account instead.",
            fields={"group": f"Choose a group in {row.currency}."},
        )
    if group.pk == row.group_id:
        raise InvalidInput(fields={"group": "It is in this group already."})
    check_leverage(row.client, row.leverage)
    _refuse_pending_money(actor, row)
    return _ask(actor, row, ChangeKind.GROUP, group.name, row.group.name, reason)


@transaction.atomic
def account_set_status(
    *, actor: Actor, account: Account, status: str, reason: str
) -> AccountChange:
    """Trading, read only, or disabled (no sign-in either). An archived account comes back so."""
    wanted = AccountState(status)
    if wanted not in (AccountState.ACTIVE, AccountState.READ_ONLY, AccountState.DISABLED):
        raise InvalidInput("Choose trading, read only or disabled.")
    return _set_rights(actor, account, wanted, reason)


@transaction.atomic
def account_archive(*, actor: Actor, account: Account, reason: str) -> AccountChange:
    """Close an empty account for good: no sign-in, out of sight. Nothing is deleted."""
    row = _ready(actor, account)
    _refuse_pending_money(actor, row)
    if row.balance or row.credit:
        raise StateConflict("There is money or credit on the account. Take it off first.")
    if Position.objects.filter(tenant_id=actor.tenant_id, account=row).exists():
        raise StateConflict("The account has open positions. They have to be closed first.")
    return _set_rights(actor, account, AccountState.ARCHIVED, reason)


def _set_rights(actor: Actor, account: Account, wanted: AccountState, reason: str) -> AccountChange:
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    row = _ready(actor, account)
    if not ACCOUNT.check(row.state, wanted):
        raise StateConflict(f"It is {row.get_state_display().lower()} already.")
    return _ask(actor, row, ChangeKind.RIGHTS, wanted.value, row.state, reason)


def _refuse_archived(row: Account) -> None:
    if row.state == AccountState.ARCHIVED:
        raise AccountNotReady("The account is archived.")


def money_is_pending(actor: Actor, account: Account) -> bool:
    """Whether a balance operation of the account has not ended."""
    rows = BalanceOperation.objects.filter(tenant_id=actor.tenant_id, account=account)
    return rows.exclude(state__in=OPERATION.final).exists()


def _refuse_pending_money(actor: Actor, account: Account) -> None:
    if money_is_pending(actor, account):
        raise MoneyPending("Money of this account is on its way. Wait until it has arrived.")


@transaction.atomic
def password_reset(
    *, actor: Actor, account: Account, kind: str = PasswordKind.MAIN, reason: str = ""
) -> AccountChange:
    """Have a new random password set. It can be seen once, within the hour, by who asked."""
    row = _ready(actor, account)
    _refuse_archived(row)
    change = _ask(actor, row, ChangeKind.PASSWORD, PasswordKind(kind).value, "", reason)
    change.secret_sealed = seal(
        rules.new_password().encode(),
        tenant_id=actor.tenant_id,
        purpose=PURPOSE,
        bound_to=str(change.pk),
    )
    change.save(update_fields=["secret_sealed"])
    return change


def secret_of(change: AccountChange) -> str:
    """The new password of a change, while it is kept."""
    assert change.secret_sealed is not None
    assert change.tenant_id is not None
    return unseal(
        bytes(change.secret_sealed),
        tenant_id=change.tenant_id,
        purpose=PURPOSE,
        bound_to=str(change.pk),
    ).decode()


@transaction.atomic
def password_show(*, actor: Actor, change: AccountChange) -> str:
    """The new password, this once; afterwards it is kept nowhere."""
    row = change_locked(actor, change.pk)
    if row.asked_ref != actor.ref:
        raise StateConflict("Only who asked for the password sees it. Reset it again.")
    if row.state != ChangeState.APPLIED:
        raise StateConflict("The server has not taken the new password yet.")
    if row.secret_sealed is None:
        raise StateConflict("It was shown already, or an hour passed. Reset it again.")
    secret = secret_of(row)
    row.secret_sealed = None
    row.save(update_fields=["secret_sealed"])
    audit(actor=actor, action=actions.PASSWORD_SHOWN, subject=row.account)
    return secret


def secrets_forget(*, actor: Actor) -> int:
    """Forget new passwords that nobody looked at within the hour; returns how many."""
    limit = now().timestamp() - PASSWORD_SHOWN_WITHIN_S
    rows = AccountChange.objects.filter(
        tenant_id=actor.tenant_id, kind=ChangeKind.PASSWORD, secret_sealed__isnull=False
    )
    old = [row.pk for row in rows.only("id", "created_at") if row.created_at.timestamp() < limit]
    return AccountChange.objects.filter(tenant_id=actor.tenant_id, pk__in=old).update(
        secret_sealed=None
    )
