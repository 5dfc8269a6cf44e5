"""A bank's file comes in: what fits is booked once, the rest waits for a person."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from backoffice.audit.models import AuditEntry
from backoffice.core.money import Money
from backoffice.staff.models import Role
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from clients.models import Client
from ledger import chart
from ledger import selectors as ledger
from ledger.chart import client_wallet
from ledger.entries import Line
from ledger.services import post
from payments import books
from payments.methods.services import method_save, terms_in
from payments.models import Deposit, Method
from payments.services.deposits import deposit_create
from payments.services.setup import gateway_connect
from reconciliation import files, intake
from reconciliation.models import Break, Match, StatementFile, StatementLine
from sandbox.bank.camt053 import write_camt053
from sandbox.bank.entries import Account, Entry, Statement
from sandbox.bank.mt940 import write_mt940
from tests.clients.factories import make_active
from tests.world import World

IBAN = "DE89370400440532013000"
DAY = date(2026, 11, 20)
Browse = Callable[[str], Browser]


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@dataclass
class Bank:
    """Aurora's account at a bank, a client, and a pen to write statements with."""

    world: World
    client: Client = field(init=False)
    wire: Method = field(init=False)

    def __post_init__(self) -> None:
        petra = self.world.actor("petra")
        with tenant_scope(self.world.aurora.pk, petra):
            self.client = make_active(self.world.actor("olivia"))
            gateway = gateway_connect(
                actor=petra,
                kind="bank_wire",
                name="House bank",
                base_url="http://127.0.0.1:9",
                merchant_id=IBAN,
                holder="Aurora Markets Ltd",
            )
            values = {"name": "Bank transfer", "gateway": gateway}
            terms = terms_in(["EUR"])
            self.wire = method_save(actor=petra, code="wire", values=values, terms=terms)
            files.account_add(actor=petra, name="Clients EUR", iban=IBAN, currency="EUR")

    def deposit(self, amount: str) -> Deposit:
        with tenant_scope(self.world.aurora.pk, self.world.actor("pavel")):
            return deposit_create(
                actor=self.world.actor("pavel"),
                client=self.client,
                method=self.wire,
                money=eur(amount),
            )

    def again(self, deposit: Deposit) -> Deposit:
        with tenant_scope(self.world.aurora.pk):
            return Deposit.objects.get(tenant=self.world.aurora, pk=deposit.pk)

    def wallet(self) -> Decimal:
        with tenant_scope(self.world.aurora.pk):
            account = ledger.account(
                self.world.aurora.pk, client_wallet(self.client.pk).code, "EUR"
            )
            if account is None:
                return Decimal(0)
            return ledger.balance(self.world.aurora.pk, account).posted.amount

    def lines(self) -> list[str]:
        with tenant_scope(self.world.aurora.pk):
            rows = StatementLine.objects.filter(tenant=self.world.aurora).order_by("id")
            return list(rows.values_list("state", flat=True))

    def kinds(self) -> list[str]:
        with tenant_scope(self.world.aurora.pk):
            rows = Break.objects.filter(tenant=self.world.aurora, closed_at=None).order_by("id")
            return list(rows.values_list("kind", flat=True))


def entry(number: int, amount: str, text: str = "", end_to_end: str = "") -> Entry:
    return Entry(
        reference=f"BANK{number:06d}",
        booked_on=DAY,
        value_date=DAY,
        amount=Decimal(amount),
        end_to_end=end_to_end,
        name="Anna Eriksson",
        iban="FR1420041010050500013M02606",
        text=text,
    )


def statement(*entries: Entry, sequence: int = 1) -> Statement:
    account = Account(IBAN, "EUR", "Aurora Markets", "DEUTDEFF", Decimal(1000))
    return Statement(account, DAY, sequence, Decimal("1000.00"), tuple(entries))


@pytest.fixture
def bank(world: World) -> Iterator[Bank]:
    yield Bank(world)


def upload(browser: Browser, content: bytes, name: str = "camt.xml") -> int:
    file = SimpleUploadedFile(name, content)
    return browser.post(reverse("reconciliation:import"), {"file": file}).status_code


@pytest.mark.parametrize("write", ["camt053", "mt940"])
def test_a_wire_that_names_its_deposit_is_credited_once(
    bank: Bank, browse: Browse, write: str
) -> None:
    deposit = bank.deposit("250.00")
    written = statement(entry(1, "250.00", text=f"Deposit {deposit.reference}"))
    content = (
        write_camt053([written], message_id="M1") if write == "camt053" else write_mt940([written])
    )
    assert upload(browse("pavel"), content) == 302
    assert (bank.again(deposit).paid_amount, bank.wallet()) == (
        Decimal("250.00"),
        Decimal("250.00"),
    )
    assert (bank.lines(), bank.kinds()) == (["matched"], [])
    assert upload(browse("pavel"), content) == 422
    assert bank.wallet() == Decimal("250.00")


