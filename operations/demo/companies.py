"""The demo's companies: one with a holding between, a politically exposed owner and a signatory who
may be on a list; one of which half is not told."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from PIL import Image, ImageDraw

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.tenancy.models import LegalEntity
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from clients.documents import document_describe, document_store
from clients.files import CleanFile
from clients.models import Client, ClientDocument, Desk, DocumentType, Party
from clients.ownership.services import party_add, tie_add
from clients.sanitise import sanitise
from clients.services import client_create
from clients.states import DocumentState
from clients.tax.rules import Residence
from clients.tax.services import tax_certify
from clients.tax.states import Classification
from kyc import guards, reviews, services
from kyc.models import KycCase
from kyc.parties.services import ownership, party_clear, why_not_clear
from operations.demo import Demo, step
from operations.demo.clients import Person, bill, font, jpeg, passport

FULL, HALF = "Meltemi Maritime Ltd", "Northwind Freight GmbH"
SINCE = date(2019, 4, 1)


@step("companies", 25, opens_scope=True)
def companies(actor: Actor, demo: Demo) -> None:
    """Of the first brokerage alone. Nothing the second time."""
    if demo.tenant.slug != "aurora":
        return
    with tenant_scope(actor.tenant_id, actor):
        if Client.objects.filter(tenant_id=actor.tenant_id, company_name=FULL).exists():
            return
    came_at = datetime.now(demo.opened_at.tzinfo) - timedelta(days=3)
    demo.past.go(came_at)
    _full(actor, demo, came_at)
    _half(demo)
    demo.past.home()
    outbox.drain(actor)


def _company(demo: Demo, name: str, country: str, email: str) -> Client:
    return client_create(
        actor=demo.actors["support"],
        kind="company",
        company_name=name,
        email=email,
        phone="+357 25 600600",
        nationality="",
        residence=country,
        address="12 Quay Road",
        source="website",
        desk=Desk.objects.order_by("name").first(),
        legal_entity=LegalEntity.objects.first(),
    )


def _person(
    number: int, given: str, surname: str, born: date, country: str, came_at: datetime
) -> Person:
    return Person(number, given, surname, born, country, country, 2, "sent", came_at)


def _party(
    demo: Demo, client: Client, person: Person, share: str, of: Party | None, *, exposed: bool
) -> Party:
    return party_add(
        actor=demo.actors["support"],
        client=client,
        kind="person",
        first_name=person.given,
        last_name=person.surname,
        birth_date=person.born,
        nationality=person.nationality,
        residence=person.home,
        politically_exposed=exposed,
        role="owner",
        percent=Decimal(share),
        of=of,
        from_on=SINCE,
    )


def _signatory(demo: Demo, client: Client, person: Person) -> Party:
    """Whose name is like one on the invented list."""
    return party_add(
        actor=demo.actors["support"],
        client=client,
        kind="person",
        first_name=person.given,
        last_name=person.surname,
        birth_date=person.born,
        nationality=person.nationality,
        residence=person.home,
        role="signatory",
        from_on=SINCE,
    )


def _full(actor: Actor, demo: Demo, came_at: datetime) -> None:
    """Submitted, looked at, and waiting for the owner who holds public office."""
    support, officer = demo.actors["support"], demo.actors["compliance"]
    despina = _person(101, "Despina", "Kalogirou", date(1968, 2, 11), "GR", came_at)
    nikos = _person(102, "Nikos", "Kalogirou", date(1995, 9, 30), "GR", came_at)
    chen = _person(105, "Chen", "Zhaoling", date(1991, 3, 8), "CN", came_at)
    andreas = _person(103, "Andreas", "Vasileiou", date(1974, 6, 18), "CY", came_at)
    with tenant_scope(support.tenant_id, support):
        client = _company(demo, FULL, "CY", "office@meltemi.example")
        holding = party_add(
            actor=support,
            client=client,
            kind="company",
            company_name="Aegean Harbour Holding SA",
            registration_number="B 214.877",
            residence="LU",
            role="owner",
            percent=Decimal(60),
            from_on=SINCE,
        )
        parties = [
            (_party(demo, client, despina, "70", holding, exposed=True), despina),
            (_party(demo, client, nikos, "30", holding, exposed=False), nikos),
            (_party(demo, client, andreas, "32.5", None, exposed=False), andreas),
        ]
        tie_add(actor=support, party=parties[2][0], role="director", from_on=SINCE)
        parties.append((_signatory(demo, client, chen), chen))
        _taxes(officer, client, parties[0][0])
        case = services.case_open(actor=officer, client=client, level=2)
        for kind in (DocumentType.INCORPORATION, DocumentType.SHAREHOLDERS):
            _give(support, client, None, kind, _page(kind, FULL), came_at)
            _give(support, client, holding, kind, _page(kind, holding.name), came_at)
        for party, person in parties:
            _give(support, client, party, DocumentType.PASSPORT, passport(person), came_at)
            _give(support, client, party, DocumentType.UTILITY_BILL, bill(person), came_at)
        services.case_submit(actor=officer, case=case)
    outbox.drain(actor)
    demo.past.go(came_at + timedelta(hours=2))
    with tenant_scope(officer.tenant_id, officer):
        _look(officer, case, parties[2][0])


def _taxes(officer: Actor, client: Client, despina: Party) -> None:
    """A passive entity: of two who control it, one has certified; and a person with a doubt."""
    tax_certify(
        actor=officer,
        client=client,
        us_person=False,
        classification=Classification.PASSIVE,
        residences=[Residence("CY", "10214877K")],
        certified_by="Andreas Vasileiou, director",
    )
    tax_certify(
        actor=officer,
        client=client,
        party=despina,
        us_person=False,
        residences=[Residence("GR", "048112233"), Residence("AE", no_tin="A")],
        certified_by=despina.name,
    )
    person = Client.objects.filter(last_name="Haddad").first()
    if person is not None:
        tax_certify(
            actor=officer,
            client=person,
            us_person=False,
            residences=[Residence("JO", "000812345")],
            certified_by=person.name,
        )


def _look(officer: Actor, case: KycCase, cleared: Party) -> None:
    row = KycCase.objects.select_related("client", "level").get(pk=case.pk)
    if guards.why_not_review(officer, row):
        return
    papers = ClientDocument.objects.filter(
        tenant_id=officer.tenant_id, client=row.client, state=DocumentState.UPLOADED
    )
    for document in papers.order_by("id"):
        reviews.document_decide(actor=officer, case=row, document=document, accepted=True)
    standing = ownership(row.client).standings[cleared.pk]
    if not why_not_clear(officer, standing):
        party_clear(actor=officer, party=cleared)


def _half(demo: Demo) -> None:
    """A draft: one owner is named, without papers, and nobody who directs."""
    support, officer = demo.actors["support"], demo.actors["compliance"]
    greta = _person(104, "Greta", "Winkelmann", date(1982, 12, 3), "DE", demo.opened_at)
    with tenant_scope(support.tenant_id, support):
        client = _company(demo, HALF, "DE", "hello@northwind.example")
        _party(demo, client, greta, "45", None, exposed=False)
        services.case_open(actor=officer, client=client, level=1)


def _give(
    actor: Actor,
    client: Client,
    party: Party | None,
    kind: DocumentType,
    drawing: bytes,
    came_at: datetime,
) -> None:
    clean, content = sanitise(drawing)
    document = document_store(
        actor=actor,
        client=client,
        party=party,
        type=kind,
        name=f"{kind}.jpg",
        content=drawing,
        clean=CleanFile(content, clean.mime, clean.pages),
    )
    ends = today() + timedelta(days=1500) if kind == DocumentType.PASSPORT else None
    document_describe(
        actor=actor,
        document=document,
        issued_on=came_at.date() - timedelta(days=20),
        expires_on=ends,
    )


def _page(kind: DocumentType, company: str) -> bytes:
    """A drawn page of a company's register."""
    page = Image.new("RGB", (1000, 1300), "white")
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 0, 1000, 120), fill=(60, 60, 110))
    pen.text((60, 40), "Register of Companies · SPECIMEN", fill="white", font=font(36))
    for row, line in enumerate((str(kind.label), "", company)):
        pen.text((60, 200 + row * 60), line, fill=(30, 30, 30), font=font(36))
    return jpeg(page)
