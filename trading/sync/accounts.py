"""Accounts as the server has them: money and margin, rights, groups; who is new and who is gone."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Q

from backoffice.audit.services import audit
from backoffice.core.bulk import rows_of, stage
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.ids import uuid7
from backoffice.tenancy.references import next_references
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import moves
from backoffice.workflow.models import Transition
from trading import actions, rules
from trading.bridge import port
from trading.connections import speak
from trading.locks import account_locked
from trading.models import Account, AccountChange, Group, SyncRun, TradingServer
from trading.services.accounts import index
from trading.states import ACCOUNT, AccountState, ChangeState
from trading.sync.bulk import lock_server

CHANGED_MAX = 10_000  # handled one by one, since each is a fact of its own
NEW_MAX = 2_000  # per reading: the rest comes with the next
LOGINS_AUDITED_MAX = 100

COLUMNS = (
    ("login", "bigint"),
    ("group_name", "text"),
    ("name", "text"),
    ("leverage", "int"),
    ("balance", "numeric"),
    ("credit", "numeric"),
    ("equity", "numeric"),
    ("margin", "numeric"),
    ("margin_free", "numeric"),
    ("login_enabled", "boolean"),
    ("trading_enabled", "boolean"),
    ("external_id", "text"),
)

_MONEY = """
UPDATE trading_account a
SET balance = s.balance, credit = s.credit, equity = s.equity, margin = s.margin,
    margin_free = s.margin_free, state_at = %(moment)s, gone_at = NULL
FROM pg_temp.accounts_read s
WHERE a.tenant_id = %(tenant)s AND a.server_id = %(server)s AND a.login = s.login
  AND (a.gone_at IS NOT NULL
       OR (a.balance, a.credit, a.equity, a.margin, a.margin_free)
          IS DISTINCT FROM (s.balance, s.credit, s.equity, s.margin, s.margin_free))
"""
_GONE = """
UPDATE trading_account a SET gone_at = %(moment)s
WHERE a.tenant_id = %(tenant)s AND a.server_id = %(server)s AND a.login IS NOT NULL
  AND a.gone_at IS NULL AND (a.sent_at IS NULL OR a.sent_at < %(started)s)
  AND NOT EXISTS (SELECT FROM pg_temp.accounts_read s WHERE s.login = a.login)
"""
_CHANGED = """
SELECT a.id, s.login, s.group_name, s.leverage, s.login_enabled, s.trading_enabled
FROM trading_account a
JOIN pg_temp.accounts_read s ON s.login = a.login
JOIN trading_group g ON g.tenant_id = a.tenant_id AND g.id = a.group_id
WHERE a.tenant_id = %(tenant)s AND a.server_id = %(server)s
  AND (a.leverage, a.login_enabled, a.trading_enabled, g.name)
      IS DISTINCT FROM (s.leverage, s.login_enabled, s.trading_enabled, s.group_name)
ORDER BY a.id LIMIT %(most)s
"""
# An account that we are opening is adopted by its own handler, by its reference.
_NEW = """
SELECT s.*, g.id AS group_id, g.currency
FROM pg_temp.accounts_read s
JOIN trading_group g ON g.tenant_id = %(tenant)s AND g.server_id = %(server)s
    AND g.name = s.group_name
WHERE NOT EXISTS (SELECT FROM trading_account a WHERE a.tenant_id = %(tenant)s
        AND a.server_id = %(server)s AND a.login = s.login)
  AND NOT EXISTS (SELECT FROM trading_account a WHERE a.tenant_id = %(tenant)s
        AND a.server_id = %(server)s AND a.login IS NULL AND a.reference = s.external_id)
ORDER BY s.login LIMIT %(most)s
"""
_ADOPT_DEALS = """
UPDATE trading_deal d SET account_id = a.id
FROM trading_account a
WHERE a.tenant_id = %s AND a.server_id = %s AND a.id = ANY(%s)
  AND d.tenant_id = a.tenant_id AND d.server_id = a.server_id AND d.login = a.login
  AND d.account_id IS NULL
