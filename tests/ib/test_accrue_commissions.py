"""Commission lines from deals: every tier right, each line once, history as it was."""

import random
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.workflow.models import OutboxItem
from ib.models import CommissionLine, Partner, PartnerDay
from ib.services import (
    accrual,
    accrual_run,
    client_attribute,
    partner_move,
    partner_place,
    recalculate,
)
from tests.ib.factories import (
    Market,
    assign,
    attribute,
    earned,
    make_agreement,
    make_client,
    make_partner,
    make_version,
    rates,
)
from trading.models import Deal

HOUR = timedelta(hours=1)


def _lines(**narrow: object) -> list[CommissionLine]:
    return list(CommissionLine.objects.filter(**narrow).order_by("deal_ticket", "tier", "sequence"))


def test_five_hundred_trades_over_four_tiers_pay_every_tier_by_instrument(
    igor: Actor, market: Market
) -> None:
    table = {
        "XAUUSD": ["8", "3.2", "1.15", "0.5"],
        "GBPJPY": ["6.5", "2.5", "1", "0.25"],
        "EURUSD": ["5", "2", "0.75", "0.1"],
    }
    agreement = make_agreement(igor, rates(**table))
    chain: list[Partner] = []
    for _ in range(4):
        chain.insert(0, make_partner(igor, chain[0] if chain else None, agreement))
    clients = [make_client(igor) for _ in range(5)]
    for number, client in enumerate(clients):  # two of them come through a partner further up
        attribute(igor, client, chain[number % 2])
    chance = random.Random(500)
    expected: dict[UUID, Decimal] = defaultdict(Decimal)
    for _ in range(500):
        client_number, symbol = chance.randrange(5), chance.choice(list(table))
        lots = Decimal(chance.randint(1, 500)) / 100
        market.closed(clients[client_number], str(lots), symbol, at=now() - HOUR, held=HOUR)
        above = chain[client_number % 2 :]
        for partner, rate in zip(above, table[symbol], strict=False):
            expected[partner.pk] += lots * Decimal(rate)
    done = accrual_run(actor=igor)
    lines = _lines()
    tiers: dict[UUID, Decimal] = defaultdict(Decimal)
    for line in lines:
        assert line.amount == line.lots * Decimal(table[line.symbol][line.tier - 1])
        assert len(line.tree) in (3, 4)
        tiers[line.partner_id] += line.amount
    assert dict(tiers) == dict(expected)
    assert done.lines == len(lines)
    assert len({line.deal_ticket for line in lines}) == 500
    days = PartnerDay.objects.all()
    assert {d.partner_id: d.amount for d in days if d.amount} == dict(expected)


def test_running_again_writes_nothing(igor: Actor, market: Market) -> None:
    partner = make_partner(igor, agreement=make_agreement(igor, rates(ANY=["5"])))
    client = make_client(igor)
    attribute(igor, client, partner)
    market.closed(client, "2")
    first = accrual_run(actor=igor)
    assert (first.lines, earned(partner)) == (1, Decimal(10))
    for _ in range(3):
        again = accrual_run(actor=igor)
        assert (again.lines, again.reversals) == (0, 0)
    assert recalculate(actor=igor, since=now() - timedelta(days=90)).lines == 0
    assert CommissionLine.objects.count() == 1
    day = PartnerDay.objects.get()
    assert (day.lots_own, day.lots_below, day.amount) == (Decimal(2), Decimal(0), Decimal(10))


