"""Payouts that go to the bank in payment files: two people, one live file, and its statement."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.urls import reverse
from lxml import etree

from backoffice.core.clock import now, today
from backoffice.core.errors import DomainError, FourEyes, InvalidInput, NotPermitted, StateConflict
from payments import watch
from payments.gateways.bank_wire import pain001
from payments.models import (
    Deposit,
    Destination,
    PaymentFile,
    PaymentFileItem,
    WithdrawalPart,
)
from payments.payment_files import files
from payments.services.destinations import (
    destination_approve,
    destination_change,
    destination_suspend,
)
from payments.services.holds import payment_hold
from payments.services.statements import booked_by_bank
from sandbox.bank.payment_file import take_file
from sandbox.bank.state import Bank
from tests.payments.files import FileShop
from tests.payments.money import Brokerage, eur
from tests.payments.test_write_payment_files import REPORT, refusal
from tests.shared_data import shared_data

DAY = date(2026, 11, 24)


@pytest.fixture
def shop(shop: Brokerage) -> FileShop:
    return FileShop(shop)


@contextmanager
def refuses(error: type[DomainError], says: str) -> Iterator[None]:
    with pytest.raises(error) as refused:
        yield
    assert says in str([refused.value.sentence, *refused.value.fields.values()])


def said(status: str = "", blocks: str = "") -> bytes:
    group = f"<GrpSts>{status}</GrpSts>" if status else ""
    return REPORT.format(group=group, blocks=blocks).encode()


def test_prepared_released_handed_over_and_paid_by_the_statement(shop: FileShop) -> None:
    sepa = shop.approved("100.00")
    target = shop.destination(
        number="0001-2345-6789", bic="CHASUS33", town="New York", label="Dollars"
    )
    swift = shop.approved("50.00", "USD", destination=target)
    assert (shop.state(sepa), shop.state(swift)) == ("approved", "approved")
    assert shop.waits() == [(sepa.reference, ""), (swift.reference, "")]
    row = shop.prepare(sepa, swift)
    assert (row.state, row.payments_count, row.control_sum) == ("prepared", 2, 150)
    assert row.totals == {"EUR": "100.00", "USD": "50.00"}
    assert shop.waits() == []
    row = shop.release(row)
    assert (row.state, row.released_by_ref) == ("released", shop.shop.world.actor("petra").ref)
    assert shop.state(sepa) == "approved"
    row, content = shop.hand_over(row)
    assert (row.state, row.downloads) == ("handed_over", 1)
    assert (shop.state(sepa), shop.state(swift)) == ("submitted", "submitted")
    found = etree.fromstring(content).findall(".//x:EndToEndId", {"x": pain001.NAMESPACE})
    assert [each.text for each in found] == [sepa.reference, swift.reference]
    assert (shop.shop.wallet(), shop.shop.available()) == (1000, 900)
    with shop.shop.scope():
        for _ in range(2):
            booked_by_bank(
                actor=shop.shop.system,
                reference=sepa.reference,
                money=eur("100.00"),
                at=now(),
                bank_ref="S1/1",
            )
    assert (shop.state(sepa), shop.shop.wallet()) == ("paid", 900)
    assert shop.shop.sound()


def test_the_same_bytes_are_given_again_and_counted(shop: FileShop) -> None:
    row = shop.release(shop.prepare(shop.approved()))
    first = shop.hand_over(row)[1]
    row, again = shop.hand_over(row)
    assert (first, row.downloads, row.state) == (again, 2, "handed_over")


def test_who_prepared_it_does_not_release_it(shop: FileShop) -> None:
    withdrawal = shop.approved()
    with shop.shop.scope():
        row = files.file_prepare(
            actor=shop.shop.world.actor("petra"),
            gateway=shop.gateway,
            references=[withdrawal.reference],
            execution_on=files.next_bank_day(today()),
        )
    with pytest.raises(FourEyes):
        shop.release(row, "petra")
    with pytest.raises(NotPermitted):
        shop.release(row, "pavel")  # has not the right to release
    with shop.shop.scope(), pytest.raises(IntegrityError), transaction.atomic():
        PaymentFile.objects.filter(pk=row.pk).update(released_by_ref=row.prepared_by_ref)
    assert shop.file(row).state == "prepared"


def test_nothing_leaves_before_it_is_released(shop: FileShop) -> None:
    withdrawal = shop.approved()
    row = shop.prepare(withdrawal)
    with refuses(StateConflict, "waits for release"):
        shop.hand_over(row)
    assert shop.state(withdrawal) == "approved"


def test_a_payout_is_in_one_live_file_only(shop: FileShop) -> None:
    withdrawal = shop.approved()
    first = shop.prepare(withdrawal)
    with refuses(StateConflict, "waits for no file any more"):
        shop.prepare(withdrawal)
    with shop.shop.scope():
        with pytest.raises(IntegrityError), transaction.atomic():
            PaymentFileItem(
                file=first,
                withdrawal=withdrawal,
                reference=withdrawal.reference,
                amount=Decimal(1),
                currency="EUR",
                is_sepa=True,
            ).save(force_insert=True)
        assert PaymentFile.objects.count() == 1


def test_a_cancelled_file_frees_its_payouts(shop: FileShop) -> None:
    withdrawal = shop.approved()
    first = shop.release(shop.prepare(withdrawal))
    with shop.shop.scope():
        files.file_cancel(actor=shop.shop.actor, file=first, reason="Wrong day")
    shop.shop.work()
    assert (shop.file(first).state, shop.waits()) == ("cancelled", [(withdrawal.reference, "")])
    with refuses(StateConflict, "cancelled"):
        shop.hand_over(first)
    second = shop.handed_over(withdrawal)
    assert (second.state, shop.state(withdrawal)) == ("handed_over", "submitted")
    with shop.shop.scope(), refuses(StateConflict, "what left can't be taken back"):
        files.file_cancel(actor=shop.shop.actor, file=second, reason="Too late")


def test_a_hold_after_the_release_stops_the_file(shop: FileShop) -> None:
    held, other = shop.approved("100.00"), shop.approved("50.00")
    row = shop.release(shop.prepare(held, other))
    with shop.shop.scope():
        payment_hold(actor=shop.shop.world.actor("carla"), payment=held, reason="pattern")
    with refuses(StateConflict, f"{held.reference}: It is held."):
        shop.hand_over(row)
    assert (shop.state(held), shop.state(other)) == ("compliance", "approved")
    assert shop.file(row).downloads == 0


def test_another_holder_since_makes_the_release_stale(shop: FileShop) -> None:
    row = shop.prepare(shop.approved())
    with shop.shop.scope():
        destination_change(
            actor=shop.shop.world.actor("olivia"),
            destination=shop.iban,
            holder="Anna E. Eriksson",
            label="",
        )
        destination_approve(
            actor=shop.shop.world.actor("petra"),
            destination=Destination.objects.get(pk=shop.iban.pk),
        )
    assert shop.release(row).state == "cancelled"


def test_another_holder_after_the_release_stops_the_file(shop: FileShop) -> None:
    withdrawal = shop.approved()
    row = shop.release(shop.prepare(withdrawal))
    with shop.shop.scope():
        Destination.objects.filter(pk=shop.iban.pk).update(holder="Somebody Else")
    with refuses(StateConflict, "changed since it was made"):
        shop.hand_over(row)
    assert shop.state(withdrawal) == "approved"


def test_what_can_not_go_is_shown_with_the_reason(shop: FileShop) -> None:
    target = shop.destination(number="00012345", bic="CHASUS33", label="No town")
    lacking = shop.approved("50.00", "USD", destination=target)
    fine = shop.approved()
    with shop.shop.scope():
        destination_suspend(
            actor=shop.shop.world.actor("petra"), destination=target, reason="doubt"
        )
    assert shop.waits() == [
        (lacking.reference, "Its destination is suspended."),
        (fine.reference, ""),
    ]
    with shop.shop.scope():
        Destination.objects.filter(pk=target.pk).update(state="approved")
    assert shop.waits()[0][1] == "Outside SEPA the holder's town is needed."
    with refuses(InvalidInput, "the holder's town is needed"):
        shop.prepare(lacking)
    with shop.shop.scope():
        assert not PaymentFile.objects.exists()


def test_a_day_on_which_no_bank_works_is_refused(shop: FileShop) -> None:
    withdrawal = shop.approved()
    for days in (4, -4, 60):  # a Saturday, long ago, too far ahead
        with time_machine.travel(DAY), pytest.raises(InvalidInput) as refused:
            shop.prepare(withdrawal, execution_on=DAY + timedelta(days=days))
        assert list(refused.value.fields) == ["execution_on"]


def test_the_bank_takes_all_of_it(shop: FileShop) -> None:
    withdrawal = shop.approved()
    row = shop.handed_over(withdrawal)
    heard = shop.hear(row, said("ACCP"), "pavel")
    assert (heard.report.taken, heard.report.refused, heard.odd) == (1, 0, [])
    assert (shop.file(row).state, shop.state(withdrawal)) == ("acknowledged", "in_progress")
    assert shop.hear(row, said("ACCP"), "pavel").report.pk == heard.report.pk


def test_what_the_bank_refuses_fails_and_its_money_is_free(shop: FileShop) -> None:
    bad, good = shop.approved("100.00"), shop.approved("50.00")
    row = shop.handed_over(bad, good)
    content = said("PART", refusal(bad.reference))
    with refuses(NotPermitted, "someone who may settle unknown outcomes"):
        shop.hear(row, content, "pavel")
    assert shop.state(bad) == "submitted"
    heard = shop.hear(row, content)
    assert (heard.report.taken, heard.report.refused) == (0, 1)
    assert (shop.state(bad), shop.state(good)) == ("failed", "submitted")
    assert shop.shop.outgoing(bad).error == "The bank refused it: AC04 Account closed."
    assert (shop.file(row).state, shop.shop.available()) == ("acknowledged", 950)


def test_a_file_that_is_refused_whole_frees_everything(shop: FileShop) -> None:
    one, two = shop.approved("100.00"), shop.approved("50.00")
    row = shop.handed_over(one, two)
    shop.hear(row, said("RJCT"))
    assert (shop.file(row).state, shop.shop.available()) == ("refused", 1000)
    assert (shop.state(one), shop.state(two)) == ("failed", "failed")


def test_a_refusal_of_what_the_statement_paid_is_for_a_person(shop: FileShop) -> None:
    withdrawal = shop.approved()
    row = shop.handed_over(withdrawal)
    with shop.shop.scope():
        booked_by_bank(
            actor=shop.shop.system,
            reference=withdrawal.reference,
            money=eur("100.00"),
            at=now(),
        )
    heard = shop.hear(row, said("RJCT"))
    assert shop.state(withdrawal) == "paid"
    assert heard.odd == [f"{withdrawal.reference}: It says failed of 100.00 EUR; it is paid."]


def test_what_is_no_report_of_this_file_is_refused(shop: FileShop) -> None:
    withdrawal = shop.approved()
    row = shop.handed_over(withdrawal)
    stranger = said("ACCP").replace(b"PF-2026-000001", b"PF-2020-000009")
    for content, says in (
        (b"not a report", "This is not an XML file."),
        (said(), "It says nothing of any payout."),
        (said("", refusal("W-2026-999999")), "W-2026-999999 is not in this file."),
        (stranger, "It is about PF-2020-000009"),
    ):
        with refuses(InvalidInput, says):
            shop.hear(row, content)
    assert shop.state(withdrawal) == "submitted"


def test_a_part_that_goes_to_the_bank_waits_for_its_file(shop: FileShop) -> None:
    gained = shop.shop.funded("300.00")
    with shop.shop.scope():
        Deposit.objects.filter(pk=gained.pk).update(instrument_hash="")
    shop.shop.rules(source_first=True)
    row = shop.approved("1200.00")
    with shop.shop.scope():
        part = WithdrawalPart.objects.get(withdrawal=row, destination__isnull=False)
    assert (row.state, part.state, part.amount) == ("paying", "planned", 200)
    assert shop.waits() == [(part.reference, "")]
    with shop.shop.scope():
        file = files.file_prepare(
            actor=shop.shop.actor,
            gateway=shop.gateway,
            references=[part.reference],
            execution_on=files.next_bank_day(today()),
        )
    shop.hand_over(shop.release(file))
    with shop.shop.scope():
        part.refresh_from_db()
        assert part.state == "submitted"
        booked_by_bank(
            actor=shop.shop.system, reference=part.reference, money=eur("200.00"), at=now()
        )
    assert (shop.state(row), shop.shop.wallet()) == ("paid", 100)
    assert shop.shop.sound()


def test_an_approved_payout_is_left_a_day_before_people_are_called(shop: FileShop) -> None:
    withdrawal = shop.approved()
    with shop.shop.scope(), time_machine.travel(now() + timedelta(hours=20)):
        assert watch.sweep(shop.shop.system) == 0
    with shop.shop.scope(), time_machine.travel(now() + timedelta(hours=25)):
        assert watch.sweep(shop.shop.system) == 1
    assert shop.shop.queue("withdrawals") == [withdrawal.pk]


def test_the_sandboxs_bank_takes_the_file_and_its_statement_pays(
    shop: FileShop, tmp_path: Path
) -> None:
    bank = Bank(tmp_path / "bank.json")
    iban = shop.shop.our_iban
    bank.account_open({"iban": iban, "currency": "EUR", "opening": "120.00", "owner": "Aurora"})
    target = shop.destination(number="00012345", bic="CHASUS33", town="New York", label="Dollars")
    paid, poor = shop.approved("100.00"), shop.approved("30.00")
    dollars = shop.approved("50.00", "USD", destination=target)
    row, content = shop.hand_over(shop.release(shop.prepare(paid, poor, dollars)))
    report = take_file(bank, content, today())
    schema = shared_data("schemas", "iso20022", "pain.002.001.10.xsd")
    etree.XMLSchema(etree.parse(schema)).assertValid(etree.fromstring(report))
    heard = shop.hear(row, report)
    assert (heard.report.taken, heard.report.refused) == (1, 2)
    assert shop.shop.outgoing(poor).error.startswith("The bank refused it: AM04")
    assert shop.shop.outgoing(dollars).error.startswith("The bank refused it: AM03")
    assert shop.state(paid) == "in_progress"
    [entry] = bank.entries(iban)
    assert (entry.end_to_end, entry.amount) == (paid.reference, Decimal(-100))
    take_file(bank, content, today())
    assert len(bank.entries(iban)) == 1


# The pages

Browse = Callable[[str], Browser]


def test_a_file_is_made_released_and_downloaded_on_its_pages(
    shop: FileShop, browse: Browse
) -> None:
    withdrawal = shop.approved()
    pavel, petra = browse("pavel"), browse("petra")
    page = pavel.get(reverse("payments:file-new")).content.decode()
    assert withdrawal.reference in page
    assert page.count('name="form_key"') == 1
    form = {
        "bank": str(shop.gateway.pk),
        "selected": [withdrawal.reference],
        "execution_on": files.next_bank_day(today()).isoformat(),
        "charges": "SHAR",
    }
    made = pavel.post(reverse("payments:file-new"), form)
    assert made.status_code == 302
    with shop.shop.scope():
        row = PaymentFile.objects.get()
    page = petra.get(made["Location"]).content.decode()
    assert "Nothing leaves before a colleague has released it." in page
    assert "Download for the bank" not in page
    shop.release(row)
    assert "Download for the bank" in pavel.get(made["Location"]).content.decode()
    answer = pavel.post(reverse("payments:file-hand-over", args=[row.pk]))
    assert answer["Content-Disposition"] == f'attachment; filename="{row.reference}.xml"'
    assert answer.content.startswith(b"<?xml")
    page = pavel.get(made["Location"]).content.decode()
    assert "Download again" in page
    assert (
        row.reference in pavel.get(f"{reverse('payments:file-list')}?segment=out").content.decode()
    )
    facts = petra.get(reverse("payments:withdrawal", args=[withdrawal.pk])).content.decode()
    assert row.reference in facts
    assert "Settle with proof" in facts
