"""The demo's clients: desks, levels, people in every state of onboarding, with drawn papers.

Everyone here is made up, and every passport is a drawing of a country that does not exist.
"""

import io
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from PIL import Image, ImageDraw, ImageFont

from backoffice.core.clock import now, today
from backoffice.core.context import Actor
from backoffice.tenancy.models import LegalEntity
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from clients.documents import document_describe, document_store
from clients.files import CleanFile
from clients.models import Client, ClientDocument, Desk, DocumentType
from clients.sanitise import sanitise
from clients.services import client_create, desk_create, note_add
from clients.states import DocumentState
from kyc import guards, reviews, services
from kyc.approvals import case_send, case_vote
from kyc.defaults import levels_install
from kyc.models import KycCase
from kyc.mrz import check_digit
from operations.demo import Demo, step

# given names, surname, birth date, nationality, residence, level asked for, how far it went, and
# how many days ago they registered
PEOPLE = (
    ("Elena", "Markou", "1984-03-09", "CY", "CY", 2, "approved", 46.2),
    ("Tomas", "Hruska", "1979-11-21", "CZ", "CZ", 2, "approved", 45.1),
    ("Ingrid", "Solberg", "1991-06-02", "NO", "NO", 2, "approved", 43.4),
    ("Luca", "Ferrante", "1988-01-30", "IT", "IT", 2, "approved", 41.3),
    ("Noor", "Haddad", "1982-09-14", "JO", "AE", 2, "approved", 38.2),
    ("Piotr", "Zielinski", "1975-05-05", "PL", "DE", 2, "approved", 35.4),
    ("Aisha", "Okonkwo", "1993-12-12", "NG", "GB", 2, "approved", 33.3),
    ("Daniel", "Weiss", "1969-07-27", "AT", "AT", 2, "approved", 31.1),
    ("Beatriz", "Carvalho", "1985-04-17", "PT", "ES", 2, "approved", 28.3),
    ("Anton", "Bergqvist", "1980-08-08", "SE", "SE", 2, "approved", 25.2),
    ("Oliver", "Ashcroft", "1978-10-03", "GB", "GB", 2, "approved", 20.1),
    ("Chiara", "Moretti", "1989-05-29", "IT", "IT", 2, "approved", 17.3),
    ("Stefan", "Gruber", "1971-01-11", "DE", "DE", 2, "approved", 15.2),
    ("Matteo", "Galli", "1983-12-05", "CH", "CH", 2, "approved", 10.3),
    ("Hanna", "Virtanen", "1997-03-30", "FI", "FI", 2, "approved", 7.4),
    ("George", "Pembroke", "1966-09-22", "GB", "GB", 1, "approved", 7.1),
    ("Marta", "Nunes", "1996-02-18", "PT", "PT", 2, "sent", 1.4),
    ("Henrik", "Dahl", "1987-10-08", "DK", "DK", 1, "sent", 0.34),
    ("Sofia", "Petrova", "1990-04-23", "BG", "BG", 2, "submitted", 0.31),
    ("James", "Whitfield", "1972-08-31", "GB", "GB", 2, "submitted", 0.22),
    ("Yuki", "Tanabe", "1995-03-15", "JP", "SG", 1, "submitted", 0.14),
    ("Rania", "Mansour", "1986-11-03", "LB", "CY", 2, "submitted", 0.09),
    ("Pavlos", "Andreou", "1981-02-02", "CY", "CY", 1, "submitted", 0.05),
    ("Emil", "Sorensen", "1999-06-11", "DK", "DK", 2, "asked", 6.3),
    ("Nadia", "Belkacem", "1988-08-14", "DZ", "FR", 2, "rejected", 24.4),
    ("Viktor", "Nagy", "1981-06-19", "HU", "HU", 1, "draft", 2.2),
    ("Camille", "Laurent", "1998-09-29", "FR", "FR", 0, "lead", 9.2),
    ("Oskar", "Lehmann", "1977-12-24", "DE", "DE", 0, "lead", 3.4),
    ("Samuel", "Adeyemi", "1985-05-15", "NG", "GB", 0, "lead", 0.4),
)
# Came within the week and pay in and out by card alone: no trading account yet.
NEWCOMERS = (
    ("Lukas", "Brandt", "1992-07-19", "DE", "DE", 2, "approved", 6.9),
    ("Giulia", "Conti", "1987-11-08", "IT", "IT", 2, "approved", 6.8),
    ("Marek", "Dvorak", "1974-02-26", "CZ", "CZ", 2, "approved", 6.7),
    ("Leila", "Benali", "1995-09-01", "MA", "FR", 2, "approved", 6.6),
    ("Jonas", "Ahlqvist", "1987-06-30", "SE", "SE", 2, "approved", 6.5),
    ("Katarina", "Horvat", "1990-12-13", "HR", "HR", 2, "approved", 6.4),
    ("Tiago", "Mendes", "1983-04-04", "PT", "PT", 2, "submitted", 0.26),
    ("Freya", "Nilsen", "1998-01-22", "NO", "NO", 1, "submitted", 0.03),
)
DESKS = ("Europe", "International")
SUBMITTED = timedelta(minutes=50)
REVIEWED = timedelta(hours=3)
APPROVED = timedelta(hours=5)


