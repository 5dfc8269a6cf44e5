"""What each address of the product is tried with. A new address without a row fails the matrix.

``OBJECTS`` gives an address's arguments as an object of Aurora, made in its scope; addresses
without arguments need no row. A row for a whole prefix of names is fine.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backoffice.core.clock import now, today
from backoffice.core.ids import uuid7
from backoffice.portal import batches, exports, people, services
from backoffice.staff.models import Membership, Role, SupportSession
from backoffice.staff.services import api_key_create
from backoffice.tenancy.models import LegalEntity
from backoffice.workflow import approvals
from backoffice.workflow.models import OutboxItem, WorkItem
from backoffice.workflow.policies import levels
from clients.links import upload_link_create
from clients.services import restriction_place
from compliance.models import TenantList
from compliance.monitoring.definitions import scenarios_install
from compliance.risk import versions
from compliance.risk.services import client_assess
from kyc.models import Level
from kyc.services import case_open
from kyc.vendors.setup import vendor_connect
from operations.models import Notification
from payments.models import Transfer
from privacy.erasure import erasure_ask
from privacy.holds import hold_place
from privacy.models import RetentionDue
from tests import objects_money as books
from tests.clients.company_factories import make_company, make_person
from tests.clients.factories import make_active, make_desk, make_document, make_lead
from tests.compliance.factories import make_hit
from tests.compliance.planted import make_alert
from tests.compliance.planted import make_client as make_planted_client
from tests.compliance.planted import withdrawal as planted_withdrawal
from tests.kyc.forms import begun, draft
from tests.payments import factories as money
from tests.trading import rows as trading_rows
from tests.world import World
from trading.leverage.tables import FIRST
from trading.leverage.versions import table_write

Arguments = Mapping[str, Any]
FORM_PAGES = ",-propose,-next,-drop,-preview,-edit,-about,-test"


def _saved_view(world: World) -> Arguments:
    view = services.view_save(
        actor=world.actor("adam"), list_code="audit.trail", name="Mine", query="action=x"
    )
    return {"pk": view.pk}


def _export(world: World) -> Arguments:
    export = exports.export_ask(
        actor=world.actor("adam"), list_code="audit.trail", query="", file_format="csv"
    )
    return {"pk": export.pk}


def _work_item(world: World) -> Arguments:
    item = WorkItem.objects.create(
        queue="tests",
        subject_type="tests.thing",
        subject_id=uuid7(),
        due_at=now(),
    )
    return {"pk": item.pk}


def _approval(world: World) -> Arguments:
    member = Membership.objects.get(tenant=world.aurora, user=world.user("sam"))
    role = Role.objects.get(tenant=world.aurora, code="analyst")
    approval = approvals.approval_ask(
        actor=world.actor("adam"),
        kind=people.GRANT,
        subject=member,
        label="Analyst for Sam",
        content=people.grant_content(member, role),
    )
    return {"pk": approval.pk}


def _member(world: World) -> Arguments:
    return {"pk": Membership.objects.get(tenant=world.aurora, user=world.user("sam")).pk}


def _api_key(world: World) -> Arguments:
    made = api_key_create(
        actor=world.actor("adam"), name="Website", permissions=["staff.view_audit"]
    )
    return {"pk": made.key.pk}


def _entity(world: World) -> Arguments:
    row = LegalEntity.objects.create(name="Aurora (EU) Ltd", regulator="CySEC", country="CY")
    return {"pk": row.pk}


def _support_session(world: World) -> Arguments:
    row = SupportSession.objects.create(
        user=world.user("zoe"), user_name="Z", reason="x", expires_at=now() + timedelta(hours=1)
    )
    return {"pk": row.pk}


def _client(world: World) -> Arguments:
    return {"pk": make_lead(world.actor("adam")).pk}


def _desk(world: World) -> Arguments:
    return {"pk": make_desk(world.actor("adam"), "Sofia").pk}


def _restriction(world: World) -> Arguments:
    client = make_lead(world.actor("adam"))
    row = restriction_place(
        actor=world.actor("adam"), client=client, action="trade", reason="x", text="x"
    )
    return {"pk": client.pk, "restriction_pk": row.pk}


def _upload_link(world: World) -> Arguments:
    client = make_lead(world.actor("adam"))
    made = upload_link_create(actor=world.actor("adam"), client=client, types=["passport"])
    return {"pk": client.pk, "link_pk": made.link.pk}


def _document(world: World) -> Arguments:
    adam = world.actor("adam")
    return {"pk": make_document(adam, make_lead(adam)).pk}


def _case(world: World) -> Arguments:
    adam = world.actor("adam")
    return {"pk": case_open(actor=adam, client=make_lead(adam), level=1).pk}


def _case_document(world: World) -> Arguments:
    adam = world.actor("adam")
    client = make_lead(adam)
    document = make_document(adam, client)
    return {
        "pk": case_open(actor=adam, client=client, level=1).pk,
        "document_pk": document.pk,
    }


def _level(world: World) -> Arguments:
    return {"pk": Level.objects.filter(tenant=world.aurora, number=1).get().pk}


def _company(world: World) -> Arguments:
    return {"pk": make_company(world.actor("adam")).pk}


def _party(world: World) -> Arguments:
    adam = world.actor("adam")
    party = make_person(adam, make_company(adam))
    return {"pk": party.client_id, "party_pk": party.pk}


def _share(world: World) -> Arguments:
    adam = world.actor("adam")
    party = make_person(adam, make_company(adam), "40")
    return {"pk": party.client_id, "party_pk": party.pk, "tie_pk": party.ties.get().pk}


def _account(world: World) -> Arguments:
    return {"pk": trading_rows.make_account(world.actor("adam")).pk}


def _password_change(world: World) -> Arguments:
    adam = world.actor("adam")
    account = trading_rows.make_account(adam)
    return {"pk": account.pk, "change_pk": trading_rows.make_change(adam, account).pk}


def _operation(world: World) -> Arguments:
    adam = world.actor("adam")
    return {"pk": trading_rows.make_operation(adam, trading_rows.make_account(adam)).pk}


def _server(world: World) -> Arguments:
    return {"pk": trading_rows.make_server(world.actor("adam")).pk}


def _trading_group(world: World) -> Arguments:
    return {"pk": trading_rows.make_group(trading_rows.make_server(world.actor("adam"))).pk}


ACCOUNT_PAGES = "leverage group status archive password correct link"
CLIENT_PAGES = "client edit assign restrict note document-upload link-new means tax"
CASE_PAGES = (
    "case answers submit send approve send-back ask reject escalate return risk begin suspend "
    "offboard close freeze unfreeze"
)
PARTY_PAGES = "party party-edit party-role party-clear party-refuse party-again"
CASE_DOCUMENT_PAGES = "document-accept document-refuse document-zone document-facts"


def _leverage_table(world: World) -> Arguments:
    return {"pk": table_write(actor=world.actor("carla"), table=FIRST, note="As it is.").pk}


def _form_version(world: World) -> Arguments:
    return {"pk": draft(world.actor("carla")).pk}


def _form_question(world: World) -> Arguments:
    return {**_form_version(world), "code": "loss"}


def _form_of_client(world: World) -> Arguments:
    """A client, and a questionnaire of which no version is published."""
    row = draft(world.actor("carla"))
    return {"pk": make_lead(world.actor("adam")).pk, "form_pk": row.questionnaire_id}


def _filling(world: World) -> Arguments:
    return {"pk": begun(world.actor("adam"), world.actor("carla")).pk}


def _risk_model(world: World) -> Arguments:
    return {"pk": versions.model_install(actor=world.actor("carla")).pk}


def _risk_change(world: World) -> Arguments:
    carla = world.actor("carla")
    versions.model_install(actor=carla)
    client = make_active(carla, residence="KP")
    made = client_assess(actor=carla, client=client, why="a test")
    assert made is not None
    return {"pk": made.pk}


def _alert(world: World) -> Arguments:
    return {"pk": make_alert(world.actor("carla"), world.actor("miles")).pk}


def _alert_verdict(world: World) -> Arguments:
    return {**_alert(world), "verdict": "cleared"}


def _held_withdrawal(world: World) -> Arguments:
    client = make_planted_client(world.actor("carla"), "Held")
    return {"pk": planted_withdrawal(client, "100", now()).pk}


def _scenario(world: World) -> Arguments:
    return {"pk": scenarios_install(actor=world.actor("miles"))[0].pk}


def _hit(world: World) -> Arguments:
    with TemporaryDirectory() as folder:
        return {"pk": make_hit(world.actor("carla"), Path(folder)).pk}


def _hit_verdict(world: World) -> Arguments:
    return {**_hit(world), "verdict": "false_positive"}


def _list_version(world: World) -> Arguments:
    """Of a list of the brokerage's own: a stranger to it finds none."""
    made = TenantList.objects.create(
        tenant_id=world.aurora.pk,
        source=f"own-{uuid7()}"[:40],
        title="House list",
        category="internal",
        number=1,
        sha256="0" * 64,
        imported_by="tests",
        entities_count=1,
        names_count=1,
        rows_counted=1,
        rows_parsed=1,
    )
    return {"source": made.source, "number": 1}


