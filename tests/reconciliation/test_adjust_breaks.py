"""What a statement says and no payment explains is booked by two people, or not at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.errors import DomainError
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import Approval
from ledger import chart
from ledger import selectors as ledger
from ledger.chart import AccountSpec
from payments.models import GatewayAccount, Withdrawal
from reconciliation import adjusting, adjustments, breaks, matching, writeoffs
from reconciliation.models import Adjustment, Break, Match
from reconciliation.states import AdjustmentKind
from sandbox.bank.camt053 import write_camt053
from tests.compliance import planted
from tests.reconciliation.test_match_statements import IBAN, Bank, entry, statement, upload
from tests.world import World

Browse = Callable[[str], Browser]
K = AdjustmentKind


@dataclass
class Desk(Bank):
    """The bank's statements, and the breaks that a person works on."""

    def broken(self, browse: Browse, amount: str, text: str = "", number: int = 1) -> Break:
        written = statement(entry(number, amount, text=text), sequence=number)
        upload(browse("pavel"), write_camt053([written], message_id=f"M{number}"))
        with tenant_scope(self.world.aurora.pk):
            return Break.objects.latest("id")

    def balance(self, spec: AccountSpec) -> Decimal:
        with tenant_scope(self.world.aurora.pk):
            account = ledger.account(self.world.aurora.pk, spec.code, "EUR")
            if account is None:
                return Decimal(0)
            return ledger.balance(self.world.aurora.pk, account).posted.amount

    def bank(self) -> Decimal:
        return self.balance(chart.bank_client(IBAN))

    def again_break(self, row: Break) -> Break:
        with tenant_scope(self.world.aurora.pk):
            return Break.objects.get(pk=row.pk)

    def sound(self) -> bool:
        with tenant_scope(self.world.aurora.pk):
            return ledger.verify(self.world.aurora.pk).faults == []


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    yield Desk(world)


def propose(browser: Browser, row: Break, kind: str, reason: str = "the bank's advice") -> int:
    url = reverse("reconciliation:break-adjust", args=[row.pk])
    return browser.post(url, {"kind": kind, "reason": reason}).status_code


def decide(browser: Browser, desk: Desk, decision: str = "approve") -> int:
    with tenant_scope(desk.world.aurora.pk):
        approval = Approval.objects.get(kind="reconciliation.adjustment", state="pending")
    url = reverse("portal:approval-decide", args=[approval.pk])
    return browser.post(url, {"decision": decision, "reason": "looked at"}).status_code


def test_a_charge_of_the_bank_is_booked_when_a_second_person_approves(
    desk: Desk, browse: Browse
) -> None:
    row = desk.broken(browse, "-4.50", "account fee")
    page = browse("pavel").get(reverse("reconciliation:break", args=[row.pk])).content.decode()
    assert "A charge of the bank (debit Charges of banks)" in page
    assert propose(browse("pavel"), row, "bank_charge") == 302
    assert (desk.again_break(row).state, desk.bank(), desk.kinds()) == (
        "proposed",
        Decimal(0),
        ["missing_in_ledger"],
    )
    decide(browse("pavel"), desk)  # who proposed it
    assert (desk.again_break(row).state, desk.bank()) == ("proposed", Decimal(0))
    decide(browse("petra"), desk)
    done = desk.again_break(row)
    assert (done.state, desk.bank(), desk.lines()) == ("resolved", Decimal("-4.50"), ["matched"])
    assert desk.balance(chart.bank_cost()) == Decimal("4.50")
    with tenant_scope(desk.world.aurora.pk):
        journal = ledger.journal(desk.world.aurora.pk, done.journal_id)  # type: ignore[arg-type]
    assert journal is not None
    assert (journal.journal.business_ref, journal.journal.approved_by) == (
        row.reference,
        desk.world.actor("petra").ref,
    )
    page = browse("petra").get(reverse("reconciliation:break", args=[row.pk])).content.decode()
    assert "Charges of banks" in page
    assert desk.sound()


