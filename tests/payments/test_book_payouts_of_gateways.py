"""A bank's line that names a payout of a gateway's report is booked by itself, once."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from backoffice.core.clock import today
from payments.services.settlements import settlement_book
from reconciliation.breaks import break_take
from reconciliation.files import account_add
from reconciliation.intake import file_take
from reconciliation.models import Break, Match, StatementLine
from reconciliation.rules import LineFacts, Payout, payout_named
from reconciliation.settlements.reports import gateway_match
from sandbox.bank.camt053 import write_camt053
from sandbox.bank.entries import Account, Entry, Statement
from sandbox.gateway.settlement import Movement
from tests.payments.money import MERCHANT, Brokerage, eur
from tests.payments.test_match_reports import Browse, Desk

PAYOUT = "set_0123456789"


@pytest.fixture
def desk(shop: Brokerage, browse: Browse) -> Desk:
    with shop.scope():
        account_add(
            actor=shop.world.actor("pavel"), name="Clients", iban=shop.our_iban, currency="EUR"
        )
    return Desk(shop, browse)


def _settled(desk: Desk, amount: str = "100.00") -> Movement:
    """What the cashier took is settled, and its report is in."""
    desk.shop.funded(amount)
    (paid,) = desk.shop.cashier.settle(MERCHANT)
    desk.take(desk.rows())
    return paid


def _statement(desk: Desk, *lines: tuple[str, str], days_ago: int = 0, name: str = "M1") -> None:
    """A statement of (amount, text) for each of its lines."""
    day = today() - timedelta(days=days_ago)
    entries = tuple(
        Entry(
            reference=f"BANK{number}", booked_on=day, value_date=day, amount=Decimal(amount),
            end_to_end="", name="Hosted cashier", iban="FR1420041010050500013M02606", text=text,
        )
        for number, (amount, text) in enumerate(lines)
    )  # fmt: skip
    account = Account(desk.shop.our_iban, "EUR", "Aurora", "DEUTDEFF", Decimal(1000))
    written = Statement(account, day, 1, Decimal(1000), entries)
    with desk.shop.scope():
        file_take(
            actor=desk.shop.world.actor("pavel"),
            name=f"{name}.xml",
            content=write_camt053([written], message_id=name),
        )


def test_a_payout_that_the_line_names_is_booked_and_says_why(desk: Desk) -> None:
    paid = _settled(desk)
    _statement(desk, ("97.75", f"PAYOUT {paid.settlement} thank you"))
    with desk.shop.scope():
        [match] = Match.objects.all()
        [line] = StatementLine.objects.all()
    assert (line.state, match.rung, match.rule) == ("matched", 3, "exact-3")
    assert match.explanation == (
        f"Payout {paid.settlement} of Cashier: its report has this amount; named in its text."
    )
    assert (desk.shop.clearing(), desk.breaks()) == (Decimal("2.25"), [])
    with desk.shop.scope():  # as every night: the report's own line finds the booking
        gateway_match(actor=desk.shop.system, gateway=desk.shop.gateway)
    assert len(desk.rungs()) == 2
    assert desk.shop.sound()


def test_it_is_booked_once_however_often_a_bank_names_it(desk: Desk) -> None:
    paid = _settled(desk)
    desk.shop.funded("500.00")  # the cashier holds enough for a second one
    named = ("97.75", paid.settlement)
    _statement(desk, named, named)
    _statement(desk, named, name="M2")
    desk.shop.work()
    _statement(desk, named, name="M3")
    with desk.shop.scope():
        assert Match.objects.count() == 1
    assert desk.breaks() == ["unidentified_receipt"] * 3
    assert desk.shop.clearing() == Decimal("502.25")


def test_a_line_that_came_before_the_report_is_booked_when_the_report_names_it(desk: Desk) -> None:
    desk.shop.funded("100.00")
    (paid,) = desk.shop.cashier.settle(MERCHANT)
    _statement(desk, ("97.75", f"PAYOUT {paid.settlement}"), ("97.75", "something else"))
    assert desk.breaks() == ["unidentified_receipt"] * 2
    desk.take(desk.rows())
    with desk.shop.scope():
        [match] = Match.objects.all()
        ended = Break.objects.get(closed_at__isnull=False)
    assert (match.line_id, ended.state) == (ended.line_id, "resolved")
    assert ended.outcome.startswith("The gateway's report, which came after the line")
    assert desk.breaks() == ["unidentified_receipt"]
    assert desk.shop.clearing() == Decimal("2.25")
    assert len(desk.rungs()) == 2  # its own line of the report found the booking at once
    assert desk.shop.sound()


def test_a_break_that_someone_works_on_is_left_to_them(desk: Desk) -> None:
    desk.shop.funded("100.00")
    (paid,) = desk.shop.cashier.settle(MERCHANT)
    _statement(desk, ("97.75", f"PAYOUT {paid.settlement}"))
    with desk.shop.scope():
        break_take(actor=desk.shop.world.actor("pavel"), row=Break.objects.get())
    desk.take(desk.rows())
    with desk.shop.scope():
        assert Match.objects.count() == 0
    assert "unidentified_receipt" in desk.breaks()
    assert desk.shop.clearing() == Decimal("100.00")


@pytest.mark.parametrize(
    ("amount", "text", "days_ago"),
    [
        ("97.74", "{name}", 0),
        ("97.75", "no name at all", 0),
        ("97.75", "{name}9", 0),
        ("97.75", "{name}", 10),
    ],
)
def test_what_does_not_agree_exactly_is_left_to_people(
    desk: Desk, amount: str, text: str, days_ago: int
) -> None:
    paid = _settled(desk)
    _statement(desk, (amount, text.format(name=paid.settlement)), days_ago=days_ago)
    assert desk.breaks() == ["unidentified_receipt"]
    assert desk.shop.clearing() == Decimal("100.00")


def test_more_than_the_books_hold_at_the_gateway_is_left_to_people(desk: Desk) -> None:
    paid = _settled(desk)
    with desk.shop.scope():
        settlement_book(
            actor=desk.shop.actor, gateway_id=desk.shop.gateway.pk, key="earlier",
            iban=desk.shop.our_iban, money=eur("50.00"), cost=eur("0.00"),
        )  # fmt: skip
    _statement(desk, ("97.75", paid.settlement))
    assert desk.breaks() == ["unidentified_receipt"]
    assert desk.shop.clearing() == Decimal("50.00")


def _payout(*names: str) -> Payout:
    return Payout(uuid4(), uuid4(), "Cashier", names)


@pytest.mark.parametrize(
    ("field", "text", "rung"),
    [
        (PAYOUT, "", 1),
        (PAYOUT.upper(), "", 1),
        ("", f"payout {PAYOUT}.", 3),
        ("", f"payout x{PAYOUT}", None),
        ("", f"payout {PAYOUT}-2", None),
        (f"{PAYOUT} and more", "", None),
        ("", "", None),
    ],
)
def test_a_payout_is_named_word_for_word(field: str, text: str, rung: int | None) -> None:
    line = LineFacts(Decimal(10), "EUR", "", [field], text)
    found = payout_named(line, [_payout(PAYOUT)])
    assert (found[2] if found else None) == rung
    assert payout_named(line, [_payout(PAYOUT), _payout(PAYOUT)]) is None


def test_a_short_name_proves_nothing() -> None:
    line = LineFacts(Decimal(10), "EUR", "", ["12345"], "12345")
    assert payout_named(line, [_payout("12345")]) is None