def _erasure(world: World) -> Arguments:
    carla = world.actor("carla")
    RetentionDue.objects.create(client=make_lead(carla), due_on=today())
    row = erasure_ask(
        actor=carla, client=make_lead(carla), source="client", channel="email",
        received_on=today(),
    )  # fmt: skip
    return {"pk": row.pk}


def _legal_hold(world: World) -> Arguments:
    carla = world.actor("carla")
    return {"pk": hold_place(actor=carla, client=make_lead(carla), reason="a court asked").pk}


def _vendor(world: World) -> Arguments:
    account = vendor_connect(
        actor=world.actor("adam"),
        kind="persona",
        name=f"Persona {uuid7()}",
        base_url="http://127.0.0.1:1",
        template="itmpl_1",
        api_key="a key of our calls, for tests",
        secret="a secret of a test",
    )
    return {"pk": account.pk}


PARTNER_PAGES = "partner move client-add assign payout-new"
DAY_PAGES = "day day-verify day-close day-cancel"
AGREEMENT_PAGES = "agreement version-edit version-propose"


def _notification(world: World) -> Arguments:
    row = Notification.objects.create(
        user=world.user("adam"), code="x", title="x", once="x", item_id=uuid7()
    )
    return {"pk": row.pk}


def _failed_item(world: World) -> Arguments:
    return {"pk": OutboxItem.objects.create(topic="tests.work", state="failed").pk}


