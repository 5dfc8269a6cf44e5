"""Objects of reconciliation, of reports and of partners, for the walk over addresses."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from backoffice.core.clock import now
from backoffice.core.ids import uuid7
from ib.models import Partner
from ib.services import accrual_run, agreement_create, payout_propose
from payments.services.setup import gateway_connect
from reconciliation.breaks import break_open
from reconciliation.files import account_add, file_receive
from reconciliation.intake import file_take
from reconciliation.models import Adjustment, Break, Pickup, SettlementCost, SettlementReport
from reporting.models import BusinessDay, ClientMoneyReport, DayFile, ReportFile
from tests.clients.factories import make_lead
from tests.ib.factories import Market, attribute, make_agreement, make_partner, rates
from tests.world import World

Arguments = Mapping[str, Any]


def statement_file(world: World) -> Arguments:
    file = file_receive(actor=world.actor("adam"), name="odd.txt", content=b"no statement")
    Pickup.objects.create(name="odd.txt", state=Pickup.State.FAILED, file=file)
    return {"pk": file.pk}


def csv_file(world: World) -> Arguments:
    content = b"Date,Amount\n2026-03-02,10.00\n"
    file = file_take(actor=world.actor("adam"), name="odd.csv", content=content)
    return {"pk": file.pk}


def break_(world: World) -> Arguments:
    row = break_open(
        actor=world.actor("adam"),
        kind="mt_balance_diff",
        amount=Decimal(1),
        currency="EUR",
        explanation="tests",
        subject_id=uuid7(),
    )
    return {"pk": row.pk}


def bank_adjustment(world: World) -> Arguments:
    row = Break.objects.get(pk=break_(world)["pk"])
    made = Adjustment.objects.create(
        tenant_id=row.tenant_id,
        of_break=row,
        kind="bank_charge",
        debit="bank:cost",
        credit="bank:own:DE1",
        amount=Decimal(1),
        currency="EUR",
        reason="tests",
    )
    return {"pk": made.pk}


def settlement_report(world: World) -> Arguments:
    gateway = gateway_connect(
        actor=world.actor("adam"),
        kind="cashier",
        name=f"Cashier {uuid7()}",
        base_url="http://127.0.0.1:1",
        merchant_id="aurora",
        secret="a secret of a test",
    )
    report = SettlementReport.objects.create(
        reference=f"SR-{uuid7()}"[:20],
        gateway=gateway,
        name="report.csv",
        sha256=uuid7().hex,
        size=1,
        received_by="tests",
    )
    return {"pk": report.pk}


def settlement_cost(world: World) -> Arguments:
    report = settlement_report(world)["pk"]
    cost = SettlementCost.objects.create(report_id=report, currency="EUR", amount=1)
    return {"pk": cost.pk}


def signed_account(world: World) -> Arguments:
    account = account_add(
        actor=world.system(), name="Bank", iban="DE89370400440532013000", currency="EUR"
    )
    return {"day": "2026-06-16", "pk": account.pk, "currency": "EUR"}


def client_money_report(world: World) -> Arguments:
    report = ClientMoneyReport.objects.create(
        reference="CM-1", day=now().date(), ends_at=now(), prepared_by_ref="system:x"
    )
    return {"pk": report.pk}


def report_file(world: World) -> Arguments:
    report = client_money_report(world)["pk"]
    file = ReportFile.objects.create(report_id=report, kind="workbook", name="x.xlsx", size=1)
    return {"pk": file.pk}


def business_day(world: World) -> Arguments:
    day = BusinessDay.objects.create(day=now().date(), first_day=now().date(), ends_at=now())
    return {"pk": day.pk}


def day_file(world: World) -> Arguments:
    day = business_day(world)["pk"]
    return {"pk": DayFile.objects.create(day_id=day, kind="totals", name="x.csv", size=1).pk}


def partner(world: World) -> Arguments:
    return {"pk": make_partner(world.actor("adam")).pk}


def agreement(world: World) -> Arguments:
    agreement = agreement_create(actor=world.actor("adam"), name="Standard", currency="EUR")
    return {"pk": agreement.pk}


def earning(world: World) -> Partner:
    """A partner with one commission line."""
    actor = world.actor("adam")
    partner = make_partner(actor, agreement=make_agreement(actor, rates(ANY=["5"])))
    client = make_lead(actor, email="trades@mail.example")
    attribute(actor, client, partner)
    Market(actor).closed(client, "1")
    accrual_run(actor=actor)
    return partner


def partner_line(world: World) -> Arguments:
    return {"pk": earning(world).lines.get().pk}


def partner_payout(world: World) -> Arguments:
    partner = earning(world)
    payout = payout_propose(actor=world.actor("igor"), partner=partner, currency="EUR")
    return {"pk": payout.pk}
