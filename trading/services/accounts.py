"""Opening accounts, and giving those that were found on the server to their clients."""

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.portal import search
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves, outbox
from clients import suitability
from clients.models import Client, ClientAction
from clients.selectors import check_allowed
from trading import actions, rules
from trading.errors import LeverageTooHigh, NotAppropriate
from trading.leverage.caps import cap_for
from trading.locks import account_locked
from trading.models import Account, Group
from trading.states import ACCOUNT

SEARCH_KIND = "account"
ACCOUNTS_MAX = 20  # of one client on one server: more is a mistake or worse


def check_leverage(client: Client | None, leverage: int) -> None:
    """Raises ``InvalidInput`` or ``LeverageTooHigh``."""
    if not 1 <= leverage <= max(rules.LEVERAGE_CHOICES):
        raise InvalidInput(fields={"leverage": "Leverage is 1:1 to 1:500."})
    cap = cap_for(client)
    if leverage > cap.most:
        raise LeverageTooHigh(cap.sentence, fields={"leverage": cap.sentence})


def check_suitable(client: Client) -> None:
    """Raises ``NotAppropriate`` when a test of the client allows no live account."""
    stop = suitability.of(client).stop
    if stop:
        raise NotAppropriate(f"No live account can be opened. {stop}")


@transaction.atomic
def account_open(
    *, actor: Actor, client: Client, group: Group, leverage: int, live: bool = True
) -> Account:
    """Ask for an account. It is durable first and opened after the commit; its reference goes to
    the server as external id, so that an opening with no answer is found and not made twice.

    Nobody knows its first password; ``password_reset`` gives one. Raises ``ActionStopped``,
    ``NotAppropriate``, ``LeverageTooHigh``, ``InvalidInput``.
    """
    check_allowed(client, ClientAction.OPEN_ACCOUNT)
    server = group.server
    if live and server.live:
        check_suitable(client)
    check_leverage(client, leverage)
    if group.tenant_id != actor.tenant_id or group.gone_at or not group.offered:
        raise InvalidInput(fields={"group": "This group is not on offer."})
    if not server.active:
        raise InvalidInput(fields={"group": f"{server.name} is switched off."})
    own = Account.objects.filter(tenant_id=actor.tenant_id, client=client, server=server)
    if own.count() >= ACCOUNTS_MAX:
        raise StateConflict(f"The client has {ACCOUNTS_MAX} accounts on {server.name} already.")
    account = Account(
        tenant_id=actor.tenant_id,
        client=client,
        server=server,
        group=group,
        name=client.name[:128],
        currency=group.currency,
        leverage=leverage,
        live=live and server.live,
        reference=next_reference("A"),
    )
    account.save(force_insert=True)
    index(account)
    moves.begin(account, ACCOUNT, actor=actor)
    audit(
        actor=actor,
        action=actions.ACCOUNT_ASKED,
        subject=account,
        data={"group": group.name, "leverage": leverage, "client": client.reference},
    )
    outbox.put("trading.account_open", subject_id=account.pk)
    return account


def index(account: Account) -> None:
    """Keep the account behind the search box, under its client's desk."""
    client = account.client
    search.index(
        kind=SEARCH_KIND,
        subject=account,
        label=f"{account.login or account.reference} {account.name}".strip(),
        detail=f"{account.server.name} · {account.group.name} · {account.currency}",
        words=[account.reference, account.reference[-6:], str(account.login or "")],
        desk_id=client.desk_id if client else None,
    )


@transaction.atomic
def account_link(*, actor: Actor, account: Account, client: Client, reason: str) -> Account:
    """Give an account without a client to its client. It can be done once: from one client to
    another would move their history."""
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say how you know whose it is."})
    row = account_locked(actor, account.pk)
    if client.tenant_id != actor.tenant_id:
        raise InvalidInput(fields={"client": "No such client."})
    if row.client_id is not None:
        raise StateConflict("The account has a client already.")
    row.client = client
    row.save(update_fields=["client"])
    index(row)
    audit(
        actor=actor,
        action=actions.ACCOUNT_LINKED,
        subject=row,
        data={"login": row.login, "client": client.reference, "reason": reason},
    )
    return row