def test_a_moved_partner_keeps_its_history_and_earns_for_the_new_parent_after(
    igor: Actor, market: Market
) -> None:
    agreement = make_agreement(igor, rates(ANY=["5", "2"]))
    old, new = make_partner(igor, agreement=agreement), make_partner(igor, agreement=agreement)
    moved = make_partner(igor, old, agreement)
    client = make_client(igor)
    attribute(igor, client, moved)
    market.closed(client, "1", at=now() - HOUR)
    accrual_run(actor=igor)
    before = [(line.pk, line.amount, line.tree, line.state) for line in _lines()]
    assert [line.partner for line in _lines()] == [moved, old]

    partner_place(actor=igor, partner=moved, parent=new, reason="a new desk")
    market.closed(client, "1", at=now() + timedelta(seconds=1))
    accrual_run(actor=igor)
    recalculate(actor=igor, since=now() - timedelta(days=90))

    lines = _lines()
    assert [(line.pk, line.amount, line.tree, line.state) for line in lines[:2]] == before
    assert [line.partner for line in lines[2:]] == [moved, new]
    assert lines[2].tree == [moved.reference, new.reference]
    assert (earned(old), earned(new), earned(moved)) == (Decimal(2), Decimal(2), Decimal(10))


def test_a_planned_move_counts_from_its_day(igor: Actor, market: Market) -> None:
    agreement = make_agreement(igor, rates(ANY=["5", "2"]))
    old, new = make_partner(igor, agreement=agreement), make_partner(igor, agreement=agreement)
    moved = make_partner(igor, old, agreement)
    client = make_client(igor)
    attribute(igor, client, moved)
    day = now() + timedelta(days=7)
    partner_place(actor=igor, partner=moved, parent=new, from_at=day, reason="next week")
    market.closed(client, "1", at=day - timedelta(seconds=1))
    market.closed(client, "3", at=day)
    accrual_run(actor=igor)
    assert (earned(old), earned(new)) == (Decimal(2), Decimal(6))


def test_a_line_says_what_it_was_reckoned_from(igor: Actor, market: Market) -> None:
    agreement = make_agreement(igor, rates(**{"Forex\\Majors\\*": ["4.25"], "ANY": ["1"]}))
    partner = make_partner(igor, agreement=agreement)
    client = make_client(igor)
    attribute(igor, client, partner)
    deal = market.closed(client, "0.37", "EURUSD", held=timedelta(minutes=90))
    accrual_run(actor=igor)
    (line,) = _lines()
    assert (line.deal_ticket, line.position_ticket, line.login) == (
        deal.ticket,
        deal.position_ticket,
        deal.login,
    )
    assert (line.lots, line.rate, line.amount) == (
        Decimal("0.37"),
        Decimal("4.25"),
        Decimal("1.5725"),
    )
    assert line.version is not None
    assert (line.version.number, line.pattern, line.held_s) == (1, "Forex\\Majors\\*", 5400)
    assert (line.tree, line.client, line.currency) == ([partner.reference], client, "EUR")


def test_the_version_in_force_at_the_time_of_the_deal_counts(igor: Actor, market: Market) -> None:
    agreement = make_agreement(igor, rates(ANY=["5"]))
    make_version(igor, agreement, rates(ANY=["7"]), since=now() - timedelta(days=2))
    partner = make_partner(igor, agreement=agreement)
    client = make_client(igor)
    attribute(igor, client, partner)
    market.closed(client, "1", at=now() - timedelta(days=3))
    market.closed(client, "1", at=now() - timedelta(days=1))
    accrual_run(actor=igor)
    assert [line.amount for line in _lines()] == [Decimal(5), Decimal(7)]


@pytest.mark.parametrize(
    ("facts", "terms", "reason"),
    [
        ({"held": timedelta(seconds=59)}, {"minimum_holding_s": 60}, "too_short"),
        ({"held": None}, {"minimum_holding_s": 60}, "opening_unknown"),
        ({"action": 14}, {}, "cancelled"),
        ({"symbol": "BTCUSD"}, {}, "no_rate"),
        ({"deleted_at": "now"}, {}, "deleted"),
    ],
)
def test_what_is_not_paid_for_is_kept_with_its_reason(
    igor: Actor,
    market: Market,
    facts: dict[str, Any],
    terms: dict[str, Any],
    reason: str,
) -> None:
    agreement = make_agreement(igor, rates(EURUSD=["5"]), **terms)
    partner = make_partner(igor, agreement=agreement)
    client = make_client(igor)
    attribute(igor, client, partner)
    if "deleted_at" in facts:
        facts = {"deleted_at": now()}
    market.closed(client, "1", **facts)
    accrual_run(actor=igor)
    (line,) = _lines()
    assert (line.state, line.reason, line.amount) == ("excluded", reason, Decimal(0))
    assert PartnerDay.objects.count() == 0