def _mover(make: Callable[[World], Any]) -> Callable[[World], Arguments]:
    """An address of the thing that ``make`` makes."""
    return lambda world: {"pk": make(world).pk}


def _transfer(world: World) -> Any:
    account = trading_rows.make_account(world.actor("adam"))
    assert account.client is not None
    return Transfer.objects.create(
        reference="T-2026-000001",
        client=account.client,
        target=account,
        amount=Decimal(10),
        currency=account.currency,
    )


def _transfer_with_leg(world: World) -> Any:
    row = _transfer(world)
    row.credit_operation = trading_rows.make_operation(world.actor("adam"), row.target)
    row.save()
    return row


def _batch(world: World) -> Arguments:
    row = money.make_withdrawal(world)
    asked = approvals.pending_for(world.system(), row.pk)
    assert asked is not None
    return {"pk": batches.batch_ask(actor=world.actor("adam"), chosen=[asked.pk]).pk}


MONEY_PAGES: dict[Callable[[World], Any], str] = {
    money.make_deposit: "deposit deposit-decide deposit-credit deposit-return deposit-hold"
    " deposit-cancel deposit-look deposit-settle chargeback-new",
    money.make_withdrawal: "withdrawal withdrawal-decide withdrawal-approve withdrawal-reject"
    " withdrawal-ask withdrawal-hold withdrawal-edit withdrawal-cancel withdrawal-resolve"
    " withdrawal-look",
    money.make_part: "part-retry part-give-up part-resolve",
    money.make_hold: "hold-release",
    money.make_message: "notice notice-aside",
    money.make_method: "method method-switch method-move",
    money.make_rules: "rules-version rules-try rules-propose",
    money.make_chargeback: "chargeback chargeback-add chargeback-submit chargeback-accept"
    " chargeback-settle chargeback-write-off chargeback-look",
    money.make_evidence: "evidence-file evidence-remove",
    money.make_adjustment: "adjustment adjustment-cancel",
    money.make_conversion: "conversion conversion-accept conversion-again conversion-cancel",
    money.make_bonus: "bonus bonus-cancel",
    money.make_bonus_rule: "bonus-rule-retire",
    money.make_spread: "conversion-spread-remove",
    money.make_payment_file: "file file-hand-over file-cancel file-report",
    _transfer: "transfer transfer-decide transfer-again transfer-wallet transfer-look",
    _transfer_with_leg: "transfer-settle",
    lambda world: money.make_method(world).gateway: "gateway gateway-test",
    lambda world: make_lead(world.actor("olivia")): "deposit-new withdrawal-new transfer-new"
    " destination-new adjustment-new conversion-new bonus-new",
    lambda world: money.make_destination(
        world, make_lead(world.actor("olivia"))
    ): "destination-approve destination-suspend destination-edit destination-retire",
}