@dataclass(frozen=True)
class Person:
    """Someone who came to the brokerage, and how far they went."""

    number: int
    given: str
    surname: str
    born: date
    nationality: str
    home: str
    level: int
    goal: str
    came_at: datetime

    @property
    def address(self) -> str:
        return f"{zlib.crc32(self.given.encode()) % 90 + 1} Harbour Street"


def people(demo: Demo) -> list[Person]:
    small = (*PEOPLE[6:15], *PEOPLE[17:22], *PEOPLE[-2:])
    rows = (*PEOPLE, *NEWCOMERS) if demo.tenant.slug == "aurora" else small
    return [
        Person(
            number, given, surname, date.fromisoformat(born), nation, home, level, goal,
            now() - timedelta(days=days),
        )
        for number, (given, surname, born, nation, home, level, goal, days) in enumerate(rows)
    ]  # fmt: skip


@step("clients", 10, opens_scope=True)
def clients(actor: Actor, demo: Demo) -> None:
    """Lay levels and desks, then bring each client as far as they went. Nothing the second time."""
    with tenant_scope(actor.tenant_id, actor):
        if Client.objects.filter(tenant_id=actor.tenant_id).exists():
            return
    demo.past.go(demo.opened_at)
    with tenant_scope(actor.tenant_id, actor):
        levels_install(actor=actor)
        desks = [desk_create(actor=actor, name=name) for name in DESKS]
    demo.past.home()
    arrived = people(demo)
    made = [(person, register(demo, person, desks)) for person in arrived]
    papers = _papers(arrived)
    for person, client in made:
        if person.level:
            _onboard(actor, demo, person, client, papers)
    with tenant_scope(actor.tenant_id, actor):
        note_add(
            actor=demo.actors["support"],
            client=made[0][1],
            text="Prefers calls in the morning. Speaks Greek and English.",
        )


def register(demo: Demo, person: Person, desks: list[Desk]) -> Client:
    support = demo.actors["support"]
    demo.past.go(person.came_at)
    with tenant_scope(support.tenant_id, support):
        return client_create(
            actor=support,
            first_name=person.given,
            last_name=person.surname,
            email=f"{person.given}.{person.surname}@mail.example".lower(),
            phone=f"+357 99 {100000 + person.number}",
            birth_date=person.born,
            nationality=person.nationality,
            residence=person.home,
            address=person.address,
            source="website" if person.number % 3 else "partner link",
            desk=desks[person.number % len(desks)],
            legal_entity=LegalEntity.objects.first(),
        )