def test_holding_for_exactly_the_minimum_is_long_enough(igor: Actor, market: Market) -> None:
    agreement = make_agreement(igor, rates(ANY=["5"]), minimum_holding_s=60)
    partner = make_partner(igor, agreement=agreement)
    client = make_client(igor)
    attribute(igor, client, partner)
    market.closed(client, "1", held=timedelta(seconds=60))
    accrual_run(actor=igor)
    assert earned(partner, state="accrued") == Decimal(5)


def test_a_partner_who_trades_earns_only_where_the_agreement_says_so(
    igor: Actor, market: Market
) -> None:
    strict = make_agreement(igor, rates(ANY=["5", "2"]))
    loose = make_agreement(igor, rates(ANY=["5"]), pays_self_referral=True)
    parent = make_partner(igor, agreement=strict)
    selfish = make_partner(igor, parent, strict)
    allowed = make_partner(igor, agreement=loose)
    for partner in (selfish, allowed):
        attribute(igor, partner.client, partner)
        market.closed(partner.client, "1")
    accrual_run(actor=igor)
    assert (earned(selfish), earned(parent), earned(allowed)) == (
        Decimal(0),
        Decimal(2),
        Decimal(5),
    )
    (line,) = _lines(partner_id=selfish.pk)
    assert (line.state, line.reason) == ("excluded", "self_referral")


def test_who_is_suspended_or_has_no_agreement_earns_nothing_and_the_others_do(
    igor: Actor, market: Market
) -> None:
    agreement = make_agreement(igor, rates(ANY=["5", "2", "1"]))
    top = make_partner(igor, agreement=agreement)
    suspended = make_partner(igor, top, agreement)
    plain = make_partner(igor, suspended)
    partner_move(actor=igor, partner=suspended, state="suspended", reason="complaint")
    client = make_client(igor)
    attribute(igor, client, plain)
    market.closed(client, "1")
    accrual_run(actor=igor)
    assert [(line.partner, line.reason, line.amount) for line in _lines()] == [
        (plain, "no_agreement", 0),
        (suspended, "not_active", 0),
        (top, "", Decimal(1)),
    ]


def test_openings_balances_and_other_peoples_clients_earn_nothing(
    igor: Actor, market: Market
) -> None:
    partner = make_partner(igor, agreement=make_agreement(igor, rates(ANY=["5"])))
    client, stranger = make_client(igor), make_client(igor)
    attribute(igor, client, partner)
    market.closed(stranger, "9")
    market.closed(client, "9", entry=0, action=0)
    market.closed(client, "0", symbol="", entry=0, action=2)
    market.closed(client, "2", entry=2, lots_closed=Decimal("0.5"))
    done = accrual_run(actor=igor)
    assert (done.lines, earned(partner)) == (1, Decimal("2.5"))


def test_a_deal_that_is_changed_is_taken_back_and_reckoned_anew(
    igor: Actor, market: Market
) -> None:
    partner = make_partner(igor, agreement=make_agreement(igor, rates(ANY=["5"])))
    client = make_client(igor)
    attribute(igor, client, partner)
    deal = market.closed(client, "2")
    accrual_run(actor=igor)
    market.changed(deal, lots=Decimal(3), lots_closed=Decimal(3))
    accrual_run(actor=igor)
    accrual_run(actor=igor)
    lines = _lines()
    assert [(line.amount, line.state, line.sequence) for line in lines] == [
        (Decimal(10), "reversed", 0),
        (Decimal(-10), "reversed", 1),
        (Decimal(15), "accrued", 2),
    ]
    assert lines[1].reverses == lines[0]
    assert PartnerDay.objects.get().amount == Decimal(15)


