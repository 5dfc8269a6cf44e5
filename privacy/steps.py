"""What an erasure consists of, in order: each step is one transaction and leaves its evidence.

Every step finds for itself what is left to do, so that one that was cut off is done again whole.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from backoffice.core.context import Actor
from clients.models import Client, ClientKind
from clients.ownership.models import Party
from clients.ownership.states import PartyKind
from payments.models import WebhookMessage
from privacy import places, redact, sweep
from privacy.models import ErasureRequest
from privacy.rules import Category
from privacy.sweep import Table
from privacy.terms import Terms, has_namesake

SWEPT = "sweep"


@dataclass(frozen=True, slots=True)
class Task:
    """What a step works with."""

    actor: Actor
    request: ErasureRequest
    client: Client
    terms: Terms


@dataclass(frozen=True, slots=True)
class Done:
    """How many rows or files went, and what else there is to say."""

    rows: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    code: str
    category: str
    label: str
    run: Callable[[Task], Done]


def _place(place: places.Place) -> Callable[[Task], Done]:
    def run(task: Task) -> Done:
        ids: list[UUID] = place.ids(task.client)
        if place.remove:
            return Done(sweep.remove(task.request.pk, place.table, place.key, ids))
        values = json.dumps(place.values)
        return Done(sweep.write(task.request.pk, place.table, place.key, ids, values))

    return run


def _documents(task: Task) -> Done:
    return Done(redact.documents_remove(task.client), "files on disk")


def _payers(task: Task) -> Done:
    """Lines of bank statements that were matched to the client's payments."""
    from reconciliation.models import Match, StatementLine

    lines = Match.objects.filter(
        tenant_id=task.actor.tenant_id, subject_id__in=places.about(task.client)
    ).values_list("line_id", flat=True)
    values = {"counterparty_name": "", "counterparty_account": "", "text": "", "raw": ""}
    table = StatementLine._meta.db_table
    return Done(sweep.write(task.request.pk, table, "id", set(lines), json.dumps(values)))


def _messages(task: Task) -> Done:
    """What gateways and vendors posted about the client, as it came."""
    from kyc.models import VendorCheck, VendorMessage
    from payments.models import Deposit, Withdrawal

    tenant_id, about = task.actor.tenant_id, places.about(task.client)
    refs = {
        str(each).encode()
        for model in (Deposit, Withdrawal)
        for pair in model.objects.filter(tenant_id=tenant_id, client=task.client).values_list(
            "provider_ref", "reference"
        )
        for each in pair
        if len(each) >= REF_CHARS_MIN
    }
    checks = VendorCheck.objects.filter(tenant_id=tenant_id, case__client=task.client)
    refs |= {each.encode() for each in checks.values_list("vendor_ref", flat=True) if each}
    values = json.dumps({"body": places.NO_BYTES, "headers": {}})
    many = 0
    for model in (WebhookMessage, VendorMessage):
        table = model._meta.db_table
        ids = sweep.with_bytes(table, "body", sorted(refs))
        many += sweep.write(task.request.pk, table, "id", ids, values)
    own = VendorMessage.objects.filter(tenant_id=tenant_id, check_id__in=about)
    own_ids = own.values_list("pk", flat=True)
    many += sweep.write(task.request.pk, VendorMessage._meta.db_table, "id", own_ids, values)
    return Done(many)


REF_CHARS_MIN = 8


def _client(task: Task) -> Done:
    """The client's own row keeps its reference and what the books lead to, and nothing else."""
    company = task.client.kind == ClientKind.COMPANY
    values = {
        "first_name": "",
        "last_name": "" if company else "Erased",
        "company_name": "Erased" if company else "",
        "email": "",
        "phone": "",
        "birth_date": None,
        "nationality": "",
        "residence": "",
        "address": "",
        "surname_key": "",
        "source": "",
        "do_not_contact": True,
    }
    table, pk = Client._meta.db_table, [task.client.pk]
    return Done(sweep.write(task.request.pk, table, "id", pk, json.dumps(values)))


def _work(task: Task) -> Done:
    return Done(sweep.work_remove(task.request.pk, places.about(task.client)))


