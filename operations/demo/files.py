"""The demo's payment files: one that went through its bank, one that waits for its release, and
approved payouts that wait for the next."""

import http.client
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from backoffice.core.clock import today
from backoffice.core.money import Money
from backoffice.workflow.approvals import approval_vote, pending_for
from clients.models import Client
from operations.demo import methods
from operations.demo.past import HOST
from operations.demo.payments import BICS, IBANS, Till
from operations.demo.people import ENTITIES
from payments.methods.services import method_save
from payments.models import PaymentFile, Withdrawal
from payments.payment_files import answers, files
from payments.services import setup
from payments.services.destinations import destination_add, destination_approve
from payments.services.withdrawals import (
    withdrawal_approve,
    withdrawal_edit,
    withdrawal_request,
)

if TYPE_CHECKING:
    from operations.demo.story import Story

TENANT = "aurora"
DAYS_AGO = 2.1
# Minutes ago, amount, whether it is in the file that waits for its release.
TODAY = ((205, 1_150, True), (150, 640, False), (70, 980, False))


class ByFile:
    """Payouts through an account that takes files, at the sandbox's bank."""

    def __init__(self, till: Till) -> None:
        self.till = till

    def lay(self) -> None:
        till, lead = self.till, self.till.demo.actors["admin"]
        with till.scope():
            self.gateway = setup.gateway_connect(
                actor=lead,
                kind="bank_file",
                name="House bank by file",
                merchant_id=till.iban,
                holder=ENTITIES[till.merchant][0],
                bic=BICS[till.merchant],
                bank="Demo bank",
            )
            values = {
                "takes_deposits": False,
                "gateway": self.gateway,
                "name": "Bank wire by file",
                "instrument": "bank",
            }
            terms = methods.wire_by_file(till.demo.tenant)
            self.method = method_save(actor=lead, code="wire-file", values=values, terms=terms)

    def approved(self, client: Client, amount: Money) -> Withdrawal | None:
        """Paid in by card some time ago; all of it leaves by wire."""
        actors, till = self.till.demo.actors, self.till
        with till.scope():
            target = destination_add(
                actor=actors["operations"],
                client=client,
                kind="bank",
                number=IBANS[till.currency][sum(client.name.encode()) % 3],
                holder=client.name,
            )
            if target.state != "approved":
                destination_approve(
                    actor=actors["admin"], destination=target, cool_down=timedelta(0)
                )
            row = withdrawal_request(
                actor=actors["payments"],
                client=client,
                method=self.method,
                destination=target,
                money=amount,
            )
            why = "The card that it came from is closed"
            row = withdrawal_edit(
                actor=actors["operations"],
                withdrawal=row,
                money=amount,
                destination=target,
                waived=why,
            )
            row = withdrawal_approve(actor=actors["lead"], withdrawal=row)
        till.work()
        return row if row.state == "approved" else None

    def prepare(self, rows: list[Withdrawal]) -> PaymentFile | None:
        if not rows:
            return None
        with self.till.scope():
            return files.file_prepare(
                actor=self.till.demo.actors["payments"],
                gateway=self.gateway,
                references=[row.reference for row in rows],
                execution_on=files.next_bank_day(today()),
            )

    def through(self, client: Client, amount: Money) -> None:
        """Asked for, approved, in a file that the bank took: its statement pays it at night."""
        row = self.approved(client, amount)
        file = self.prepare([row] if row is not None else [])
        if file is None:
            return
        actors, till = self.till.demo.actors, self.till
        with till.scope():
            approval = pending_for(actors["lead"], file.pk, files.KIND)
            assert approval is not None
            approval_vote(actor=actors["lead"], approval=approval, approves=True)
            file, content = files.file_hand_over(actor=actors["payments"], file=file)
        till.demo.past.needed("BANK")
        report = _posted(till.sandbox.bank, content)
        till.bank_day(today())
        with till.scope():
            answers.report_take(actor=actors["payments"], file=file, content=report)


def _posted(port: int, content: bytes) -> bytes:
    """A payment file to the sandbox's bank; its report."""
    there = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        there.request("POST", "/files", content, {"Content-Type": "application/xml"})
        return there.getresponse().read()
    finally:
        there.close()


def payment_files(story: "Story") -> None:
    """Lay the account, and what happened through it."""
    till, free = story.till, [*story.busy[1:], *story.idle]
    if till.merchant != TENANT or till.wire is None or len(free) < len(TODAY) + 1:
        return
    by_file = ByFile(till)
    by_file.lay()
    client, amount = free[-1], story.money(1_480)
    story.ago(partial(till.deposit, client, story.money(1_600)), days=DAYS_AGO + 2)
    story.ago(partial(by_file.through, client, amount), days=DAYS_AGO)
    waiting: list[Withdrawal] = []
    for number, (minutes, amount_today, in_file) in enumerate(TODAY):
        client, amount = free[-(number % 2)], story.money(amount_today)
        story.ago(partial(till.deposit, client, amount + story.money(60)), days=1.6 + number)
        story.ago(_asked(by_file, client, amount, waiting if in_file else []), minutes=minutes)
    story.ago(lambda: by_file.prepare(waiting), minutes=min(each[0] for each in TODAY) - 30)


def _asked(
    by_file: ByFile, client: Client, amount: Money, into: list[Withdrawal]
) -> Callable[[], None]:
    def ask() -> None:
        row = by_file.approved(client, amount)
        if row is not None:
            into.append(row)

    return ask