def test_the_same_payment_on_another_statement_is_a_break_and_is_not_credited_again(
    bank: Bank, browse: Browse
) -> None:
    deposit = bank.deposit("250.00")
    for sequence in (1, 2):
        line = entry(1, "250.00", text=deposit.reference)
        written = statement(line, sequence=sequence)
        upload(browse("pavel"), write_camt053([written], message_id=f"M{sequence}"))
    assert bank.wallet() == Decimal("250.00")
    assert bank.kinds() == ["duplicate_statement"]


def test_what_does_not_fit_waits_in_the_queue_and_books_nothing(bank: Bank, browse: Browse) -> None:
    written = statement(
        entry(1, "249.00", text="D-2026-999999"),
        entry(2, "77.00", text="from an uncle"),
        entry(3, "-4.50", text="account fee"),
    )
    upload(browse("pavel"), write_camt053([written], message_id="M1"))
    assert bank.kinds() == ["unidentified_receipt", "unidentified_receipt", "missing_in_ledger"]
    assert bank.wallet() == Decimal(0)
    page = browse("pavel").get(reverse("reconciliation:breaks"))
    assert b"from someone unknown" in page.content


def test_the_queue_of_breaks_says_who_paid_to_those_who_may_see_names(
    bank: Bank, browse: Browse
) -> None:
    written = statement(entry(1, "77.00", text="from an uncle"))
    upload(browse("pavel"), write_camt053([written], message_id="M1"))
    with tenant_scope(bank.world.aurora.pk):
        found = Break.objects.select_related("line").get(kind="unidentified_receipt")
    assert found.line is not None
    payer = found.line.counterparty_name
    assert (found.reference[:3], payer) == ("BR-", "Anna Eriksson")
    pavel, page = browse("pavel"), reverse("reconciliation:break", args=[found.pk])
    assert payer in pavel.get(reverse("reconciliation:breaks")).content.decode()
    assert f'<span class="queue-who">{payer}</span>' in pavel.get(page).content.decode()
    with tenant_scope(bank.world.aurora.pk):
        group = Role.objects.get(code="payments").group
    full = group.permissions.get(codename="view_full_data")
    group.permissions.remove(full)
    masked = pavel.get(reverse("reconciliation:breaks")).content.decode()
    side = pavel.get(page).content.decode()
    group.permissions.add(full)
    assert payer not in masked
    assert f'<span class="queue-who">{payer}</span>' not in side


def test_a_files_page_lists_its_lines_with_the_payment_or_the_break(
    bank: Bank, browse: Browse
) -> None:
    deposit = bank.deposit("250.00")
    written = statement(
        entry(1, "250.00", text=f"Deposit {deposit.reference}"),
        entry(2, "77.00", text="from an uncle"),
    )
    upload(browse("pavel"), write_camt053([written], message_id="M1"))
    many = [entry(number, "-4.50", text=f"fee {number}") for number in range(60)]
    upload(browse("pavel"), write_camt053([statement(*many, sequence=2)], message_id="M2"))
    with tenant_scope(bank.world.aurora.pk):
        first, second = StatementFile.objects.order_by("id")
        found = Break.objects.get(kind="unidentified_receipt")
    page = browse("petra").get(reverse("reconciliation:file", args=[first.pk])).content.decode()
    rows = [re.sub(r"<[^>]*>", " ", row).split() for row in page.split("data-row>")[1:]]
    assert len(rows) == 2
    assert "Anna Eriksson Deposit" in " ".join(rows[0])
    assert {"+250.00", deposit.reference, "Matched"} <= {*rows[0]}
    assert {"uncle", "+77.00", found.reference, "Break"} <= {*rows[1]}
    assert f'href="{reverse("payments:deposit", args=[deposit.pk])}"' in page
    assert f'href="{reverse("reconciliation:break", args=[found.pk])}"' in page
    url = reverse("reconciliation:file", args=[second.pk])
    long = browse("petra").get(url).content.decode()
    assert long.count("data-row") == 50
    older = re.search(r'href="([^"]*after=[^"]*)"', long)
    assert older is not None
    rest = browse("petra").get(url + older[1].replace("&amp;", "&")).content.decode()
    assert (rest.count("data-row"), "fee 59" in rest, "uncle" in rest) == (10, True, False)
    broken = browse("petra").get(f"{reverse('reconciliation:file', args=[first.pk])}?state=broken")
    assert broken.content.decode().count("data-row") == 1


