"""Work on trading servers after the commit: accounts and changes of them. Outside transactions,
at least once: each handler finds from the state of its row what is left to do."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import moves, outbox
from backoffice.workflow.models import OutboxItem
from backoffice.workflow.outbox import TryLater
from trading import actions, rules
from trading.bridge import port
from trading.bridge.errors import BridgeError, ChangeIgnored, CommandRefused, NotNow
from trading.connections import server_read, speak
from trading.locks import account_locked, change_locked
from trading.models import Account, AccountChange, ChangeKind, Group, SyncKind
from trading.services import accounts as account_services
from trading.services.changes import money_is_pending, secret_of
from trading.states import ACCOUNT, CHANGE, AccountState, ChangeState
from trading.sync import readings

AGAIN = timedelta(seconds=15)
SWITCHED_OFF = timedelta(minutes=1)
SYNC_AGAIN = timedelta(seconds=5)
CHANGE_GIVEN_UP_AFTER = timedelta(hours=1)


def wait_of(error: BridgeError) -> timedelta:
    """When to come back after a failure in which nothing was sent."""
    if isinstance(error, NotNow):
        return timedelta(seconds=max(1.0, error.retry_in_s))
    return timedelta(minutes=5) if error.permanent else AGAIN


# -- opening ----------------------------------------------------------------------------------


@outbox.handles("trading.account_open")
def account_open(actor: Actor, item: OutboxItem) -> None:
    """Open an account once: a lost answer is looked for by our reference before it is resent."""
    assert item.subject_id is not None
    account = _opening(actor, item.subject_id)
    if account is None:
        return
    if not account.server.active:
        raise TryLater(SWITCHED_OFF)
    if account.sent_at is not None and not _may_resend(actor, account):
        return
    with tenant_scope(actor.tenant_id, actor):
        row = account_locked(actor, account.pk)
        if row.state != AccountState.OPENING or row.sent_at != account.sent_at:
            return  # another worker was faster
        row.sent_at, row.looks = now(), 0
        row.save(update_fields=["sent_at", "looks"])
    _create(actor, row)


def _opening(actor: Actor, pk: UUID) -> Account | None:
    with tenant_scope(actor.tenant_id, actor):
        row = account_locked(actor, pk)
        if row.state == AccountState.REQUESTED:
            moves.move(row, ACCOUNT, AccountState.OPENING, actor=actor)
    if row.state != AccountState.OPENING:
        return None
    if row.sent_at is not None and now() - row.sent_at < rules.CALL_MAX:
        raise TryLater(row.sent_at + rules.CALL_MAX - now())
    return row


def _may_resend(actor: Actor, account: Account) -> bool:
    """Look for an opening whose answer was lost: adopt it, wait, or say that it isn't there."""
    try:
        found = speak(actor, account.server, lambda platform: _by_reference(platform, account))
    except BridgeError as error:
        _note(actor, account, str(error))
        raise TryLater(wait_of(error)) from None
    if found is not None:
        _opened(actor, account.pk, found)
        return False
    with tenant_scope(actor.tenant_id, actor):
        row = account_locked(actor, account.pk)
        row.looks += 1
        row.save(update_fields=["looks"])
    assert row.sent_at is not None
    if row.looks < rules.LOOKS_MIN or now() - row.sent_at < rules.SETTLED_AFTER:
        raise TryLater(rules.look_delay(row.looks))
    return True


def _by_reference(platform: port.TradingPlatform, account: Account) -> port.Account | None:
    for batch in platform.accounts(group=account.group.name):
        for found in batch:
            if found.external_id == account.reference:
                return found
    return None


def _create(actor: Actor, account: Account) -> None:
    client = account.client
    new = port.NewAccount(
        group=account.group.name,
        name=account.name,
        leverage=account.leverage,
        password_main=rules.new_password(),
        password_investor=rules.new_password(),
        email=client.email if client else "",
        country=client.residence if client else "",
        external_id=account.reference,
    )
    try:
        made = speak(actor, account.server, lambda platform: platform.account_create(new))
    except CommandRefused as error:
        if error.permanent:
            _not_opened(actor, account.pk, f"{error.retcode} {error.text}".strip())
            return
        _nothing_sent(actor, account, str(error))
        raise TryLater(AGAIN) from None
    except BridgeError as error:
        _nothing_sent(actor, account, str(error))
        raise TryLater(wait_of(error)) from None
    if isinstance(made, port.Unknown):
        _note(actor, account, made.reason)
        raise TryLater(rules.CALL_MAX)
    _opened(actor, account.pk, made)


def _nothing_sent(actor: Actor, account: Account, error: str) -> None:
    with tenant_scope(actor.tenant_id, actor):
        row = account_locked(actor, account.pk)
        if row.state == AccountState.OPENING:
            row.sent_at, row.error = None, error[:300]
            row.save(update_fields=["sent_at", "error"])


def _note(actor: Actor, account: Account, error: str) -> None:
    with tenant_scope(actor.tenant_id, actor):
        Account.objects.filter(tenant_id=actor.tenant_id, pk=account.pk).update(error=error[:300])