@dataclass(frozen=True)
class Paper:
    """A drawn document, and what is left of it once it was made harmless."""

    drawing: bytes
    clean: CleanFile


Papers = dict[tuple[str, DocumentType], Paper]
# Both brokerages know some of the same people: their papers are drawn and cleaned once.
_drawn: Papers = {}


def _papers(arrived: list[Person]) -> Papers:
    """The papers of people by surname: cleaned as every upload is, but without a process each,
    since the drawings are ours."""
    bringing = [person for person in arrived if person.goal not in ("draft", "lead")]
    fresh = {
        (person.surname, kind): draw(person)
        for person in bringing
        for kind, draw in ((DocumentType.PASSPORT, passport), (DocumentType.UTILITY_BILL, bill))
        if (person.surname, kind) not in _drawn
        and (kind == DocumentType.PASSPORT or person.level >= 2)
    }
    for key, drawing in fresh.items():
        clean, content = sanitise(drawing)
        _drawn[key] = Paper(drawing, CleanFile(content, clean.mime, clean.pages))
    return _drawn


def _onboard(actor: Actor, demo: Demo, person: Person, client: Client, papers: Papers) -> None:
    """One client's case, each step at its hour; the latest ones are still on their way."""
    officer, support = demo.actors["compliance"], demo.actors["support"]
    demo.past.go(person.came_at + timedelta(minutes=20))
    with tenant_scope(officer.tenant_id, officer):
        case = services.case_open(actor=officer, client=client, level=person.level)
    if person.goal == "draft":
        return
    demo.past.go(no_later(person.came_at + SUBMITTED))
    with tenant_scope(support.tenant_id, support):
        _hand_in(support, person, client, DocumentType.PASSPORT, papers)
        if person.level >= 2:
            _hand_in(support, person, client, DocumentType.UTILITY_BILL, papers)
        services.case_submit(actor=officer, case=case)
    outbox.drain(actor)
    if person.goal != "submitted":
        _decide(demo, person, case)


def no_later(moment: datetime) -> datetime:
    """Nothing happens in the future: who came just now hands in at once."""
    real = datetime.now(UTC)
    return min(moment, real - timedelta(minutes=2))


def _hand_in(
    actor: Actor, person: Person, client: Client, kind: DocumentType, papers: Papers
) -> None:
    paper = papers[person.surname, kind]
    document = document_store(
        actor=actor,
        client=client,
        type=kind,
        name=f"{kind}.jpg",
        content=paper.drawing,
        clean=paper.clean,
    )
    if kind == DocumentType.PASSPORT:
        document_describe(
            actor=actor,
            document=document,
            number=number_of(person.surname),
            issued_on=today() - timedelta(days=700),
            expires_on=expiry(),
        )
    else:
        document_describe(actor=actor, document=document, issued_on=billed_on(person.came_at))


def billed_on(moment: datetime) -> date:
    """The date of the bill that someone brings along at ``moment``."""
    return moment.date() - timedelta(days=20)


def _decide(demo: Demo, person: Person, case: KycCase) -> None:
    """Two people's work, as far as the guards let it go: a hit stays for a person to look at."""
    officer, mlro = demo.actors["compliance"], demo.actors["mlro"]
    demo.past.go(no_later(person.came_at + REVIEWED))
    with tenant_scope(officer.tenant_id, officer):
        row = KycCase.objects.select_related("client", "level").get(pk=case.pk)
        if guards.why_not_review(officer, row):
            return
        if person.goal == "asked":
            services.case_ask_client(
                actor=officer, case=row, reason="funds_unclear", note="Source of income, please."
            )
            return
        _documents(officer, row)
        if person.goal == "rejected":
            services.case_reject(actor=officer, case=row, reason="not_verified")
            return
        if guards.why_not_send(officer, row):
            return
        case_send(actor=officer, case=row)
    if person.goal == "approved":
        demo.past.go(no_later(person.came_at + APPROVED))
        with tenant_scope(mlro.tenant_id, mlro):
            case_vote(actor=mlro, case=row, approves=True)


