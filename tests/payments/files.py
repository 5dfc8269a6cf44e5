"""A brokerage whose bank takes payment files. Pavel prepares, Petra releases."""

from datetime import timedelta
from typing import Any

from backoffice.core.clock import today
from backoffice.workflow.approvals import approval_vote, pending_for
from payments.models import Destination, GatewayAccount, Method, PaymentFile, Withdrawal
from payments.payment_files import answers, files, waiting
from payments.services.destinations import destination_add, destination_approve
from payments.services.setup import gateway_connect
from payments.services.withdrawals import withdrawal_approve
from tests.payments.money import Brokerage

IBAN = "FR76 3000 6000 0112 3456 7890 189"


class FileShop:
    """``shop`` with 1,000.00 EUR and 500.00 USD of its client's, and an account that is paid from
    by files. Pavel prepares, Petra releases."""

    def __init__(self, shop: Brokerage) -> None:
        self.shop = shop
        shop.funded("1000.00")
        shop.funded_usd("500.00")
        shop.rules(source_first=False)
        petra = shop.world.actor("petra")
        with shop.scope():
            self.gateway: GatewayAccount = gateway_connect(
                actor=petra,
                kind="bank_file",
                name="House bank",
                merchant_id=shop.our_iban,
                holder="Aurora Markets Ltd",
                bic="COBADEFFXXX",
            )
            values = {**shop.card_values(), "name": "Wire", "gateway": self.gateway}
            self.method: Method = shop.method(petra, "wire", **values)
        self.iban = self.destination(number=IBAN)

    def destination(self, **facts: Any) -> Destination:
        with self.shop.scope():
            row = destination_add(
                actor=self.shop.world.actor("olivia"),
                client=self.shop.client,
                kind="bank",
                **({"holder": "Anna Eriksson"} | facts),
            )
            return destination_approve(
                actor=self.shop.world.actor("petra"), destination=row, cool_down=timedelta(0)
            )

    def approved(self, amount: str = "100.00", currency: str = "EUR", **more: Any) -> Withdrawal:
        """A withdrawal that was approved, and that the worker has looked at."""
        facts = {"method": self.method, "destination": self.iban} | more
        row = self.shop.withdraw(amount, currency, **facts)
        with self.shop.scope():
            withdrawal_approve(actor=self.shop.world.actor("petra"), withdrawal=row)
        self.shop.work()
        return self.shop.outgoing(row)

    def prepare(self, *rows: Withdrawal, **more: Any) -> PaymentFile:
        with self.shop.scope():
            return files.file_prepare(
                actor=self.shop.actor,
                gateway=self.gateway,
                references=[row.reference for row in rows],
                execution_on=more.pop("execution_on", files.next_bank_day(today())),
                **more,
            )

    def release(self, row: PaymentFile, name: str = "petra") -> PaymentFile:
        actor = self.shop.world.actor(name)
        with self.shop.scope():
            approval = pending_for(actor, row.pk, files.KIND)
            assert approval is not None
            approval_vote(actor=actor, approval=approval, approves=True)
            return PaymentFile.objects.get(pk=row.pk)

    def hand_over(self, row: PaymentFile) -> tuple[PaymentFile, bytes]:
        with self.shop.scope():
            return files.file_hand_over(actor=self.shop.actor, file=row)

    def handed_over(self, *rows: Withdrawal) -> PaymentFile:
        return self.hand_over(self.release(self.prepare(*rows)))[0]

    def hear(self, row: PaymentFile, content: bytes, name: str = "petra") -> answers.Heard:
        content = content.replace(b"PF-2026-000001", row.reference.encode())
        with self.shop.scope():
            actor = self.shop.world.actor(name)
            return answers.report_take(actor=actor, file=row, content=content)

    def file(self, row: PaymentFile) -> PaymentFile:
        with self.shop.scope():
            return PaymentFile.objects.get(pk=row.pk)

    def state(self, row: Withdrawal) -> str:
        return self.shop.outgoing(row).state

    def waits(self) -> list[tuple[str, str]]:
        with self.shop.scope():
            found, _ = waiting.waiting(self.shop.actor, self.gateway)
            return [(each.payout.reference, each.problem) for each in found]
