"""A difference that is accepted is money: booked within a limit, by two above it, never beyond."""

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.errors import DomainError, FourEyes, InvalidInput, StateConflict
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.approvals import approval_vote
from backoffice.workflow.models import Approval
from ledger import chart
from ledger import selectors as ledger
from payments.models import Withdrawal
from reconciliation import differing, trading_plane, writeoffs
from reconciliation.breaks import break_open
from reconciliation.models import Adjustment, Break
from tests.compliance import planted
from tests.reconciliation.test_adjust_breaks import Desk
from tests.reconciliation.test_match_statements import IBAN
from tests.trading.house import House, house_of
from tests.world import World, load_world
from trading.models import SyncKind
from trading.sync.readings import read

Browse = Callable[[str], Browser]


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    yield Desk(world)


def accept(browser: Browser, row: Break, outcome: str = "Too little to look for") -> str:
    url = reverse("reconciliation:break-accept", args=[row.pk])
    return browser.post(url, {"outcome": outcome}, follow=True).content.decode()


def decide(browser: Browser, desk: Desk, decision: str = "approve") -> None:
    with tenant_scope(desk.world.aurora.pk):
        approval = Approval.objects.get(state="pending")
    url = reverse("portal:approval-decide", args=[approval.pk])
    browser.post(url, {"decision": decision, "reason": "looked at"})


def written_off(desk: Desk) -> Decimal:
    return desk.balance(chart.written_off())


def test_within_the_limit_one_persons_word_books_it(desk: Desk, browse: Browse) -> None:
    row = desk.broken(browse, "-0.03", "rounding")
    page = browse("pavel").get(reverse("reconciliation:break", args=[row.pk])).content.decode()
    assert "5.00 EUR on your own word, 500.00 EUR with a colleague, above that never" in page
    assert "debit Differences written off, credit Client bank account" in page
    assert "is written off" in accept(browse("pavel"), row)
    done = desk.again_break(row)
    assert (done.state, desk.bank(), written_off(desk)) == (
        "accepted",
        Decimal("-0.03"),
        Decimal("0.03"),
    )
    assert desk.lines() == ["matched"]
    with tenant_scope(desk.world.aurora.pk):
        journal = ledger.journal(desk.world.aurora.pk, done.journal_id)  # type: ignore[arg-type]
        assert journal is not None
        assert journal.journal.actor_ref == desk.world.actor("pavel").ref
        assert journal.journal.business_ref == row.reference
        assert Adjustment.objects.get().state == "booked"
    assert "Someone has closed this break already" in accept(browse("petra"), row)
    assert (written_off(desk), desk.sound()) == (Decimal("0.03"), True)


def test_above_the_limit_a_second_person_books_it(desk: Desk, browse: Browse) -> None:
    row = desk.broken(browse, "-40.00")
    assert "waits for a colleague" in accept(browse("pavel"), row)
    assert (desk.again_break(row).state, written_off(desk)) == ("proposed", Decimal(0))
    decide(browse("pavel"), desk)  # who proposed it
    assert written_off(desk) == 0
    decide(browse("petra"), desk)
    done = desk.again_break(row)
    assert (done.state, written_off(desk)) == ("accepted", Decimal("40.00"))
    with tenant_scope(desk.world.aurora.pk):
        journal = ledger.journal(desk.world.aurora.pk, done.journal_id)  # type: ignore[arg-type]
        assert journal is not None
        assert journal.journal.approved_by == desk.world.actor("petra").ref
    assert desk.sound()


def test_a_refused_write_off_books_nothing_and_the_break_goes_on(
    desk: Desk, browse: Browse
) -> None:
    row = desk.broken(browse, "-40.00")
    accept(browse("pavel"), row)
    decide(browse("petra"), desk, "refuse")
    assert (desk.again_break(row).state, written_off(desk)) == ("investigating", Decimal(0))
    assert desk.lines() == ["broken"]
    assert desk.sound()


@pytest.mark.parametrize(
    ("amount", "says"),
    [
        ("-500.01", "500.01 EUR is more than 500.00 EUR: that is never written off"),
        ("0.02", "Money from someone unknown stays client money"),
    ],
)
def test_what_is_never_written_off_is_refused_and_books_nothing(
    desk: Desk, browse: Browse, amount: str, says: str
) -> None:
    row = desk.broken(browse, amount)
    assert (
        says in browse("pavel").get(reverse("reconciliation:break", args=[row.pk])).content.decode()
    )
    assert says in accept(browse("pavel"), row)
    assert (desk.again_break(row).state, desk.bank(), desk.lines()) == (
        "open",
        Decimal(0),
        ["broken"],
    )
    with tenant_scope(desk.world.aurora.pk):
        assert Adjustment.objects.count() == 0


def test_a_payout_of_which_a_little_more_left_is_settled_as_it_was(
    desk: Desk, browse: Browse
) -> None:
    with tenant_scope(desk.world.aurora.pk):
        made = planted.withdrawal(desk.client, "100.00", desk.deposit("1.00").created_at)
        Withdrawal.objects.filter(pk=made.pk).update(
            gateway=desk.wire.gateway, reference="W-2026-900001"
        )
    row = desk.broken(browse, "-100.04", "Re W-2026-900001")
    assert row.kind == "amount_diff"
    assert "is written off" in accept(browse("pavel"), row)
    # The planted payout itself has no journal: what is booked is the difference alone.
    assert (written_off(desk), desk.bank()) == (Decimal("0.04"), Decimal("-0.04"))
    assert (desk.lines(), desk.again_break(row).state) == (["matched"], "accepted")