"""


def accounts_read(actor: Actor, server: TradingServer, run: SyncRun) -> None:
    """Read every account within our masks, with its money, and bring the mirror in step."""
    started = now()
    masks = server.group_masks
    users, states = speak(actor, server, lambda platform: _read(platform, masks))
    run.rows_read = len(users)
    with tenant_scope(actor.tenant_id, actor), connection.cursor() as cursor:
        lock_server("accounts", actor.tenant_id, server.pk)
        stage(cursor, "accounts_read", COLUMNS, _rows(users.values(), states))
        here: dict[str, Any] = {
            "tenant": actor.tenant_id,
            "server": server.pk,
            "moment": now(),
            "started": started,
        }
        cursor.execute(_MONEY, here)
        run.rows_changed += cursor.rowcount
        if users:  # nothing at all is a mask that went wrong rather than an empty server
            cursor.execute(_GONE, here)
            run.rows_gone += cursor.rowcount
        _follow_changes(actor, server, cursor, here, run)
        _take_in(actor, server, cursor, here, run)


def _read(
    platform: port.TradingPlatform, masks: str
) -> tuple[dict[int, port.Account], dict[int, port.AccountState]]:
    users = {one.login: one for batch in platform.accounts(group=masks) for one in batch}
    states = {one.login: one for batch in platform.account_states(group=masks) for one in batch}
    return users, states


def _rows(
    users: Iterable[port.Account], states: dict[int, port.AccountState]
) -> Iterator[tuple[Any, ...]]:
    for user in users:
        state = states.get(user.login)
        flat = user.balance + user.credit
        yield (
            user.login,
            user.group,
            user.name[:128],
            user.leverage,
            state.balance if state else user.balance,
            state.credit if state else user.credit,
            state.equity if state else flat,
            state.margin if state else 0,
            state.margin_free if state else flat,
            user.login_enabled,
            user.trading_enabled,
            user.external_id,
        )


def _follow_changes(
    actor: Actor,
    server: TradingServer,
    cursor: CursorWrapper,
    here: dict[str, Any],
    run: SyncRun,
) -> None:
    """Somebody changed accounts on the server itself: take it over and say so."""
    cursor.execute(_CHANGED, {**here, "most": CHANGED_MAX})
    found = rows_of(cursor)
    if not found:
        return
    ours = _changed_by_us(actor, [row["id"] for row in found], here["started"])
    groups = {
        group.name: group
        for group in Group.objects.filter(tenant_id=actor.tenant_id, server=server)
    }
    for seen in found:
        if seen["id"] not in ours and _follow(actor, seen, groups):
            run.rows_changed += 1


def _changed_by_us(actor: Actor, accounts: list[Any], since: datetime) -> set[Any]:
    """Accounts with a change of ours in flight, or done since the server was read."""
    rows = AccountChange.objects.filter(
        Q(state=ChangeState.REQUESTED) | Q(done_at__gte=since),
        tenant_id=actor.tenant_id,
        account_id__in=accounts,
    )
    return set(rows.values_list("account_id", flat=True))


def _follow(actor: Actor, seen: dict[str, Any], groups: dict[str, Group]) -> bool:
    row = account_locked(actor, seen["id"])
    group = groups.get(seen["group_name"], row.group)
    after = {
        "leverage": seen["leverage"],
        "login_enabled": seen["login_enabled"],
        "trading_enabled": seen["trading_enabled"],
        "group": group,
    }
    before = {name: getattr(row, name) for name in after}
    changed = sorted(name for name in after if before[name] != after[name])
    if not changed:
        return False  # a group that we have not read yet
    for name in changed:
        setattr(row, name, after[name])
    row.save(update_fields=changed)
    state = rules.state_of_rights(
        login_enabled=row.login_enabled, trading_enabled=row.trading_enabled
    )
    if row.state != AccountState.ARCHIVED and ACCOUNT.allows(row.state, state):
        moves.move(row, ACCOUNT, state, actor=actor, reason="Changed on the server")
    audit(
        actor=actor,
        action=actions.CHANGED_OUTSIDE,
        subject=row,
        data={
            "fields": ", ".join(name.replace("_", " ") for name in changed),
            "before": {name: str(before[name]) for name in changed},
            "after": {name: str(after[name]) for name in changed},
        },
    )
    return True


def _take_in(
    actor: Actor,
    server: TradingServer,
    cursor: CursorWrapper,
    here: dict[str, Any],
    run: SyncRun,
) -> None:
    """Accounts that were opened elsewhere: ours now, without a client until somebody links them."""
    cursor.execute(_NEW, {**here, "most": NEW_MAX})
    found = rows_of(cursor)
    if not found:
        return
    references = next_references("A", len(found))
    accounts = [
        _account(actor, server, seen, reference, here["moment"])
        for seen, reference in zip(found, references, strict=True)
    ]
    Account.objects.bulk_create(accounts)
    Transition.objects.bulk_create(_births(actor, accounts))
    for account in accounts:
        index(account)
    cursor.execute(_ADOPT_DEALS, [actor.tenant_id, server.pk, [one.pk for one in accounts]])
    run.rows_new += len(accounts)
    audit(
        actor=actor,
        action=actions.ACCOUNTS_FOUND,
        subject=server,
        label=server.name,
        data={
            "count": len(accounts),
            "logins": [account.login for account in accounts[:LOGINS_AUDITED_MAX]],
        },
    )


def _account(
    actor: Actor, server: TradingServer, seen: dict[str, Any], reference: str, moment: datetime
) -> Account:
    group = Group(pk=seen["group_id"], tenant_id=actor.tenant_id, name=seen["group_name"])
    return Account(
        id=uuid7(),
        tenant_id=actor.tenant_id,
        reference=reference,
        server=server,
        group=group,
        login=seen["login"],
        name=seen["name"],
        currency=seen["currency"],
        leverage=seen["leverage"],
        live=server.live,
        state=rules.state_of_rights(
            login_enabled=seen["login_enabled"], trading_enabled=seen["trading_enabled"]
        ),
        login_enabled=seen["login_enabled"],
        trading_enabled=seen["trading_enabled"],
        balance=seen["balance"],
        credit=seen["credit"],
        equity=seen["equity"],
        margin=seen["margin"],
        margin_free=seen["margin_free"],
        state_at=moment,
    )


def _births(actor: Actor, accounts: list[Account]) -> list[Transition]:
    return [
        Transition(
            tenant_id=actor.tenant_id,
            subject_type=ACCOUNT.name,
            subject_id=account.pk,
            source="",
            target=account.state,
            actor_ref=actor.ref,
            actor_name=actor.name,
            reason="Found on the server",
        )
        for account in accounts
    ]