def _parties(task: Task) -> Done:
    """Who stood behind a company: rows stay for what leads to them, and say nothing."""
    blank = dict.fromkeys(
        ("first_name", "nationality", "residence", "registration_number", "decision_reason"), ""
    )
    many = 0
    for kind, name in ((PartyKind.PERSON, "last_name"), (PartyKind.COMPANY, "company_name")):
        rows = Party.objects.filter(tenant_id=task.actor.tenant_id, client=task.client, kind=kind)
        values = json.dumps({**blank, name: "Erased", "birth_date": None, "flags": "{}"})
        ids = rows.values_list("pk", flat=True)
        many += sweep.write(task.request.pk, Party._meta.db_table, "id", ids, values)
    return Done(many)


def _details(task: Task) -> Done:
    """Details of the trail's entries about the client themselves; the entries stay."""
    return Done(sweep.details_remove(task.request.pk, places.about(task.client)))


def _sealed_rows(task: Task) -> Done:
    many = 0
    for kept in redact.KEPT:
        for row, sealed in kept.redacted(task.terms):
            values = json.dumps({kept.column: "\\x" + sealed.hex()})
            many += sweep.write(task.request.pk, kept.table, "id", [row.pk], values)
    return Done(many)


def _files(task: Task) -> Done:
    raw, exports = redact.raw_files(task.terms), redact.exports_remove(task.terms)
    return Done(raw + exports, f"{raw} raw files, {exports} exports")


def _sweep(app: str) -> Callable[[Task], Done]:
    def run(task: Task) -> Done:
        about, same = places.about(task.client), has_namesake(task.client)
        mine: Sequence[Table] = [each for each in sweep.tables() if each.app == app]
        found = {
            table.name: sweep.take_out(task.request.pk, table, task.terms, about, namesake=same)
            for table in mine
        }
        named = ", ".join(f"{name} {many}" for name, many in found.items() if many)
        return Done(sum(found.values()), (named or f"{len(mine)} tables, none had it")[:300])

    return run


def _look(task: Task) -> Done:
    """Look once more, everywhere: the evidence that it is gone, or where it is not."""
    found = sweep.left(task.client, task.terms, places.about(task.client))
    files = redact.files_that_name(task.terms)
    task.request.left = [*found, *([path, 1] for path in files)]
    task.request.save(update_fields=["left"])
    many = len(task.request.left)
    return Done(many, "the name stands in no table and no file" if not many else "found elsewhere")


def _own(category: str) -> list[Step]:
    steps = [
        Step(f"{category}:{place.model}", category, _titled(place), _place(place))
        for place in places.of(category)
    ]
    extra = {
        Category.IDENTITY: [
            Step("files", category, "Documents on disk", _documents),
            Step("parties", category, "Who stood behind the company", _parties),
        ],
        Category.TRANSACTIONS: [
            Step("payers", category, "Lines of bank statements", _payers),
            Step("messages", category, "Messages of gateways and vendors", _messages),
        ],
        Category.COMMUNICATIONS: [Step("work", category, "Messages on their way", _work)],
        Category.AUDIT: [Step("details", category, "Details in the audit trail", _details)],
    }
    return [*extra.get(Category(category), []), *steps]


def _titled(place: places.Place) -> str:
    from django.apps import apps

    plural = str(apps.get_model(place.model)._meta.verbose_name_plural)
    return (f"{plural[:-2]}ies" if plural.endswith("ys") else plural).capitalize()


def plan(going: Sequence[str]) -> list[Step]:
    """The steps for the categories that go. The name is looked for everywhere with identity, which
    is the last to go."""
    found = [step for category in Category if category != Category.IDENTITY and category in going
             for step in _own(category)]  # fmt: skip
    if Category.IDENTITY in going:
        found += _own(Category.IDENTITY)
        found.append(Step("sealed", "", "Files and requests that are sealed", _sealed_rows))
        found.append(Step("stored", "", "Raw files and exports", _files))
        apps = sorted({table.app for table in sweep.tables()})
        found += [
            Step(f"{SWEPT}:{app}", "", f"The name in every table of {app}", _sweep(app))
            for app in apps
        ]
        found.append(Step("client", Category.IDENTITY, "The client's own record", _client))
        found.append(Step("look", "", "A last look, everywhere", _look))
    return found


def step_of(code: str) -> Step:
    """By what a row says, also when the plan has changed since."""
    return next(each for each in plan(list(Category)) if each.code == code)
