"""Money of one wallet becomes money of another: at the rate offered, once, or not at all."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.clock import now
from backoffice.core.errors import DomainError, FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money
from backoffice.workflow.approvals import approval_vote, pending_for
from backoffice.workflow.models import Approval, ApprovalBand
from ledger import selectors as ledger
from ledger.services import journal_reverse
from payments.conversion_states import QuoteSource
from payments.conversions import quotes
from payments.conversions.errors import NotOffered, OfferExpired, PriceMoved
from payments.conversions.position import position
from payments.conversions.services import (
    KIND,
    OPEN_MAX,
    conversion_accept,
    conversion_cancel,
    conversion_offer,
)
from payments.errors import NotEnoughMoney
from payments.models import Conversion, ConversionPolicy, ConversionQuote, Transfer
from tests.payments.factories import quote_currencies
from tests.payments.money import Brokerage, eur
from trading.prices import Price

Browse = Callable[[str], Browser]


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.fixture
def desk(shop: Brokerage) -> Iterator[Brokerage]:
    """EUR 1,000.00 in the wallet; EUR/USD at 1.0840 less 0.5%; a second person above EUR 500."""
    with shop.scope():
        quote_currencies(shop.world)
    shop.funded("1000.00")
    yield shop


def offer(desk: Brokerage, amount: str = "100.00", **more: Any) -> Conversion:
    facts: dict[str, Any] = {
        "actor": desk.actor,
        "give": eur(amount),
        "currency": "USD",
    } | more
    with desk.scope():
        return conversion_offer(client=desk.client, **facts)


def accept(desk: Brokerage, row: Conversion, actor: str = "pavel") -> Conversion:
    with desk.scope():
        return conversion_accept(actor=desk.world.actor(actor), conversion=row)


def again(desk: Brokerage, row: Conversion) -> Conversion:
    with desk.scope():
        return Conversion.objects.select_related("transfer").get(pk=row.pk)


def vote(desk: Brokerage, row: Conversion, name: str = "petra", *, yes: bool = True) -> None:
    with desk.scope(), transaction.atomic():
        approval = pending_for(desk.system, row.pk, KIND)
        assert approval is not None
        actor = desk.world.actor(name)
        approval_vote(actor=actor, approval=approval, approves=yes, reason="looked at")


def requote(desk: Brokerage, mid: str) -> None:
    with desk.scope():
        petra = desk.world.actor("petra")
        quotes.quote_set(actor=petra, base="EUR", quote="USD", mid=Decimal(mid), sure=True)


def wallets(desk: Brokerage) -> tuple[Any, Any]:
    return desk.wallet(), desk.wallet("USD")


def test_an_offer_books_nothing_and_its_acceptance_one_journal_of_two_lines(
    desk: Brokerage,
) -> None:
    row = offer(desk)
    assert (row.state, row.client_rate, row.get_amount) == (
        "offered",
        Decimal("1.07858"),
        Decimal("107.85"),
    )
    assert (row.spread, row.spread_amount) == ("0.5% of the price", Decimal("0.55"))
    assert (wallets(desk), desk.journals(row.reference)) == ((1000, 0), [])
    done = accept(desk, row)
    assert (done.state, wallets(desk)) == ("booked", (900, Decimal("107.85")))
    with desk.scope():
        [entry] = ledger.journals_of(desk.world.aurora.pk, row.reference)
    found = [(line.debit.code[-11:], line.credit.code[-11:], line.amount) for line in entry.lines]
    wallet = f"client:{desk.client.pk}:wallet"[-11:]
    assert found == [(wallet, "fx:position", eur("100")), ("fx:position", wallet, usd("107.85"))]
    assert (entry.journal.kind, entry.journal.pk) == ("conversion", done.journal_id)
    assert entry.journal.meta["rate"] == "1.078580000000000000"
    assert entry.journal.meta["quotes"][0]["pair"] == "EUR/USD"
    assert desk.sound()


def test_it_is_accepted_once_however_often_it_is_pressed(desk: Brokerage) -> None:
    row = offer(desk)
    first, second = accept(desk, row), accept(desk, row)
    assert first.journal_id == second.journal_id
    assert wallets(desk) == (900, Decimal("107.85"))


def test_an_offer_that_is_over_books_nothing_and_ends_by_itself(desk: Brokerage) -> None:
    row = offer(desk)
    with time_machine.travel(row.expires_at, tick=True):
        with pytest.raises(OfferExpired, match="Nothing was exchanged"):
            accept(desk, row)
        desk.work()
        assert again(desk, row).state == "expired"
        with pytest.raises(OfferExpired):
            accept(desk, row)
    assert wallets(desk) == (1000, 0)
    assert desk.sound()


def test_the_price_is_the_one_that_was_offered_whatever_the_market_does(desk: Brokerage) -> None:
    row = offer(desk)
    requote(desk, "1.2000")
    assert accept(desk, row).get_amount == Decimal("107.85")
    assert offer(desk).get_amount == Decimal("119.40")


def test_what_is_on_hold_is_not_there_to_be_exchanged(desk: Brokerage) -> None:
    desk.approved_card()
    row = offer(desk, "450.00")
    desk.withdraw("600.00")
    with pytest.raises(NotEnoughMoney, match="400.00 EUR available"):
        accept(desk, row)
    with pytest.raises(NotEnoughMoney, match="400.00 EUR available"):
        offer(desk, "450.00")
    assert (again(desk, row).state, wallets(desk)) == ("offered", (1000, 0))
    assert accept(desk, offer(desk, "400.00")).state == "booked"
    assert desk.sound()


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"give": Money.zero("EUR")}, "amount"),
        ({"give": eur("-1")}, "amount"),
        ({"currency": "EUR"}, "to"),
        ({"currency": "GBP"}, "to"),
        ({"give": eur("0.01"), "currency": "JPY"}, "amount"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(
    desk: Brokerage, facts: dict[str, Any], field: str
) -> None:
    with desk.scope():
        desk.world.aurora.currencies = ["EUR", "USD", "JPY"]
        desk.world.aurora.save()
        petra = desk.world.actor("petra")
        quotes.quote_set(actor=petra, base="EUR", quote="JPY", mid=Decimal("90"))
    with pytest.raises(InvalidInput) as caught:
        offer(desk, **facts)
    assert [*caught.value.fields] == [field]


def test_an_old_quote_is_not_converted_by(desk: Brokerage) -> None:
    row = offer(desk)
    later = time_machine.travel(now() + timedelta(seconds=901), tick=True)
    with later, pytest.raises(NotOffered, match=r"older than 15 minutes\. Nothing is offered"):
        offer(desk)
    with desk.scope():
        ConversionQuote.objects.all().delete()
    with pytest.raises(NotOffered, match="There is no quote between EUR and USD"):
        offer(desk)
    with desk.scope():
        ConversionPolicy.objects.update(active=False)
    with pytest.raises(NotOffered, match="switched off"):
        offer(desk)
    assert again(desk, row).state == "offered"


def test_a_brokerage_without_rules_offers_nothing(shop: Brokerage) -> None:
    shop.funded("100.00")
    with pytest.raises(NotOffered, match="switched off"):
        offer(shop)


def test_a_large_one_waits_for_another_person_and_is_booked_at_its_rate(desk: Brokerage) -> None:
    row = accept(desk, offer(desk, "600.00"))
    assert (row.state, wallets(desk)) == ("waiting", (1000, 0))
    assert accept(desk, row).state == "waiting"
    with pytest.raises(FourEyes):
        vote(desk, row, "pavel")
    with pytest.raises(NotPermitted):
        vote(desk, row, "olivia")
    requote(desk, "1.0860")  # 0.18%: within the tolerance
    vote(desk, row)
    done = again(desk, row)
    assert (done.state, wallets(desk)) == ("booked", (400, Decimal("647.14")))
    with desk.scope():
        [entry] = ledger.journals_of(desk.world.aurora.pk, row.reference)
    assert entry.journal.approved_by == desk.world.actor("petra").ref
    assert desk.sound()
    with desk.scope(), pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        Conversion.objects.filter(pk=row.pk).update(decided_by_ref=row.asked_by_ref)


@pytest.mark.parametrize("mid", ["1.0790", "1.0890"])
def test_one_that_waited_is_not_booked_once_the_price_has_moved(desk: Brokerage, mid: str) -> None:
    row = accept(desk, offer(desk, "600.00"))
    requote(desk, mid)
    with pytest.raises(PriceMoved, match=r"moved by 0\.46%.*at most 0\.25%"):
        vote(desk, row)
    assert (again(desk, row).state, wallets(desk)) == ("waiting", (1000, 0))
    vote(desk, row, yes=False)
    assert (again(desk, row).state, again(desk, row).note) == ("refused", "looked at")
    assert desk.sound()


def test_one_that_waited_needs_a_fresh_quote_and_the_money(desk: Brokerage) -> None:
    first, second = (accept(desk, offer(desk, "600.00")) for _ in range(2))
    vote(desk, first)
    with pytest.raises(NotEnoughMoney):
        vote(desk, second)
    with time_machine.travel(now() + timedelta(hours=1), tick=True), pytest.raises(NotOffered):
        vote(desk, second)
    assert again(desk, second).state == "waiting"
    assert desk.sound()


def test_larger_ones_need_who_their_band_names(desk: Brokerage) -> None:
    right, large = "payments.approve_conversion", "payments.approve_large_withdrawal"
    with desk.scope():
        for most, steps in ((Decimal(700), [right]), (None, [right, large])):
            ApprovalBand.objects.create(kind=KIND, amount_max=most, steps=steps)
    found = []
    for amount in ("500.01", "700.00", "700.01"):
        row = accept(desk, offer(desk, amount))
        with desk.scope():
            found.append(Approval.objects.get(subject_id=row.pk).steps)
    assert found == [[right], [right], [right, large]]
    assert accept(desk, offer(desk, "500.00")).state == "booked"


def test_it_is_declined_or_taken_back_until_it_is_booked(desk: Brokerage) -> None:
    declined, waiting, booked = offer(desk), offer(desk, "600.00"), offer(desk)
    accept(desk, waiting)
    accept(desk, booked)
    for row in (declined, waiting):
        with desk.scope():
            conversion_cancel(actor=desk.actor, conversion=row, reason="too dear")
        assert again(desk, row).state == "cancelled"
    with desk.scope():
        with pytest.raises(StateConflict, match="exchanged already"):
            conversion_cancel(actor=desk.actor, conversion=booked, reason="too dear")
        assert not Approval.objects.filter(state="pending").exists()
    with pytest.raises(StateConflict, match="cancelled"):
        accept(desk, declined)
    assert wallets(desk) == (900, Decimal("107.85"))
    assert desk.sound()


def test_offers_of_a_client_are_not_without_end(desk: Brokerage) -> None:
    rows = [offer(desk, "1.00") for _ in range(OPEN_MAX)]
    with pytest.raises(NotOffered, match="20 offers stand"):
        offer(desk, "1.00")
    accept(desk, rows[0])
    assert offer(desk, "1.00").state == "offered"


def test_a_restriction_stops_offers_and_those_that_stand(desk: Brokerage) -> None:
    small, large = offer(desk), accept(desk, offer(desk, "600.00"))
    desk.restrict("withdraw", "an order of a court")
    for attempt in (
        lambda: accept(desk, small),
        lambda: vote(desk, large),
        lambda: offer(desk),
    ):
        with pytest.raises(DomainError, match="an order of a court"):
            attempt()
    assert wallets(desk) == (1000, 0)


def test_who_has_no_right_exchanges_nothing(desk: Brokerage) -> None:
    row, sam = offer(desk), desk.world.actor("sam")
    with pytest.raises(NotPermitted):
        offer(desk, actor=sam)
    with pytest.raises(NotPermitted):
        accept(desk, row, "sam")
    with desk.scope(), pytest.raises(NotPermitted):
        quotes.quote_set(actor=desk.actor, base="EUR", quote="USD", mid=Decimal(1))


def test_the_position_is_worth_the_spread_and_what_the_market_moves(desk: Brokerage) -> None:
    accept(desk, offer(desk))
    with desk.scope():
        found = position(desk.system)
        assert [holding.amount for holding in found.holdings] == [eur("100"), usd("-107.85")]
        assert found.result == eur("0.51")  # 100 less 107.85 at 1.0840: 99.49
    requote(desk, "1.0000")
    with desk.scope():
        assert position(desk.system).result == eur("-7.85")
        ConversionQuote.objects.all().delete()
        assert position(desk.system).result is None


def test_a_quote_far_from_the_last_one_is_asked_about(desk: Brokerage) -> None:
    with desk.scope():
        petra = desk.world.actor("petra")
        facts: dict[str, Any] = {"actor": petra, "base": "USD", "quote": "EUR"}
        with pytest.raises(InvalidInput) as caught:
            quotes.quote_set(**facts, mid=Decimal("9.25"))
        assert "0.92250923" in caught.value.fields["mid"]
        quotes.quote_set(**facts, mid=Decimal("0.9250"))
        quotes.quote_set(**facts, mid=Decimal("9.25"), sure=True)
        assert ConversionQuote.history.filter(base="USD").count() == 2
        for mid in ("0", "-1", "NaN", "1e15", "0.00000000001"):
            with pytest.raises(InvalidInput):
                quotes.quote_set(**facts, mid=Decimal(mid), sure=True)


def test_a_pair_has_one_spread_and_gets_the_usual_one_back(desk: Brokerage) -> None:
    with desk.scope():
        petra = desk.world.actor("petra")
        facts: dict[str, Any] = {"actor": petra, "base": "EUR", "quote": "USD"}
        row = quotes.spread_set(**facts, kind="price", value=Decimal("0.0015"))
        with pytest.raises(InvalidInput):
            quotes.spread_set(
                actor=petra, base="USD", quote="EUR", kind="percent", value=Decimal(1)
            )
        with pytest.raises(InvalidInput):
            quotes.spread_set(**facts, kind="percent", value=Decimal(50))
    assert offer(desk).client_rate == Decimal("1.0825")
    with desk.scope():
        quotes.spread_remove(actor=petra, spread=row)
    assert offer(desk).client_rate == Decimal("1.07858")


def test_what_a_server_quotes_counts_where_it_is_newer(desk: Brokerage) -> None:
    def price(bid: str, ask: str, seconds: int, symbol: str = "EURUSD") -> Price:
        at = now() + timedelta(seconds=seconds)
        return Price("MT5", symbol, "EUR", "USD", Decimal(bid), Decimal(ask), at)

    with desk.scope():
        assert quotes.quotes_take(actor=desk.system, prices=[price("1.0999", "1.1001", -3600)]) == 1
    assert offer(desk).mid == Decimal("1.084")  # typed a moment ago
    with desk.scope():
        taken = [price("1.1199", "1.1201", 60), price("1.3", "1.2", 0), price("1.11", "1.11", -60)]
        assert quotes.quotes_take(actor=desk.system, prices=taken) == 2
        row = ConversionQuote.objects.get(source=QuoteSource.SERVER)
        assert row.quoted_at <= now()  # a clock that is ahead makes no quote younger than it is
        assert quotes.quotes_take(actor=desk.system, prices=[price("1.0", "1.0", -30)]) == 0
    found = offer(desk)
    assert (found.mid, found.quotes[0]["by"]) == (Decimal("1.12"), "MT5 EURUSD")


def test_a_server_s_quote_that_leaps_is_left_out_until_the_old_one_is_a_day_old(
    desk: Brokerage,
) -> None:
    def sent(bid: str, hours: int) -> int:
        at = now() - timedelta(hours=hours)
        price = Price("MT5", "EURUSD", "EUR", "USD", Decimal(bid), Decimal(bid), at)
        return quotes.quotes_take(actor=desk.system, prices=[price])

    with desk.scope():
        taken = [sent(*each) for each in (("1.00", 40), ("1.05", 39), ("1.20", 38), ("0.90", 20))]
        row = ConversionQuote.objects.get(source=QuoteSource.SERVER)
        assert (taken, row.mid) == ([1, 1, 0, 0], Decimal("1.05"))
        assert sent("1.20", 10) == 1


def test_the_check_of_the_books_finds_one_without_its_journal_or_otherwise(
    desk: Brokerage,
) -> None:
    rows = [accept(desk, offer(desk)) for _ in range(3)]
    tenant = desk.world.aurora.pk
    with desk.scope():
        assert ledger.verify(tenant).sound
        mine = Conversion.objects
        mine.filter(pk=rows[0].pk).update(give_amount=Decimal("101.00"))
        mine.filter(pk=rows[1].pk).update(client_rate=Decimal("1.01"))
        assert rows[2].journal_id is not None
        journal_reverse(actor=desk.system, key="undo", journal_id=rows[2].journal_id)
        found = sorted((fault.subject, fault.rule) for fault in ledger.verify(tenant).faults)
    otherwise = "a conversion is booked as it was accepted"
    assert found == [
        (rows[0].reference, otherwise),
        (rows[1].reference, otherwise),
        (rows[2].reference, "a conversion has exactly its journals"),
    ]


def test_the_database_keeps_a_clients_rate_below_the_mid(desk: Brokerage) -> None:
    row = offer(desk)
    with desk.scope(), pytest.raises(IntegrityError, match="below_mid"), transaction.atomic():
        Conversion.objects.filter(pk=row.pk).update(client_rate=Decimal("1.0841"))


def test_one_is_offered_on_the_page_accepted_and_offered_afresh(
    desk: Brokerage, browse: Browse
) -> None:
    pavel, url = browse("pavel"), reverse("payments:conversion-new", args=[desk.client.pk])
    tab = reverse("clients:tab", args=[desk.client.pk, "money"])
    assert url in pavel.get(tab).content.decode()
    form = {"amount": "100.00", "currency": "EUR", "to": "USD", "form_key": "k"}
    assert pavel.post(url, form | {"amount": "0"}).status_code == 422
    [page] = {pavel.post(url, form).headers["Location"] for _ in range(2)}
    with desk.scope():
        row = Conversion.objects.get()
    assert "Exchange 100.00 EUR into 107.85 USD" in pavel.get(page).content.decode()
    with time_machine.travel(row.expires_at, tick=True):
        over = pavel.post(reverse("payments:conversion-accept", args=[row.pk]), follow=True)
        assert "This offer is over" in over.content.decode()
        assert wallets(desk) == (1000, 0)
        fresh = pavel.post(reverse("payments:conversion-again", args=[row.pk])).headers["Location"]
        assert fresh != page
        done = pavel.post(f"{fresh}accept/", follow=True).content.decode()
    assert "Exchanged 100.00 EUR into 107.85 USD" in done
    assert "Currency position" in done
    assert wallets(desk) == (900, Decimal("107.85"))
    told = pavel.get(reverse("clients:tab", args=[desk.client.pk, "timeline"])).content.decode()
    assert "Exchanged 100.00 EUR into 107.85 USD" in told
    listed = pavel.get(reverse("payments:conversion-list")).content.decode()
    assert row.reference in listed
    assert browse("sam").get(url).status_code == 403
    assert browse("zoe").get(page).status_code == 404
    assert "107.85" in pavel.get(reverse("payments:position")).content.decode()


def test_rules_quotes_and_spreads_are_set_on_their_page(desk: Brokerage, browse: Browse) -> None:
    petra, setup = browse("petra"), reverse("payments:conversion-setup")
    rules = {
        "active": "on", "quote_age_s_max": "3600", "offer_s": "90", "spread_percent": "0.8",
        "approval_above": "", "tolerance_percent": "0.1",
    }  # fmt: skip
    policy = reverse("payments:conversion-policy")
    assert petra.post(policy, rules | {"offer_s": "1"}).status_code == 422
    assert petra.post(policy, rules).status_code == 302
    spread = {"base": "EUR", "quote": "USD", "kind": "price", "value": "0.0015"}
    assert petra.post(reverse("payments:conversion-spread"), spread).status_code == 302
    quote = {"base": "EUR", "quote": "USD", "mid": "1.0900"}
    assert petra.post(reverse("payments:conversion-quote"), quote).status_code == 302
    page = petra.get(setup).content.decode()
    for words in ("0.0015 USD on each EUR", "1.09", "never asked", "1 hour", "90 seconds"):
        assert words in page
    assert "0.8000" not in page  # nor in the history of the rules
    assert browse("pavel").get(setup).status_code == 403
    with desk.scope():
        assert ConversionPolicy.objects.get().approval_above is None
        assert ConversionPolicy.history.count() == 2
    row = offer(desk, "900.00")
    assert (row.client_rate, accept(desk, row).state) == (Decimal("1.0885"), "booked")
    with desk.scope():
        assert Transfer.objects.count() == 0
