"""A client with a name that nobody else has, who goes through the whole product and leaves."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from backoffice.core.clock import now
from backoffice.core.context import system_actor
from backoffice.core.money import Money
from backoffice.portal import exports, services
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.approvals import approval_vote, pending_for
from clients.documents import document_describe
from clients.means import means_declare
from clients.models import Client
from clients.services import client_move, client_update, note_add, restriction_place
from clients.states import ClientState
from compliance.hits import hit_decide
from compliance.screen import client_screen
from ib.services import partner_create
from kyc.models import VendorCheck, VendorMessage
from kyc.services import case_open
from kyc.vendors.setup import vendor_connect
from payments.adjustment_states import Direction, Why
from payments.adjustments.services import adjustment_ask
from payments.models import WebhookMessage
from payments.services.destinations import destination_add, destination_approve
from payments.services.notices import message_store
from privacy import erasure
from privacy.models import ErasureRequest
from reconciliation.files import account_add
from reconciliation.intake import file_take
from sandbox.bank.camt053 import write_camt053
from tests.clients.factories import make_active, make_document, make_lead
from tests.compliance.factories import make_own_list
from tests.payments.factories import make_deposit
from tests.reconciliation.test_match_statements import IBAN, entry, statement
from tests.trading import rows as trading_rows
from tests.world import World

FIRST, LAST = "Zebulon", "Quixblatt-Örn"
NAME = f"{FIRST} {LAST}"
EMAIL, FORMER = "zq.peculiar@mail.example", "zq.former@mail.example"
PHONE, NUMBER = "+35799887712", "XQ77812345"
STREET = "77 Peculiarity Crescent, Larnaca"
#: What must be nowhere afterwards, as it may be written.
SECRETS = (
    "Quixblatt", "Zebulon", "quixblatt", "zebulon", "QUIXBLATT",
    EMAIL, FORMER, "99887712", NUMBER, "Peculiarity",
)  # fmt: skip
YEARS = timedelta(days=6 * 366)


@dataclass
class Life:
    world: World
    folder: Path

    def scope(self) -> AbstractContextManager[None]:
        return tenant_scope(self.world.aurora.pk, self.world.actor("carla"))

    def lived(self) -> Client:
        """Everything, and closed at the end."""
        with self.scope():
            client = self.arrived()
        with self.scope():
            self.looked_at(client)
        with self.scope():
            self.paid(client)
        with self.scope():
            self.written_about(client)
        with self.scope():
            self.partner(client)
        outbox.drain(self.world.system())
        with self.scope():
            client = Client.objects.get(pk=client.pk)
            return client_move(
                actor=self.world.actor("carla"),
                client=client,
                state=ClientState.CLOSED,
                reason=f"{FIRST} asked to leave",
            )

    def arrived(self) -> Client:
        carla = self.world.actor("carla")
        client = make_active(
            carla, 1, first_name=FIRST, last_name=LAST, email=FORMER, phone=PHONE, address=STREET
        )
        client = client_update(actor=carla, client=client, email=EMAIL)
        document = make_document(carla, client, name=f"passport {NAME}.jpg")
        document_describe(actor=carla, document=document, number=NUMBER, issuing_country="CYP")
        means_declare(
            actor=carla, client=client, occupation="employee", employer=f"{LAST} & Sons",
            currency="EUR", income=Decimal(50_000), wealth=Decimal(10_000), deposits=Decimal(5_000),
            sources=["salary"], purpose=f"for {FIRST}", declared_on=date(2026, 1, 5),
        )  # fmt: skip
        return client

    def looked_at(self, client: Client) -> None:
        carla, miles = self.world.actor("carla"), self.world.actor("miles")
        make_own_list(
            carla, self.folder,
            'X1,person,"QUIXBLAT OERN, Zebulun",Zebulun Quixblat Oern,1974-08-12,SE;CY,male,',
        )  # fmt: skip
        for hit in client_screen(actor=carla, client=client):
            hit_decide(
                actor=carla, hit=hit, verdict="false_positive", reason="other",
                note=f"Not this {FIRST}",
            )  # fmt: skip
        case = case_open(actor=carla, client=client, level=2)
        account = vendor_connect(
            actor=self.world.actor("adam"), kind="persona", name="Persona",
            base_url="http://127.0.0.1:1", template="itmpl_1",
            api_key="a key of our calls, for tests", secret="a secret of a test",
        )  # fmt: skip
        check = VendorCheck.objects.create(
            case=case, account=account, vendor_ref="inq_peculiar1", started_by="Carla"
        )
        said = {"id": check.vendor_ref, "name_first": FIRST, "name_last": LAST, "email": EMAIL}
        for number, body in enumerate((json.dumps(said), json.dumps({"about": NAME}))):
            VendorMessage.objects.create(
                account=account, delivery=f"d{number}", body=body.encode(), headers={"x": "1"}
            )
        assert miles.can("privacy.work_erasure")

    def paid(self, client: Client) -> None:
        world, pavel, petra = self.world, self.world.actor("pavel"), self.world.actor("petra")
        deposit = make_deposit(world, "automatic", client)
        system = system_actor(world.aurora.pk, "tests")
        body = json.dumps({"payer": NAME.upper(), "reference": deposit.reference}).encode()
        assert deposit.gateway is not None
        message_store(actor=system, gateway=deposit.gateway, headers={}, body=body)
        assert WebhookMessage.objects.exists()
        destination = destination_add(
            actor=pavel, client=client, kind="bank", number="FR1420041010050500013M02606",
            holder=NAME, label=f"{FIRST}'s account", country="FR", bic="BNPAFRPP",
        )  # fmt: skip
        destination_approve(actor=petra, destination=destination, cool_down=timedelta(0))
        account_add(actor=petra, name="Clients EUR", iban=IBAN, currency="EUR")
        text = f"{deposit.reference} from {NAME}"
        line = entry(1, "250.00", text=text)
        written = write_camt053([statement(line)], message_id="M1").replace(
            b"Anna Eriksson", NAME.encode()
        )
        file_take(actor=petra, name=f"of {LAST}.xml", content=written)
        row = adjustment_ask(
            actor=pavel, client=client, direction=Direction.FROM_CLIENT, why=Why.CORRECTION,
            money=Money(Decimal(100), "EUR"), reason=f"{LAST} took it in person",
        )  # fmt: skip
        approval = pending_for(petra, row.pk)
        assert approval is not None
        approval_vote(actor=petra, approval=approval, approves=True)
        trading_rows.make_account(self.world.actor("adam"), client=client, name=NAME)

    def written_about(self, client: Client) -> None:
        carla, adam = self.world.actor("carla"), self.world.actor("adam")
        sam = self.world.user("sam")
        note_add(
            actor=carla, client=client, text=f"Mr {LAST} called.\nHe is {EMAIL}", mentions=[sam.pk]
        )
        other = make_active(carla, first_name="Otto", last_name="Other", email="otto@x.example")
        note_add(actor=carla, client=other, text=f"A cousin of {NAME}, phone +357 99 887712")
        restriction_place(
            actor=carla, client=client, action="ib", reason="x", text=f"{FIRST} is no partner"
        )
        services.view_save(
            actor=adam, list_code="clients.clients", name=f"About {LAST}", query=f"q={LAST}"
        )
        for file_format in ("csv", "xlsx"):
            exports.export_ask(
                actor=adam, list_code="clients.clients",
                query="columns=reference,name,email,phone", file_format=file_format,
            )  # fmt: skip
        outbox.put(
            "operations.notify",
            payload={
                "to": f"client:{client.pk}", "template": "kyc.rejected",
                "reference": "K-1", "text": f"Dear {FIRST}",
            },
        )  # fmt: skip

    def partner(self, client: Client) -> None:
        partner_create(actor=self.world.actor("igor"), client=client)


def ask(world: World, client: Client, **more: object) -> ErasureRequest:
    values = {"source": "client", "channel": "email", "received_on": now().date(), **more}
    with tenant_scope(world.aurora.pk, world.actor("carla")):
        return erasure.erasure_ask(actor=world.actor("carla"), client=client, **values)  # type: ignore[arg-type]


def decide(world: World, row: ErasureRequest, *, yes: bool = True) -> ErasureRequest:
    miles = world.actor("miles")
    with tenant_scope(world.aurora.pk, miles):
        approval = pending_for(miles, row.pk)
        assert approval is not None
        approval_vote(actor=miles, approval=approval, approves=yes, reason="" if yes else "No.")
        return ErasureRequest.objects.get(pk=row.pk)


def drained(world: World) -> None:
    """All the work that is left, that which it leaves too."""
    while outbox.drain(world.system()):
        pass


def closed(world: World, **particulars: Any) -> Client:
    """Someone who left today, and never paid in."""
    carla = world.actor("carla")
    client = make_lead(carla, **particulars)
    return client_move(actor=carla, client=client, state=ClientState.CLOSED, reason="left")