def test_a_person_matches_by_hand_and_the_break_closes(bank: Bank, browse: Browse) -> None:
    deposit = bank.deposit("77.00")
    upload(
        browse("pavel"), write_camt053([statement(entry(1, "77.00", text="uncle"))], message_id="M")
    )
    with tenant_scope(bank.world.aurora.pk):
        row = Break.objects.get(tenant=bank.world.aurora)
    url = reverse("reconciliation:break-match", args=[row.pk])
    wrong = browse("pavel").post(url, {"reference": "D-2026-999999", "reason": "guess"})
    assert (wrong.status_code, bank.wallet()) == (422, Decimal(0))
    browse("pavel").post(url, {"reference": deposit.reference, "reason": "the client told us"})
    assert (bank.wallet(), bank.kinds(), bank.lines()) == (Decimal("77.00"), [], ["matched"])
    browse("pavel").post(url, {"reference": deposit.reference, "reason": "again"})
    assert bank.wallet() == Decimal("77.00")
    with tenant_scope(bank.world.aurora.pk):
        assert Match.objects.filter(tenant=bank.world.aurora).count() == 1


def test_what_a_gateway_had_collected_reaches_the_bank_once_and_never_more_than_that(
    bank: Bank, browse: Browse
) -> None:
    world, pavel = bank.world, bank.world.actor("pavel")
    with tenant_scope(world.aurora.pk, world.actor("petra")):
        cashier = gateway_connect(
            actor=world.actor("petra"),
            kind="cashier",
            name="Till",
            base_url="http://127.0.0.1:9",
            merchant_id="aurora",
            secret="a secret of the till",
        )
    with tenant_scope(world.aurora.pk, pavel):
        clearing = books.house(pavel, cashier, "EUR")
        wallet = books.wallet(pavel, bank.client.pk, "EUR")
        post(actor=pavel, key="cards", kind="deposit", lines=[Line(clearing, wallet, eur("100"))])
    upload(browse("pavel"), write_camt053([statement(entry(1, "97.50"))], message_id="M"))
    with tenant_scope(world.aurora.pk):
        row = Break.objects.get(tenant=world.aurora)
    url = reverse("reconciliation:break-settle", args=[row.pk])
    assert b"Till, holds 100.00 EUR" in browse("pavel").get(url[: -len("settle/")]).content
    too_much = browse("pavel").post(url, {"gateway": str(cashier.pk), "cost": "2.51"})
    assert (too_much.status_code, bank.kinds()) == (422, ["unidentified_receipt"])
    for _ in range(2):
        browse("pavel").post(url, {"gateway": str(cashier.pk), "cost": "2.50"})
    with tenant_scope(world.aurora.pk, pavel):
        assert ledger.balance(world.aurora.pk, clearing).posted == eur("0")
        spent = ledger.account(world.aurora.pk, chart.gateway_cost().code, "EUR")
        banked = ledger.account(world.aurora.pk, chart.bank_client(IBAN).code, "EUR")
        assert spent is not None
        assert banked is not None
        assert ledger.balance(world.aurora.pk, spent).posted == eur("2.50")
        assert ledger.balance(world.aurora.pk, banked).posted == eur("97.50")
    assert (bank.kinds(), bank.lines()) == ([], ["matched"])


def test_a_break_closed_by_a_colleague_is_told_and_not_closed_again(
    bank: Bank, browse: Browse
) -> None:
    upload(browse("pavel"), write_camt053([statement(entry(1, "-4.50"))], message_id="M"))
    with tenant_scope(bank.world.aurora.pk):
        row = Break.objects.get(tenant=bank.world.aurora)
    url = reverse("reconciliation:break-close", args=[row.pk])
    browse("pavel").post(url, {"outcome": "A fee of the bank"})
    late = browse("petra").post(url, {"outcome": "Mine"}, follow=True)
    assert b"Someone has closed this break already" in late.content
    with tenant_scope(bank.world.aurora.pk):
        assert Break.objects.get(pk=row.pk).outcome == "A fee of the bank"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", b"empty"),
        (b"<?xml version='1.0'?><Document><cut", b""),
        (b"%PDF-1.7 nothing of a bank", b""),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><Document/>", b""),
    ],
)
def test_a_file_that_is_no_statement_is_kept_and_told(
    bank: Bank, browse: Browse, content: bytes, says: bytes
) -> None:
    pavel = browse("pavel")
    file = SimpleUploadedFile("odd.bin", content)
    page = pavel.post(reverse("reconciliation:import"), {"file": file}, follow=True)
    assert says in page.content
    assert bank.lines() == []
    with tenant_scope(bank.world.aurora.pk):
        kept = list(StatementFile.objects.filter(tenant=bank.world.aurora))
        assert [files.raw_bytes(row) for row in kept] == ([content] if content else [])
        assert all(row.state == "refused" for row in kept)


