"""Payments as the pages show them, made through the services, without a gateway that answers."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from backoffice.core.clock import now, today
from backoffice.core.context import system_actor
from backoffice.core.money import Money
from backoffice.workflow.approvals import approval_vote
from backoffice.workflow.models import OutboxItem
from clients.models import Category, Client
from payments.adjustment_states import Direction, Why
from payments.adjustments.services import adjustment_ask
from payments.automatic.dry_runs import dry_run_ask, dry_run_make
from payments.automatic.rules import Rule
from payments.automatic.versions import version_make, version_propose
from payments.bonus_states import OnWithdrawal
from payments.bonuses.offers import rule_propose
from payments.bonuses.policies import policy_set
from payments.bonuses.services import bonus_ask
from payments.chargebacks.answers import evidence_add
from payments.chargebacks.people import chargeback_enter
from payments.conversions import quotes
from payments.conversions.services import conversion_offer
from payments.methods.services import method_save, terms_in
from payments.models import (
    Bonus,
    BonusRule,
    Chargeback,
    ChargebackEvidence,
    Conversion,
    ConversionSpread,
    Deposit,
    Destination,
    GatewayAccount,
    Method,
    PaymentFile,
    PaymentHold,
    RuleVersion,
    WalletAdjustment,
    WebhookMessage,
    Withdrawal,
    WithdrawalPart,
)
from payments.payment_files import files
from payments.services.deposits import deposit_arrived, deposit_create
from payments.services.destinations import destination_add, destination_approve
from payments.services.holds import payment_hold
from payments.services.notices import message_process, message_store
from payments.services.setup import gateway_connect, policy_save
from payments.services.withdrawals import withdrawal_approve, withdrawal_request
from tests.clients.factories import make_active, picture
from tests.trading import rows as trading_rows
from tests.world import World

HUNDRED = Money(Decimal(100), "EUR")
EURO = terms_in(["EUR"], amount_min=Decimal(1))


def make_method(world: World, policy: str = "automatic") -> Method:
    petra = world.actor("petra")
    gateway = gateway_connect(
        actor=petra,
        kind="cashier",
        name="Cashier",
        base_url="http://127.0.0.1:1",
        merchant_id="aurora",
        secret="a secret between the two",
    )
    values = {
        "name": "Card",
        "gateway": gateway,
        "deposit_policy": policy,
    }
    return method_save(actor=petra, code="card", values=values, terms=EURO)


def make_deposit(world: World, policy: str = "manual", client: Client | None = None) -> Deposit:
    """A deposit that has arrived: in review, or credited with the policy ``automatic``."""
    deposit = deposit_create(
        actor=world.actor("pavel"),
        client=client or make_active(world.actor("olivia")),
        method=make_method(world, policy),
        money=HUNDRED,
    )
    deposit_arrived(
        actor=system_actor(world.aurora.pk, "tests"), row=deposit, money=HUNDRED, at=now()
    )
    return deposit


def make_destination(world: World, client: Client, *, approved: bool = True) -> Destination:
    row = destination_add(
        actor=world.actor("olivia"),
        client=client,
        kind="card",
        number="tok_1234567",
        holder=client.name,
    )
    if not approved:
        return row
    petra = world.actor("petra")
    return destination_approve(actor=petra, destination=row, cool_down=timedelta(0))


def make_withdrawal(world: World) -> Withdrawal:
    """A withdrawal that waits for a decision."""
    deposit = make_deposit(world, "automatic")
    return withdrawal_request(
        actor=world.actor("pavel"),
        client=deposit.client,
        method=deposit.method,
        destination=make_destination(world, deposit.client),
        money=Money(Decimal(40), "EUR"),
    )


def make_part(world: World) -> WithdrawalPart:
    """A part of a withdrawal that waits to be sent."""
    withdrawal = make_withdrawal(world)
    assert withdrawal.gateway is not None
    return WithdrawalPart.objects.create(
        reference="WP-2026-900001",
        withdrawal=withdrawal,
        gateway=withdrawal.gateway,
        destination=withdrawal.destination,
        label="Card",
        why="tests",
        amount=Decimal(40),
        currency="EUR",
    )


def make_hold(world: World) -> PaymentHold:
    return payment_hold(
        actor=world.actor("carla"), payment=make_withdrawal(world), reason="pattern"
    )


def make_message(world: World) -> WebhookMessage:
    """A message that nobody understands."""
    method = make_method(world)
    gateway = method.gateway
    assert isinstance(gateway, GatewayAccount)
    system = system_actor(world.aurora.pk, "tests")
    message_store(actor=system, gateway=gateway, headers={}, body=b"not a message")
    message = WebhookMessage.objects.get()
    return message_process(actor=system, message_id=message.pk)


def make_chargeback(world: World, client: Client | None = None) -> Chargeback:
    """All of a credited deposit taken back, entered by hand."""
    return chargeback_enter(
        actor=world.actor("pavel"),
        deposit=make_deposit(world, "automatic", client),
        money=HUNDRED,
        reason_code="fraudulent",
        note="Settlement of the 3rd, line 7",
    )


def make_evidence(world: World) -> ChargebackEvidence:
    """A file in the bundle of a chargeback."""
    return evidence_add(
        actor=world.actor("pavel"),
        chargeback=make_chargeback(world),
        kind="receipt",
        name="receipt.png",
        content=picture("PNG"),
    )


def make_payment_file(world: World) -> PaymentFile:
    """One approved payout in a file that waits for its release."""
    petra, deposit = world.actor("petra"), make_deposit(world, "automatic")
    bank = gateway_connect(
        actor=petra,
        kind="bank_file",
        name="House bank",
        merchant_id="DE89370400440532013000",
        holder="Aurora Markets Ltd",
        bic="COBADEFFXXX",
    )
    values = {"name": "Wire", "gateway": bank}
    method = method_save(actor=petra, code="wire", values=values, terms=EURO)
    policy_save(actor=petra, source_first=False, lots_per_1000=Decimal(0))
    target = destination_add(
        actor=world.actor("olivia"),
        client=deposit.client,
        kind="bank",
        number="FR7630006000011234567890189",
        holder=deposit.client.name,
    )
    destination_approve(actor=petra, destination=target, cool_down=timedelta(0))
    row = withdrawal_request(
        actor=world.actor("pavel"),
        client=deposit.client,
        method=method,
        destination=target,
        money=Money(Decimal(40), "EUR"),
    )
    withdrawal_approve(actor=petra, withdrawal=row)
    return files.file_prepare(
        actor=world.actor("pavel"),
        gateway=bank,
        references=[row.reference],
        execution_on=files.next_bank_day(today()),
    )


def make_rules(world: World, *wanted: Rule) -> RuleVersion:
    """A draft that was tried dry."""
    rules = wanted or (Rule("Small ones", Decimal(100), paid_before_min=0),)
    petra = world.actor("petra")
    version = version_make(actor=petra, wanted=rules, note="tests")
    run = dry_run_ask(actor=petra, version=version, days=30)
    dry_run_make(world.system(), OutboxItem(tenant_id=world.aurora.pk, subject_id=run.pk))
    return version


def rules_in_force(world: World, *wanted: Rule) -> RuleVersion:
    """Written by Petra, set by Adam."""
    version = make_rules(world, *wanted)
    asked = version_propose(actor=world.actor("petra"), version=version)
    approval_vote(actor=world.actor("adam"), approval=asked, approves=True)
    return RuleVersion.objects.get(pk=version.pk)


def make_adjustment(world: World) -> WalletAdjustment:
    """An adjustment that waits for a second person."""
    return adjustment_ask(
        actor=world.actor("pavel"),
        client=make_active(world.actor("olivia")),
        direction=Direction.TO_CLIENT,
        why=Why.GOODWILL,
        money=HUNDRED,
        reason="waited three days for an answer",
    )


def quote_currencies(world: World) -> None:
    """EUR/USD at 1.0840 less 0.5%; a second person above EUR 500; offers stand for a minute."""
    petra = world.actor("petra")
    values = {
        "active": True,
        "quote_age_s_max": 900,
        "offer_s": 60,
        "spread_percent": Decimal("0.5"),
        "approval_above": Decimal(500),
        "tolerance_percent": Decimal("0.25"),
    }
    quotes.policy_set(actor=petra, values=values)
    quotes.quote_set(actor=petra, base="EUR", quote="USD", mid=Decimal("1.0840"))


def make_conversion(world: World) -> Conversion:
    """An offer that stands."""
    quote_currencies(world)
    deposit = make_deposit(world, "automatic")
    return conversion_offer(
        actor=world.actor("pavel"), client=deposit.client, give=Money(Decimal(40), "EUR"),
        currency="USD",
    )  # fmt: skip


def make_spread(world: World) -> ConversionSpread:
    return quotes.spread_set(
        actor=world.actor("petra"), base="EUR", quote="USD", kind="percent", value=Decimal(1)
    )


def make_bonus(world: World) -> Bonus:
    """A professional's bonus that waits for a second person."""
    policy_set(actor=world.actor("adam"), active=True, barred_regulators=[])
    client = make_active(world.actor("olivia"))
    Client.objects.filter(pk=client.pk).update(category=Category.PROFESSIONAL)
    client.refresh_from_db()
    account = trading_rows.make_account(world.actor("adam"), client=client, login=100_777)
    return bonus_ask(
        actor=world.actor("pavel"), client=client, account=account, money=HUNDRED, lots=None,
        days=None, on_withdrawal=OnWithdrawal.WHOLE, base=None, reason="welcome",
    )  # fmt: skip


def make_bonus_rule(world: World) -> BonusRule:
    """A rule that waits for a second person."""
    values: dict[str, Any] = {
        "code": "welcome", "name": "Welcome", "currency": "EUR", "percent": Decimal(30),
        "fixed": None, "most": None, "client_most": None, "total_most": None,
        "deposit_min": Decimal(100), "first_only": True, "countries": [], "categories": [],
        "from_on": today(), "until_on": None, "lots_per_1000": None, "lasts_days": None,
        "on_withdrawal": OnWithdrawal.WHOLE,
    }  # fmt: skip
    return rule_propose(actor=world.actor("adam"), values=values)