def test_a_refused_adjustment_books_nothing_and_the_break_goes_on(
    desk: Desk, browse: Browse
) -> None:
    row = desk.broken(browse, "-4.50")
    propose(browse("pavel"), row, "own_transfer")
    decide(browse("petra"), desk, "refuse")
    assert (desk.again_break(row).state, desk.bank()) == ("investigating", Decimal(0))
    assert propose(browse("pavel"), row, "bank_charge") == 302
    decide(browse("petra"), desk)
    assert desk.balance(chart.in_transit_bank()) == 0
    assert desk.balance(chart.bank_cost()) == Decimal("4.50")
    assert desk.sound()


def test_while_an_adjustment_waits_nothing_else_ends_the_break(desk: Desk, browse: Browse) -> None:
    deposit = desk.deposit("77.00")
    row = desk.broken(browse, "77.00", "from an uncle")
    assert propose(browse("pavel"), row, "unallocated") == 302
    pavel = desk.world.actor("pavel")
    with tenant_scope(desk.world.aurora.pk, pavel):
        again = Break.objects.select_related("line").get(pk=row.pk)
        assert again.line is not None
        for attempt in (
            lambda: breaks.break_take(actor=pavel, row=again),
            lambda: writeoffs.difference_accept(actor=pavel, row=again, outcome="so be it"),
            lambda: matching.line_match_by_hand(
                actor=pavel, line=again.line, reference=deposit.reference, reason="told us"
            ),
            lambda: adjustments.adjustment_propose(
                actor=pavel, row=again, kind="interest", reason="or that"
            ),
        ):
            with pytest.raises(DomainError, match="waits for approval"):
                attempt()
    assert (desk.wallet(), desk.again(deposit).state) == (Decimal(0), "pending")


def test_money_from_someone_unknown_is_unallocated_until_its_deposit_is_known(
    desk: Desk, browse: Browse
) -> None:
    row = desk.broken(browse, "500.00", "from an uncle")
    propose(browse("pavel"), row, "unallocated", "nobody answers")
    decide(browse("petra"), desk)
    assert desk.balance(chart.unallocated()) == Decimal("500.00")
    url = reverse("reconciliation:break-identify", args=[row.pk])
    wrong = browse("pavel").post(url, {"reference": "D-2026-999999", "reason": "guess"})
    assert (wrong.status_code, desk.balance(chart.unallocated())) == (422, Decimal("500.00"))
    deposit = desk.deposit("500.00")
    for _ in range(2):
        browse("pavel").post(url, {"reference": deposit.reference, "reason": "the client called"})
    assert (desk.wallet(), desk.bank(), desk.balance(chart.unallocated())) == (
        Decimal("500.00"),
        Decimal("500.00"),
        Decimal(0),
    )
    with tenant_scope(desk.world.aurora.pk):
        assert Adjustment.objects.get().state == "taken_back"
        matches = list(Match.objects.order_by("id").values_list("subject_label", "standing"))
    assert matches == [
        (row.reference, False),
        (row.reference, False),
        (deposit.reference, True),
    ]
    assert desk.sound()


def test_money_that_was_sent_back_cant_be_given_to_a_deposit(desk: Desk, browse: Browse) -> None:
    row = desk.broken(browse, "500.00")
    propose(browse("pavel"), row, "unallocated")
    decide(browse("petra"), desk)
    back = desk.broken(browse, "-500.00", "return", number=2)
    propose(browse("pavel"), back, "sent_back")
    decide(browse("petra"), desk)
    assert (desk.bank(), desk.balance(chart.unallocated())) == (Decimal(0), Decimal(0))
    deposit = desk.deposit("500.00")
    url = reverse("reconciliation:break-identify", args=[row.pk])
    late = browse("pavel").post(url, {"reference": deposit.reference, "reason": "the client"})
    assert (late.status_code, desk.wallet(), desk.again(deposit).paid_amount) == (
        422,
        Decimal(0),
        None,
    )
    assert desk.sound()