OBJECTS: dict[str, Callable[[World], Arguments]] = {
    **{
        f"payments:{name}": mover
        for mover, names in [(_mover(make), names) for make, names in MONEY_PAGES.items()]
        for name in names.split()
    },
    "compliance:list-version": _list_version,
    "compliance:held-payment": _held_withdrawal,
    "compliance:release": _held_withdrawal,
    "compliance:alert": _alert,
    "compliance:alert-review": _alert,
    "compliance:alert-decide": _alert_verdict,
    "compliance:alert-snooze": _alert,
    **dict.fromkeys(
        ("compliance:risk-model", "compliance:risk-try", "compliance:risk-propose"), _risk_model
    ),
    **dict.fromkeys(("compliance:risk-change", "compliance:risk-seen"), _risk_change),
    "compliance:scenario-move": _scenario,
    "compliance:hit": _hit,
    "compliance:hit-decide": _hit_verdict,
    "compliance:hit-vote": _hit,
    "portal:view-delete": _saved_view,
    "portal:batch": _batch,
    "portal:batch-stop": _batch,
    "portal:export-file": _export,
    "reconciliation:file": books.statement_file,
    "reconciliation:file-columns": books.csv_file,
    "reconciliation:file-live": books.statement_file,
    "reconciliation:break": books.break_,
    "reconciliation:break-take": books.break_,
    "reconciliation:break-close": books.break_,
    "reconciliation:break-match": books.break_,
    "reconciliation:break-settle": books.break_,
    "reconciliation:break-adjust": books.break_,
    "reconciliation:break-identify": books.break_,
    "reconciliation:break-accept": books.break_,
    "reconciliation:break-line-match": books.break_,
    "reconciliation:break-line-unmatch": books.break_,
    "reconciliation:report": books.settlement_report,
    "reconciliation:report-live": books.settlement_report,
    "reconciliation:report-cost": books.settlement_report,
    "reconciliation:cost": books.settlement_cost,
    "reconciliation:sign-off": books.signed_account,
    "reconciliation:sign-off-sign": books.signed_account,
    "reconciliation:adjustment": books.bank_adjustment,
    "portal:approval": _approval,
    "portal:approval-decide": _approval,
    "portal:member": _member,
    "portal:member-invite-again": _member,
    "portal:member-grant": _member,
    "portal:member-withdraw": _member,
    "portal:member-active": _member,
    "portal:api-key-revoke": _api_key,
    "portal:settings-entity": _entity,
    "portal:support-end": _support_session,
    "portal:settings-level": lambda world: {"code": levels(world.actor("adam"))[0].queue.code},
    "portal:item-claim": _work_item,
    "portal:item-release": _work_item,
    **{f"clients:{name}": _client for name in CLIENT_PAGES.split()},
    **dict.fromkeys(("clients:desk", "clients:desk-join", "clients:desk-leave"), _desk),
    "clients:tab": lambda world: {**_client(world), "code": "identity"},
    "clients:move": lambda world: {**_client(world), "state": "closed"},
    "clients:restriction-lift": _restriction,
    "clients:link-revoke": _upload_link,
    "clients:document": _document,
    "ib:new": _client,
    "ib:state": lambda world: {**books.partner(world), "state": "suspended"},
    "ib:line": books.partner_line,
    "ib:payout": books.partner_payout,
    "ib:payout-decide": books.partner_payout,
    **{f"ib:{name}": books.partner for name in PARTNER_PAGES.split()},
    **{f"ib:{name}": books.agreement for name in AGREEMENT_PAGES.split()},
    **dict.fromkeys(("privacy:request-new", "privacy:hold-new"), _client),
    **{f"privacy:{name}": _erasure for name in ("request", "request-cancel", "letter")},
    "privacy:hold-lift": _legal_hold,
    "kyc:open": _client,
    "kyc:category": _client,
    "kyc:company-flags": _company,
    "kyc:party-new": lambda world: {**_company(world), "kind": "person"},
    **{f"kyc:{name}": _party for name in PARTY_PAGES.split()},
    "clients:tax-party": _party,
    "kyc:level-tax": _level,
    **dict.fromkeys(("kyc:share-change", "kyc:role-end"), _share),
    **{f"kyc:form{name}": _form_version for name in FORM_PAGES.split(",")},
    **dict.fromkeys(("kyc:form-question", "kyc:form-move", "kyc:form-copy"), _form_question),
    "kyc:form-remove": _form_question,
    **dict.fromkeys(("kyc:form-fill", "kyc:form-link"), _form_of_client),
    **dict.fromkeys(("kyc:filling", "kyc:filling-drop"), _filling),
    "kyc:vendor": _vendor,
    "kyc:vendor-test": _vendor,
    "kyc:identity-start": _case,
    "kyc:check-again": lambda world: {**_case(world), "name": "screening"},
    **{f"kyc:{name}": _case for name in CASE_PAGES.split()},
    **{f"kyc:{name}": _case_document for name in CASE_DOCUMENT_PAGES.split()},
    "trading:account": _account,
    "trading:account-new": lambda world: {"client_pk": _client(world)["pk"]},
    **{f"trading:account-{name}": _account for name in ACCOUNT_PAGES.split()},
    "trading:password-show": _password_change,
    **dict.fromkeys(("trading:leverage-table", "trading:leverage-propose"), _leverage_table),
    "trading:operation": _operation,
    "trading:operation-look": _operation,
    "trading:operation-cancel": _operation,
    "trading:server": _server,
    "trading:server-edit": _server,
    "trading:server-ask": _server,
    "trading:group-offer": _trading_group,
    "operations:notification": _notification,
    "operations:item-retry": _failed_item,
    "reporting:client-money-report": books.client_money_report,
    "reporting:client-money-sign": books.client_money_report,
    "reporting:report-file": books.report_file,
    **{f"reporting:{name}": books.business_day for name in DAY_PAGES.split()},
    "reporting:day-file": books.day_file,
}