def test_without_a_rate_or_anything_in_money_nothing_is_written_off(desk: Desk) -> None:
    pavel = desk.world.actor("pavel")
    with tenant_scope(desk.world.aurora.pk, pavel):
        row = break_open(
            actor=pavel,
            kind="mt_missing_deal",
            amount=Decimal(1),
            currency="EUR",
            explanation="tests",
        )
        with pytest.raises(InvalidInput, match="no difference in money"):
            writeoffs.difference_accept(actor=pavel, row=row, outcome="so be it")
        with pytest.raises(InvalidInput, match="Say why"):
            writeoffs.difference_accept(actor=pavel, row=row, outcome=" ")


@pytest.mark.parametrize(
    ("amount", "payout", "beyond", "bank_is_debited"),
    [
        ("-0.03", None, "-0.03", False),
        ("-100.04", "-100.00", "-0.04", False),
        ("-99.98", "-100.00", "0.02", True),
    ],
)
def test_the_side_follows_from_what_the_line_has_beyond_the_books(
    amount: str, payout: str | None, beyond: str, bank_is_debited: bool
) -> None:
    bank = chart.bank_client(IBAN)

    def eur(text: str) -> Money:
        return Money(Decimal(text), "EUR")

    found = differing.of_line(
        eur(amount), bank, holds_client_money=True, payout=eur(payout) if payout else None
    )
    assert (found.amount, found.why_not) == (eur(beyond), "")
    assert (found.debit == bank) == bank_is_debited
    mirror = chart.mt_mirror("c", "s", 1)
    assert differing.Difference(eur("0.01"), mirror).credit == mirror  # the server owes them more


# Limits


def propose_limits(browser: Browser, desk: Desk, role: str, limit: str) -> str:
    url = reverse("reconciliation:write-offs")
    page = browser.get(url).content.decode()
    before = page[: page.index(f"{role}, on their own word")]
    name = f"role_{before.count(', on their own word')}"
    data = {"alone_max": "1.00", "top_max": "80.00", name: limit}
    return browser.post(url, data, follow=True).content.decode()


def test_limits_are_set_by_two_and_hold_by_role(desk: Desk, browse: Browse) -> None:
    assert browse("pavel").get(reverse("reconciliation:write-offs")).status_code == 403
    assert "between zero and the top limit" in propose_limits(
        browse("petra"), desk, "Payments specialist", "80.01"
    )
    assert "wait for a second person" in propose_limits(
        browse("petra"), desk, "Payments specialist", "50"
    )
    petra, olivia, pavel = (desk.world.actor(name) for name in ("petra", "olivia", "pavel"))
    with tenant_scope(desk.world.aurora.pk, petra):
        approval = Approval.objects.get(state="pending")
        with pytest.raises(FourEyes):
            approval_vote(actor=petra, approval=approval, approves=True)
        with pytest.raises(StateConflict, match="waits already"):
            writeoffs.limits_propose(
                actor=petra, alone_max=Decimal(1), top_max=Decimal(2), roles={}
            )
        assert writeoffs.limits_of(petra).alone.amount == 5
    with tenant_scope(desk.world.aurora.pk, olivia):
        approval_vote(actor=olivia, approval=approval, approves=True)
        alone = [str(writeoffs.limits_of(actor).alone) for actor in (pavel, petra)]
        assert (alone, str(writeoffs.limits_of(pavel).top)) == (
            ["50.00 EUR", "1.00 EUR"],
            "80.00 EUR",
        )
    page = browse("petra").get(reverse("reconciliation:write-offs")).content.decode()
    assert "Set the limits of write-offs: alone 1.00" in page
    row = desk.broken(browse, "-40.00")
    accept(browse("pavel"), row)
    assert (desk.again_break(row).state, written_off(desk)) == ("accepted", Decimal("40.00"))


# At once


@pytest.mark.usefixtures("committed")
def test_two_who_accept_at_once_write_it_off_once(client: Browser) -> None:
    desk = Desk(load_world())

    def browse(name: str) -> Browser:
        browser = Browser()
        browser.force_login(desk.world.user(name))
        return browser

    row = desk.broken(browse, "-0.03")
    start, found = threading.Barrier(2), []

    def run(name: str) -> None:
        actor = desk.world.actor(name)
        try:
            start.wait()
            with tenant_scope(actor.tenant_id, actor):
                writeoffs.difference_accept(actor=actor, row=row, outcome="rounding")
            found.append("booked")
        except DomainError as refusal:
            found.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[name]) for name in ("pavel", "petra")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["booked", "break-closed"]
    assert (written_off(desk), desk.sound()) == (Decimal("0.03"), True)


# Trading accounts


@pytest.fixture
def house(world: World) -> Iterator[House]:
    with house_of(world) as running:
        running.setup()
        yield running


def test_a_cent_that_the_server_has_beyond_the_books_is_written_off_onto_the_mirror(
    house: House,
) -> None:
    account = house.open()
    house.book(account.login, 3, comment="rounding of the server")
    for kind in (SyncKind.ACCOUNTS, SyncKind.DEALS):
        read(house.system, house.server, kind)
    pavel = house.world.actor("pavel")
    with house.scope():
        trading_plane.balances_check(actor=house.system)
        row = Break.objects.get(closed_at=None)
    with tenant_scope(pavel.tenant_id, pavel):
        offered = writeoffs.offer(pavel, row)
        assert offered is not None
        if offered.why_not:  # an account in a currency without a rate
            pytest.fail(offered.why_not)
        assert writeoffs.difference_accept(actor=pavel, row=row, outcome="rounding") is None
        assert trading_plane.differences(pavel) == []
        assert Break.objects.get(pk=row.pk).state == "accepted"
        assert ledger.verify(pavel.tenant_id).faults == []
