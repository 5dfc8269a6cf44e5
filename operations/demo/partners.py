"""The demo's partners: a tree of three levels, an agreement, a payout made and one that waits."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.approvals import approval_vote, pending_for
from clients.models import Client
from clients.states import ClientState
from ib import selectors, services
from ib.models import Agreement, ClientAttribution, Partner, Payout
from ib.rules import parse_rates
from operations.demo import Demo, step

# (name of the level, place of the parent among the partners or None)
TREE = (None, 0, 0, 1, 1, 2, 3, 0, 4)
RATES = (
    ("XAU*", ("8", "2.5", "1")),
    ("BTC*", ("4", "1", "0.5")),
    ("*", ("5", "2", "0.75")),
)
WAITING = 5
SINCE = timedelta(days=90)
FIRST_PAYOUT = timedelta(days=3)


@step("partners", 60, opens_scope=True)
def partners(actor: Actor, demo: Demo) -> None:
    manager = demo.actors["partners"]
    with tenant_scope(actor.tenant_id, manager):
        known = Partner.objects.filter(tenant_id=actor.tenant_id).exists()
    if not known:
        _tree(manager, demo)
    demo.past.home()
    services.accrual_run(actor=actor)
    with tenant_scope(actor.tenant_id, manager):
        if not Payout.objects.filter(tenant_id=actor.tenant_id).exists():
            _payouts(manager, demo)


def _tree(manager: Actor, demo: Demo) -> None:
    """The first clients became partners, once they were all there; then others came by them."""
    with tenant_scope(manager.tenant_id, manager):
        active = Client.objects.filter(tenant_id=manager.tenant_id, state=ClientState.ACTIVE)
        clients = list(active.order_by("reference"))
    tree = TREE[: len(clients) // 2]
    if not tree:
        return
    demo.past.go(clients[len(tree) - 1].created_at + timedelta(days=1))
    found: list[Partner] = []
    with tenant_scope(manager.tenant_id, manager):
        agreement = _agreement(manager, demo)
        for client, parent in zip(clients, tree, strict=False):
            partner = services.partner_create(
                actor=manager,
                client=client,
                parent=None if parent is None else found[parent],
                agreement=agreement,
                since=now() - SINCE,
            )
            found.append(
                services.partner_move(
                    actor=manager, partner=partner, state="active", reason="Contract signed"
                )
            )
    _attribute(manager, demo, clients[len(tree) :], found)


def _attribute(
    manager: Actor, demo: Demo, clients: Sequence[Client], found: Sequence[Partner]
) -> None:
    """Every client but each fourth came through someone, most of them low in the tree."""
    for number, client in enumerate(clients):
        with tenant_scope(manager.tenant_id, manager):
            known = ClientAttribution.objects.filter(client=client).exists()
        if number % 4 == 3 or known:
            continue
        demo.past.go(client.created_at + timedelta(minutes=5))
        with tenant_scope(manager.tenant_id, manager):
            services.client_attribute(
                actor=manager,
                client=client,
                partner=found[-1 - number % len(found)],
                from_at=now() - SINCE,
                reason="Came by the partner's link",
            )


def _agreement(manager: Actor, demo: Demo) -> Agreement:
    agreement = services.agreement_create(
        actor=manager, name="Standard", currency=demo.tenant.base_currency
    )
    version = services.version_save(
        actor=manager,
        agreement=agreement,
        rates=parse_rates(RATES),
        effective_from=now() - SINCE,
        minimum_holding_s=60,
    )
    approval = services.version_propose(actor=manager, version=version)
    approval_vote(actor=demo.actors["operations"], approval=approval, approves=True)
    return agreement


def _payouts(manager: Actor, demo: Demo) -> None:
    """Last week's is paid, where there were trades; the largest of this week's wait.

    The first partner's, who earns by everyone below, is left for people to propose.
    """
    earning = [
        (partner, unpaid)
        for partner in sorted(selectors.partners_for(manager), key=lambda row: row.reference)[1:]
        for unpaid in selectors.unpaid_of(manager, partner)
        if unpaid.money.amount > 0
    ]
    earning.sort(key=lambda pair: pair[1].exact, reverse=True)
    for place, (partner, unpaid) in enumerate(earning[:WAITING]):
        if place == 0:
            _pay(manager, demo, partner, unpaid.currency)
        try:
            services.payout_propose(
                actor=manager, partner=partner, currency=unpaid.currency, minimum=Decimal(1)
            )
        except DomainError:  # all of it was paid above
            continue


def _pay(manager: Actor, demo: Demo, partner: Partner, currency: str) -> None:
    try:
        payout = services.payout_propose(
            actor=manager, partner=partner, currency=currency, until=now() - FIRST_PAYOUT
        )
    except DomainError:  # nothing that long ago
        return
    approval = pending_for(manager, payout.pk)
    assert approval is not None
    approval_vote(actor=demo.actors["lead"], approval=approval, approves=True)