def test_a_statement_that_came_before_its_account_is_matched_when_the_account_is_added(
    bank: Bank, browse: Browse
) -> None:
    other = Account("GB29NWBK60161331926819", "EUR", "Aurora", "NWBKGB2L", Decimal(1000))
    early = Statement(other, DAY, 1, Decimal("1000.00"), (entry(1, "77.00", text="uncle"),))
    upload(browse("pavel"), write_camt053([early], message_id="M1"))
    assert (bank.lines(), bank.kinds()) == (["open"], [])
    values = {"name": "Other", "iban": "GB29 NWBK 6016 1331 9268 19", "currency": "EUR"}
    page = browse("pavel").post(reverse("reconciliation:accounts"), values, follow=True)
    assert b"1 statement of it was here already" in page.content
    with tenant_scope(bank.world.aurora.pk):
        taken_up = AuditEntry.objects.get(action="reconciliation.file_taken_up")
    assert (taken_up.actor_name, taken_up.subject_label) == ("Pavel", "")  # people name files
    outbox.drain(bank.world.system())
    assert (bank.lines(), bank.kinds()) == (["broken"], ["unidentified_receipt"])


def test_a_large_file_is_read_and_matched_by_a_worker_step_by_step(
    bank: Bank, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "AT_ONCE_BYTES", 1_000)
    monkeypatch.setattr(intake, "CHUNK_LINES", 2)
    deposit = bank.deposit("250.00")
    lines = [entry(number, "5.00", text=f"uncle {number}") for number in range(4)]
    written = statement(entry(9, "250.00", text=deposit.reference), *lines)
    assert upload(browse("pavel"), write_camt053([written], message_id="M1")) == 302
    with tenant_scope(bank.world.aurora.pk):
        file = StatementFile.objects.get()
    page = browse("pavel").get(reverse("reconciliation:file", args=[file.pk])).content.decode()
    assert (file.state, bank.lines(), "being read" in page) == ("received", [], True)
    live = reverse("reconciliation:file-live", args=[file.pk]) + "?state=received"
    assert browse("pavel").get(live).status_code == 204
    outbox.drain(bank.world.system())
    with tenant_scope(bank.world.aurora.pk):
        file.refresh_from_db()
    assert (file.state, file.lines_read, file.matched) == ("done", 5, 1)
    assert (bank.lines(), bank.wallet()) == (["matched", *["broken"] * 4], Decimal("250.00"))
    assert browse("pavel").get(live)["HX-Refresh"] == "true"


def test_what_dies_in_the_middle_of_a_file_goes_on_where_it_was(
    bank: Bank, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "CHUNK_LINES", 2)
    deposit = bank.deposit("250.00")
    lines = [entry(number, "5.00", text=f"uncle {number}") for number in range(4)]
    written = statement(entry(9, "250.00", text=deposit.reference), *lines)
    pavel = bank.world.actor("pavel")
    with tenant_scope(bank.world.aurora.pk, pavel):
        content = write_camt053([written], message_id="M1")
        file = files.file_receive(actor=pavel, name="s.xml", content=content)
        intake.file_leave(file=file)
        for _ in range(2):  # read, and two lines
            file = intake.file_step(actor=pavel, file=file)
    assert bank.lines() == ["matched", "broken", "open", "open", "open"]
    outbox.drain(bank.world.system())
    assert (bank.lines(), bank.wallet()) == (["matched", *["broken"] * 4], Decimal("250.00"))
    assert bank.kinds() == ["unidentified_receipt"] * 4


def test_a_statement_that_does_not_add_up_matches_nothing_by_itself(
    bank: Bank, browse: Browse
) -> None:
    deposit = bank.deposit("250.00")
    good = write_camt053([statement(entry(1, "250.00", text=deposit.reference))], message_id="M1")
    assert b"1250.00" in good
    upload(browse("pavel"), good.replace(b"1250.00", b"1350.00"))
    assert (bank.lines(), bank.wallet()) == (["open"], Decimal(0))