def test_a_wire_that_arrives_short_is_put_before_a_person_as_the_deposit_that_it_is(
    desk: Desk, browse: Browse
) -> None:
    deposit = desk.deposit("250.00")
    written = statement(entry(1, "235.00", text=deposit.reference))
    upload(browse("pavel"), write_camt053([written], message_id="M1"))
    arrived = desk.again(deposit)
    assert (arrived.state, arrived.paid_amount) == ("amount_mismatch", Decimal("235.00"))
    assert (desk.wallet(), desk.balance(chart.unallocated())) == (Decimal(0), Decimal("235.00"))
    assert (desk.lines(), desk.kinds()) == (["matched"], [])
    with tenant_scope(desk.world.aurora.pk):
        match = Match.objects.get()
    assert (match.rung, match.subject_label) == (2, deposit.reference)
    assert "235.00 EUR arrived" in match.explanation
    assert desk.sound()


def test_a_line_on_another_account_than_the_payments_is_not_booked(
    desk: Desk, browse: Browse
) -> None:
    deposit = desk.deposit("250.00")
    with tenant_scope(desk.world.aurora.pk):
        GatewayAccount.objects.update(merchant_id="GB29NWBK60161331926819")
    row = desk.broken(browse, "250.00", deposit.reference)
    assert (row.kind, desk.wallet(), desk.lines()) == ("account_diff", Decimal(0), ["broken"])
    url = reverse("reconciliation:break-match", args=[row.pk])
    by_hand = browse("pavel").post(url, {"reference": deposit.reference, "reason": "it is"})
    assert (by_hand.status_code, desk.wallet()) == (422, Decimal(0))


@pytest.mark.parametrize(
    ("amount", "client_money", "payout", "kinds"),
    [
        ("10", True, None, [K.UNALLOCATED, K.INTEREST, K.OWN_TRANSFER, K.OWN_FUNDS]),
        ("10", False, None, [K.INTEREST, K.OWN_TRANSFER, K.OWN_FUNDS]),
        ("-10", True, None, [K.BANK_CHARGE, K.SENT_BACK, K.OWN_TRANSFER, K.OWN_FUNDS]),
        ("-10", False, None, [K.BANK_CHARGE, K.OWN_TRANSFER, K.OWN_FUNDS]),
        (
            "-10",
            True,
            "-9",
            [K.CHARGE_ON_PAYOUT, K.BANK_CHARGE, K.SENT_BACK, K.OWN_TRANSFER, K.OWN_FUNDS],
        ),
        ("-10", True, "-11", [K.BANK_CHARGE, K.SENT_BACK, K.OWN_TRANSFER, K.OWN_FUNDS]),
    ],
)
def test_what_a_line_can_be_follows_from_its_side_and_whose_money_the_account_holds(
    amount: str, client_money: bool, payout: str | None, kinds: list[AdjustmentKind]
) -> None:
    bank = chart.bank_client(IBAN)
    found = adjusting.proposals(
        Decimal(amount),
        bank,
        holds_client_money=client_money,
        payout=Decimal(payout) if payout else None,
    )
    assert list(found) == kinds
    for kind, proposed in found.items():
        assert bank.code in (proposed.debit.code, proposed.credit.code)
        assert proposed.amount == (1 if kind is K.CHARGE_ON_PAYOUT else 10)
        came_in = proposed.debit == bank
        assert came_in == (Decimal(amount) > 0)


def test_a_payout_and_the_banks_charge_on_it_leave_in_one_line(desk: Desk, browse: Browse) -> None:
    """The payout is proved by the line, and what the bank took more of it is our cost."""
    with tenant_scope(desk.world.aurora.pk):
        made = planted.withdrawal(desk.client, "100.00", desk.deposit("1.00").created_at)
        gateway = desk.wire.gateway
        Withdrawal.objects.filter(pk=made.pk).update(gateway=gateway, reference="W-2026-900001")
    row = desk.broken(browse, "-112.50", "Re W-2026-900001")
    assert row.kind == "amount_diff"
    propose(browse("pavel"), row, "charge_on_payout")
    decide(browse("petra"), desk)
    assert desk.balance(chart.bank_cost()) == Decimal("12.50")
    assert desk.bank() == Decimal("-12.50")  # the planted payout itself has no journal
    with tenant_scope(desk.world.aurora.pk):
        assert Match.objects.get().subject_label == "W-2026-900001"
    assert desk.again_break(row).state == "resolved"
