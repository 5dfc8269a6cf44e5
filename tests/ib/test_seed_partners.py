"""The demo's partners: a tree that earns, one payout made and others waiting, once."""

from datetime import timedelta

from backoffice.core.clock import now
from backoffice.core.context import Actor
from ib.models import CommissionLine, Partner, Payout, Placement
from operations.demo import Demo
from operations.demo.partners import partners
from tests.ib.factories import Market, make_client
from tests.world import World


def test_the_demo_has_partners_who_earn_and_a_payout_that_waits(
    world: World, igor: Actor, market: Market
) -> None:
    clients = [make_client(igor) for _ in range(14)]
    for client in clients:
        for days in (1, 10):
            market.closed(client, "1.5", at=now() - timedelta(days=days))
    demo = Demo(world.aurora)
    demo.actors = {
        "partners": igor,
        "operations": world.actor("olivia"),
        "lead": world.actor("petra"),
    }
    for _ in range(2):
        partners(world.system(), demo)
    assert (Partner.objects.count(), Placement.objects.count()) == (7, 6)
    states = sorted(Payout.objects.values_list("state", flat=True))
    assert states == ["paid", *["proposed"] * 5]
    # The first partner's is left to propose: the tour does it.
    assert not Payout.objects.filter(partner__reference__endswith="000001").exists()
    assert set(CommissionLine.objects.values_list("state", flat=True)) == {
        "accrued",
        "in_payout",
        "paid",
    }