def test_a_deal_that_is_deleted_is_taken_back(igor: Actor, market: Market) -> None:
    partner = make_partner(igor, agreement=make_agreement(igor, rates(ANY=["5"])))
    client = make_client(igor)
    attribute(igor, client, partner)
    deal = market.closed(client, "2")
    accrual_run(actor=igor)
    Deal.objects.filter(ticket=deal.ticket).update(deleted_at=now(), synced_at=now())
    for _ in range(2):
        accrual_run(actor=igor)
    assert [(line.amount, line.state, line.reason) for line in _lines()] == [
        (Decimal(10), "reversed", ""),
        (Decimal(-10), "reversed", "changed"),
        (Decimal(0), "excluded", "deleted"),
    ]
    assert earned(partner, state="accrued") == 0


def test_new_terms_that_reach_back_change_unpaid_lines_only(igor: Actor, market: Market) -> None:
    agreement = make_agreement(igor, rates(ANY=["5"]))
    partner = make_partner(igor, agreement=agreement)
    client = make_client(igor)
    attribute(igor, client, partner)
    market.closed(client, "1")
    accrual_run(actor=igor)
    OutboxItem.objects.all().delete()
    make_version(igor, agreement, rates(ANY=["6"]), since=now() - timedelta(days=2))
    (item,) = OutboxItem.objects.filter(topic=accrual.RECALCULATE)
    accrual_run(actor=igor)
    assert earned(partner) == Decimal(5)  # only the recalculation reaches back
    assert item.payload["since"] < now().isoformat()
    recalculate(actor=igor, since=now() - timedelta(days=2))
    assert earned(partner) == Decimal(6)
    assert [line.state for line in _lines()] == ["reversed", "reversed", "accrued"]


def test_a_client_attributed_late_earns_since_then_and_never_against_lines_that_stand(
    igor: Actor, market: Market
) -> None:
    from ib.errors import HistoryStays

    agreement = make_agreement(igor, rates(ANY=["5"]))
    partner, other = (
        make_partner(igor, agreement=agreement),
        make_partner(igor, agreement=agreement),
    )
    client = make_client(igor)
    market.closed(client, "1", at=now() - timedelta(days=4))
    market.closed(client, "1", at=now() - timedelta(days=1))
    accrual_run(actor=igor)
    since = now() - timedelta(days=2)
    client_attribute(actor=igor, client=client, partner=partner, from_at=since, reason="link")
    recalculate(actor=igor, since=since)
    assert earned(partner) == Decimal(5)
    client.refresh_from_db()
    assert client.partner_ref == partner.reference
    with pytest.raises(HistoryStays):
        client_attribute(actor=igor, client=client, partner=other, from_at=since, reason="mine")
    client_attribute(actor=igor, client=client, partner=other, reason="from now on")
    market.closed(client, "1", at=now() + timedelta(seconds=1))
    accrual_run(actor=igor)
    assert (earned(partner), earned(other)) == (Decimal(5), Decimal(5))


def test_more_deals_than_a_chunk_are_all_reckoned(
    igor: Actor, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accrual, "CHUNK_DEALS", 7)
    partner = make_partner(igor, agreement=make_agreement(igor, rates(ANY=["5"])))
    client = make_client(igor)
    attribute(igor, client, partner)
    for _ in range(20):
        market.closed(client, "1")
    done = accrual_run(actor=igor)
    assert (done.deals, done.lines, earned(partner)) == (40, 20, Decimal(100))


def test_another_agreement_takes_over_at_its_moment(igor: Actor, market: Market) -> None:
    first, second = (
        make_agreement(igor, rates(ANY=["5"])),
        make_agreement(igor, rates(ANY=["9"]), currency="USD"),
    )
    partner = make_partner(igor, agreement=first)
    assign(igor, partner, second, now() - timedelta(days=2))
    client = make_client(igor)
    attribute(igor, client, partner)
    market.closed(client, "1", at=now() - timedelta(days=3))
    market.closed(client, "1", at=now() - timedelta(days=1))
    accrual_run(actor=igor)
    assert [(line.amount, line.currency) for line in _lines()] == [
        (Decimal(5), "EUR"),
        (Decimal(9), "USD"),
    ]