def _documents(officer: Actor, row: KycCase) -> None:
    for document in ClientDocument.objects.filter(
        tenant_id=officer.tenant_id, client=row.client, state=DocumentState.UPLOADED
    ).order_by("id"):
        if document.type == DocumentType.PASSPORT:
            reviews.zone_read(
                actor=officer,
                case=row,
                document=document,
                text=zone_of(row.client.last_name, row.client.first_name, row.client.birth_date),
            )
        reviews.document_decide(actor=officer, case=row, document=document, accepted=True)


def number_of(surname: str) -> str:
    return f"U{zlib.crc32(surname.encode()) % 1_000_000:06d}77"


def expiry() -> date:
    return date(datetime.now(UTC).year + 6, 4, 15)


def zone_of(surname: str, given: str, birth_date: date | None, expires: date | None = None) -> str:
    """The zone of a passport of Utopia, the country of ICAO's specimens, with right digits."""
    name = f"{surname}<<{given}".upper().replace(" ", "<")
    assert birth_date is not None
    number, born = number_of(surname), f"{birth_date:%y%m%d}"
    ends = f"{expires or expiry():%y%m%d}"
    second = f"{number}{check_digit(number)}UTO{born}{check_digit(born)}<{ends}{check_digit(ends)}"
    second = second.ljust(42, "<") + "0"
    whole = check_digit(second[:10] + second[13:20] + second[21:43])
    return f"P<UTO{name}".ljust(44, "<")[:44] + f"\n{second}{whole}"


def passport(person: Person, expires: date | None = None) -> bytes:
    """A drawn page of a passport, with a zone that can be read."""
    ends = expires or expiry()
    page = Image.new("RGB", (1320, 930), (247, 243, 234))
    pen = ImageDraw.Draw(page)
    pen.rectangle((66, 78, 402, 504), fill=(217, 210, 195))
    pen.ellipse((153, 165, 315, 327), fill=(185, 176, 157))
    pen.pieslice((102, 330, 366, 680), 180, 360, fill=(185, 176, 157))
    zone = zone_of(person.surname, person.given, person.born, ends)
    facts = (
        ("Surname", person.surname.upper()),
        ("Given names", person.given.upper()),
        ("Number", number_of(person.surname)),
        ("Date of birth", f"{person.born:%d.%m.%Y}"),
        ("Date of expiry", f"{ends:%d.%m.%Y}"),
    )
    pen.text((456, 36), "UTOPIA · PASSPORT · SPECIMEN", fill=(107, 100, 84), font=font(26))
    for row, (label, text) in enumerate(facts):
        top = 100 + row * 96
        pen.text((456, top), label, fill=(107, 100, 84), font=font(22))
        pen.text((456, top + 28), text, fill=(44, 42, 36), font=font(40))
    for row, line in enumerate(zone.split("\n")):
        for column, char in enumerate(line):
            pen.text((66 + column * 27, 740 + row * 66), char, fill=(44, 42, 36), font=font(36))
    return jpeg(page)


def bill(person: Person, dated: date | None = None) -> bytes:
    """A drawn utility bill."""
    page = Image.new("RGB", (1000, 1300), "white")
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 0, 1000, 120), fill=(20, 90, 110))
    pen.text((60, 40), "City Water Works · SPECIMEN", fill="white", font=font(36))
    words = f"Bill of {dated or billed_on(person.came_at):%d %B %Y}"
    lines = (f"{person.given} {person.surname}", person.address, "", words)
    for row, line in enumerate(lines):
        pen.text((60, 200 + row * 54), line, fill=(30, 30, 30), font=font(34))
    return jpeg(page)


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def jpeg(page: Image.Image) -> bytes:
    out = io.BytesIO()
    page.save(out, "JPEG", quality=88)
    return out.getvalue()