def _opened(actor: Actor, pk: UUID, made: port.Account) -> None:
    with tenant_scope(actor.tenant_id, actor):
        row = account_locked(actor, pk)
        if row.state != AccountState.OPENING:
            return
        row.login, row.error, row.leverage = made.login, "", made.leverage
        row.login_enabled, row.trading_enabled = made.login_enabled, made.trading_enabled
        fields = ["login", "error", "leverage", "login_enabled", "trading_enabled"]
        moves.move(row, ACCOUNT, AccountState.ACTIVE, actor=actor, update_fields=fields)
        account_services.index(row)
        audit(actor=actor, action=actions.ACCOUNT_OPENED, subject=row, data={"login": made.login})


def _not_opened(actor: Actor, pk: UUID, error: str) -> None:
    with tenant_scope(actor.tenant_id, actor):
        row = account_locked(actor, pk)
        if row.state != AccountState.OPENING:
            return
        row.error = error[:300]
        moves.move(
            row, ACCOUNT, AccountState.REFUSED, actor=actor, reason=error, update_fields=["error"]
        )
        audit(actor=actor, action=actions.ACCOUNT_REFUSED, subject=row, data={"error": error})


# -- changes ----------------------------------------------------------------------------------


@outbox.handles("trading.account_change")
def account_change(actor: Actor, item: OutboxItem) -> None:
    """Set a value on the server; repeated until it answered, for an hour at most."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        change = change_locked(actor, item.subject_id)
        if change.state != ChangeState.REQUESTED:
            return
        if change.kind == ChangeKind.GROUP and money_is_pending(actor, change.account):
            raise TryLater(AGAIN)
    if change.kind == ChangeKind.PASSWORD and change.secret_sealed is None:
        _change_ended(actor, change, None, "The new password was kept for an hour only.")
        return
    talk = _talk(change)
    try:
        after = speak(actor, change.account.server, talk)
    except (CommandRefused, ChangeIgnored) as error:
        if error.permanent:
            _change_ended(actor, change, None, str(error))
            return
        _change_later(actor, change, error)
    except BridgeError as error:
        _change_later(actor, change, error)
    else:
        _change_ended(actor, change, after, "")


def _talk(change: AccountChange) -> Callable[[port.TradingPlatform], port.Account | None]:
    login = change.account.login
    assert login is not None
    if change.kind == ChangeKind.LEVERAGE:
        return lambda platform: platform.account_update(login, {"leverage": int(change.wanted)})
    if change.kind == ChangeKind.GROUP:
        return lambda platform: platform.account_update(login, {"group": change.wanted})
    if change.kind == ChangeKind.RIGHTS:
        may_sign_in, may_trade = rules.RIGHTS[AccountState(change.wanted)]
        return lambda platform: platform.account_rights_set(
            login, login_enabled=may_sign_in, trading_enabled=may_trade
        )
    kind, secret = port.PasswordKind(change.wanted), secret_of(change)
    return lambda platform: platform.account_password_set(login, kind, secret)


def _change_later(actor: Actor, change: AccountChange, error: BridgeError) -> None:
    if now() - change.created_at > CHANGE_GIVEN_UP_AFTER:
        _change_ended(actor, change, None, f"Given up after an hour: {error}")
        return
    with tenant_scope(actor.tenant_id, actor):
        row = change_locked(actor, change.pk)
        row.error = str(error)[:300]
        row.save(update_fields=["error"])
    raise TryLater(wait_of(error))


def _change_ended(
    actor: Actor, change: AccountChange, after: port.Account | None, error: str
) -> None:
    with tenant_scope(actor.tenant_id, actor):
        row = change_locked(actor, change.pk)
        if row.state != ChangeState.REQUESTED:
            return
        row.error, row.done_at = error[:300], now()
        target = ChangeState.REFUSED if error else ChangeState.APPLIED
        fields = ["error", "done_at"]
        if error and row.secret_sealed is not None:
            row.secret_sealed = None
            fields.append("secret_sealed")
        moves.move(row, CHANGE, target, actor=actor, reason=error[:300], update_fields=fields)
        if after is not None:
            _mirror(actor, row, after)
        kind = row.get_kind_display().lower()
        audit(
            actor=actor,
            action=actions.CHANGE_REFUSED if error else actions.CHANGE_APPLIED,
            subject=row.account,
            data={"kind": kind, "wanted": row.wanted, "error": error, "asked_by": row.asked_by},
        )


def _mirror(actor: Actor, change: AccountChange, after: port.Account) -> None:
    """The server's answer into our row of the account."""
    account = change.account
    account.leverage = after.leverage
    account.login_enabled, account.trading_enabled = after.login_enabled, after.trading_enabled
    group = Group.objects.filter(
        tenant_id=actor.tenant_id, server_id=account.server_id, name=after.group
    ).first()
    account.group = group or account.group
    fields = ["leverage", "login_enabled", "trading_enabled", "group"]
    account.save(update_fields=fields)
    if change.kind == ChangeKind.RIGHTS and ACCOUNT.allows(account.state, change.wanted):
        moves.move(account, ACCOUNT, change.wanted, actor=actor, reason=change.reason)
    account_services.index(account)


# -- readings asked for by hand -----------------------------------------------------------------


@outbox.handles("trading.sync", slow=True)
def sync_now(actor: Actor, item: OutboxItem) -> None:
    """Test or read a server because somebody asked; what came of it is a ``SyncRun``."""
    assert item.subject_id is not None
    server = server_read(actor, item.subject_id)
    run = readings.read(actor, server, SyncKind(item.payload["kind"]))
    if run is None:
        raise TryLater(SYNC_AGAIN)
