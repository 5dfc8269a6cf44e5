"""The demo's clients: desks, levels, people in every state of onboarding, with drawn papers.

Everyone here is made up, and every passport is a drawing of a country that does not exist.
"""

import io
from datetime import date, timedelta

from PIL import Image, ImageDraw, ImageFont

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.tenancy.models import LegalEntity
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from clients.documents import document_describe, document_store
from clients.models import Client, ClientDocument, DocumentType
from clients.services import client_create, desk_create, note_add
from clients.states import DocumentState
from kyc import guards, reviews, services
from kyc.approvals import case_send, case_vote
from kyc.defaults import levels_install
from kyc.models import KycCase
from kyc.mrz import check_digit
from operations.demo import Demo, step

# given names, surname, birth date, nationality, residence, level asked for, how far it went
PEOPLE = (
    ("Elena", "Markou", "1984-03-09", "CY", "CY", 2, "approved"),
    ("Tomas", "Hruska", "1979-11-21", "CZ", "CZ", 2, "approved"),
    ("Ingrid", "Solberg", "1991-06-02", "NO", "NO", 2, "approved"),
    ("Luca", "Ferrante", "1988-01-30", "IT", "IT", 2, "approved"),
    ("Noor", "Haddad", "1982-09-14", "JO", "AE", 2, "approved"),
    ("Piotr", "Zielinski", "1975-05-05", "PL", "DE", 2, "approved"),
    ("Aisha", "Okonkwo", "1993-12-12", "NG", "GB", 1, "approved"),
    ("Daniel", "Weiss", "1969-07-27", "AT", "AT", 2, "approved"),
    ("Marta", "Nunes", "1996-02-18", "PT", "PT", 2, "sent"),
    ("Henrik", "Dahl", "1987-10-08", "DK", "DK", 1, "sent"),
    ("Sofia", "Petrova", "1990-04-23", "BG", "BG", 2, "submitted"),
    ("James", "Whitfield", "1972-08-31", "GB", "GB", 2, "submitted"),
    ("Yuki", "Tanabe", "1995-03-15", "JP", "SG", 1, "submitted"),
    ("Rania", "Mansour", "1986-11-03", "LB", "CY", 2, "submitted"),
    ("Viktor", "Nagy", "1981-06-19", "HU", "HU", 1, "draft"),
    ("Camille", "Laurent", "1998-09-29", "FR", "FR", 0, "lead"),
    ("Oskar", "Lehmann", "1977-12-24", "DE", "DE", 0, "lead"),
)
DESKS = ("Europe", "International")


@step("clients", 10, opens_scope=True)
def clients(actor: Actor, demo: Demo) -> None:
    """Lay levels and desks, then bring each client as far as they went. Nothing the second time."""
    with tenant_scope(actor.tenant_id, actor):
        if Client.objects.filter(tenant_id=actor.tenant_id).exists():
            return
        levels_install(actor=actor)
        desks = [desk_create(actor=actor, name=name) for name in DESKS]
        entity = LegalEntity.objects.first()
        made = []
        people = PEOPLE if demo.tenant.slug == "aurora" else PEOPLE[6:15]
        for number, (given, surname, born, nation, home, level, goal) in enumerate(people):
            client = client_create(
                actor=demo.actors["support"],
                first_name=given,
                last_name=surname,
                email=f"{given}.{surname}@mail.example".lower(),
                phone=f"+357 99 {100000 + number}",
                birth_date=date.fromisoformat(born),
                nationality=nation,
                residence=home,
                address=f"{number + 1} Harbour Street",
                source="website" if number % 3 else "partner link",
                desk=desks[number % len(desks)],
                legal_entity=entity,
            )
            made.append((client, level, goal))
    cases = [_begin(demo, client, level, goal) for client, level, goal in made if level]
    outbox.drain(actor)
    for case, (_, _, goal) in zip(cases, [row for row in made if row[1]], strict=True):
        if goal in ("sent", "approved"):
            _decide(demo, case, goal)
    with tenant_scope(actor.tenant_id, actor):
        note_add(
            actor=demo.actors["support"],
            client=made[0][0],
            text="Prefers calls in the morning. Speaks Greek and English.",
        )


def _begin(demo: Demo, client: Client, level: int, goal: str) -> KycCase:
    officer, support = demo.actors["compliance"], demo.actors["support"]
    with tenant_scope(officer.tenant_id, officer):
        case = services.case_open(actor=officer, client=client, level=level)
        if goal == "draft":
            return case
        _hand_in(support, client, DocumentType.PASSPORT)
        if level >= 2:
            _hand_in(support, client, DocumentType.UTILITY_BILL)
        return services.case_submit(actor=officer, case=case)


def _hand_in(actor: Actor, client: Client, kind: DocumentType) -> None:
    zone = zone_of(client)
    drawing = passport(client, zone) if kind == DocumentType.PASSPORT else bill(client)
    document = document_store(
        actor=actor, client=client, type=kind, name=f"{kind}.png", content=drawing
    )
    if kind == DocumentType.PASSPORT:
        document_describe(
            actor=actor,
            document=document,
            number=_number(client),
            issued_on=today() - timedelta(days=700),
            expires_on=_expiry(),
        )
    else:
        document_describe(actor=actor, document=document, issued_on=today() - timedelta(days=20))


def _decide(demo: Demo, case: KycCase, goal: str) -> None:
    """Two people's work, as far as the guards let it go: a hit stays for a person to look at."""
    officer, mlro = demo.actors["compliance"], demo.actors["mlro"]
    with tenant_scope(officer.tenant_id, officer):
        row = KycCase.objects.select_related("client", "level").get(pk=case.pk)
        if guards.why_not_review(officer, row):
            return
        for document in ClientDocument.objects.filter(
            client=row.client, state=DocumentState.UPLOADED
        ).order_by("id"):
            if document.type == DocumentType.PASSPORT:
                reviews.zone_read(
                    actor=officer, case=row, document=document, text=zone_of(row.client)
                )
            reviews.document_decide(actor=officer, case=row, document=document, accepted=True)
        if guards.why_not_send(officer, row):
            return
        case_send(actor=officer, case=row)
    if goal == "approved":
        with tenant_scope(mlro.tenant_id, mlro):
            case_vote(actor=mlro, case=row, approves=True)


def _number(client: Client) -> str:
    return f"U{client.reference[-6:]}77"


def _expiry() -> date:
    return date(today().year + 6, 4, 15)


def zone_of(client: Client) -> str:
    """The zone of a passport of Utopia, the country of ICAO's specimens, with right digits."""
    name = f"{client.last_name}<<{client.first_name}".upper().replace(" ", "<")
    assert client.birth_date is not None
    number, born = _number(client), f"{client.birth_date:%y%m%d}"
    ends = f"{_expiry():%y%m%d}"
    second = f"{number}{check_digit(number)}UTO{born}{check_digit(born)}<{ends}{check_digit(ends)}"
    second = second.ljust(42, "<") + "0"
    whole = check_digit(second[:10] + second[13:20] + second[21:43])
    return f"P<UTO{name}".ljust(44, "<")[:44] + f"\n{second}{whole}"


def passport(client: Client, zone: str) -> bytes:
    """A drawn page of a passport, with a zone that can be read."""
    page = Image.new("RGB", (1320, 930), (247, 243, 234))
    pen = ImageDraw.Draw(page)
    pen.rectangle((66, 78, 402, 504), fill=(217, 210, 195))
    pen.ellipse((153, 165, 315, 327), fill=(185, 176, 157))
    pen.pieslice((102, 330, 366, 680), 180, 360, fill=(185, 176, 157))
    assert client.birth_date is not None
    facts = (
        ("Surname", client.last_name.upper()),
        ("Given names", client.first_name.upper()),
        ("Number", _number(client)),
        ("Date of birth", f"{client.birth_date:%d.%m.%Y}"),
        ("Date of expiry", f"{_expiry():%d.%m.%Y}"),
    )
    pen.text((456, 36), "UTOPIA · PASSPORT · SPECIMEN", fill=(107, 100, 84), font=_font(26))
    for row, (label, text) in enumerate(facts):
        top = 100 + row * 96
        pen.text((456, top), label, fill=(107, 100, 84), font=_font(22))
        pen.text((456, top + 28), text, fill=(44, 42, 36), font=_font(40))
    for row, line in enumerate(zone.split("\n")):
        for column, char in enumerate(line):
            pen.text((66 + column * 27, 740 + row * 66), char, fill=(44, 42, 36), font=_font(36))
    return _png(page)


def bill(client: Client) -> bytes:
    """A drawn utility bill."""
    page = Image.new("RGB", (1000, 1300), "white")
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 0, 1000, 120), fill=(20, 90, 110))
    pen.text((60, 40), "City Water Works · SPECIMEN", fill="white", font=_font(36))
    lines = (client.name, client.address, "", f"Bill of {today() - timedelta(days=20):%d %B %Y}")
    for row, line in enumerate(lines):
        pen.text((60, 200 + row * 54), line, fill=(30, 30, 30), font=_font(34))
    return _png(page)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _png(page: Image.Image) -> bytes:
    out = io.BytesIO()
    page.save(out, "PNG", compress_level=3)
    return out.getvalue()
