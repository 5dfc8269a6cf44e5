"""The morning's applications: what an officer clears from the keyboard before lunch. Most are in
order, and each of the others has one thing that is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from backoffice.core.clock import now, today
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from clients.documents import document_describe, document_store
from clients.files import CleanFile
from clients.models import Client, Desk, DocumentType
from clients.sanitise import sanitise
from kyc import services
from operations.demo import Demo, step
from operations.demo.clients import (
    Person,
    bill,
    billed_on,
    expiry,
    no_later,
    number_of,
    passport,
    register,
)

EXPIRED, OTHER_NAME, OLD_BILL = "expired", "other name", "old bill"
# given names, surname, birth date, nationality, residence, level asked for, what is wrong
APPLICANTS = (
    ("Anneli", "Kaskinen", "1989-02-11", "FI", "FI", 2, ""),
    ("Bruno", "Falcetti", "1978-07-05", "IT", "IT", 1, ""),
    ("Carla", "Monteagudo", "1994-10-19", "ES", "ES", 2, OLD_BILL),
    ("Dirk", "Vanhoutte", "1969-01-27", "BE", "BE", 1, ""),
    ("Elina", "Ozolkalne", "1991-05-30", "LV", "LV", 1, ""),
    ("Fabian", "Rehbichler", "1984-12-02", "AT", "AT", 2, ""),
    ("Greta", "Lundvallsen", "1997-08-08", "SE", "SE", 1, EXPIRED),
    ("Hektor", "Papadimas", "1975-03-21", "GR", "CY", 2, ""),
    ("Ilze", "Berzkalns", "1986-09-14", "LV", "LV", 1, ""),
    ("Joao", "Figueirinha", "1990-06-17", "PT", "PT", 2, ""),
    ("Klara", "Novotnova", "1993-11-25", "CZ", "CZ", 1, OTHER_NAME),
    ("Lorenzo", "Bassanelli", "1981-04-09", "IT", "IT", 2, ""),
    ("Mirja", "Saarelainen", "1996-01-13", "FI", "FI", 1, ""),
    ("Niels", "Overgaardsen", "1972-10-28", "DK", "DK", 2, OLD_BILL),
    ("Oriane", "Delacourtie", "1988-07-22", "FR", "FR", 1, ""),
    ("Pawel", "Brzozowiecki", "1983-02-06", "PL", "PL", 2, ""),
    ("Quirin", "Hinterleitner", "1979-05-11", "DE", "DE", 1, ""),
    ("Rosalie", "Vermeulenkamp", "1995-12-30", "NL", "NL", 2, ""),
    ("Sander", "Haaksbergen", "1987-08-03", "NL", "NL", 1, EXPIRED),
    ("Teodora", "Stoykovska", "1992-03-16", "BG", "BG", 1, ""),
    ("Urban", "Zupanek", "1974-06-24", "SI", "SI", 2, ""),
    ("Vilma", "Karaliunaite", "1998-09-07", "LT", "LT", 1, ""),
)
FIRST_CAME, EACH = timedelta(hours=7), timedelta(minutes=17)


@step("morning", 15, opens_scope=True)
def morning(actor: Actor, demo: Demo) -> None:
    """Nothing the second time, and nothing where few come."""
    if demo.tenant.slug != "aurora":
        return
    with tenant_scope(actor.tenant_id, actor):
        came = Client.objects.filter(tenant_id=actor.tenant_id, last_name=APPLICANTS[0][1])
        if came.exists():
            return
        desks = list(Desk.objects.filter(tenant_id=actor.tenant_id).order_by("name"))
    start = now() - FIRST_CAME
    for number, (given, surname, born, nation, home, level, wrong) in enumerate(APPLICANTS):
        person = Person(
            100 + number, given, surname, date.fromisoformat(born), nation, home, level,
            "submitted", start + number * EACH,
        )  # fmt: skip
        _apply(demo, person, register(demo, person, desks), wrong)
        outbox.drain(actor)
    demo.past.home()


def _apply(demo: Demo, person: Person, client: Client, wrong: str) -> None:
    officer, support = demo.actors["compliance"], demo.actors["support"]
    demo.past.go(no_later(person.came_at + timedelta(minutes=10)))
    shown = replace(person, surname="Dvorakova") if wrong == OTHER_NAME else person
    ends = today() - timedelta(days=40) if wrong == EXPIRED else expiry()
    dated = today() - timedelta(days=130) if wrong == OLD_BILL else billed_on(person.came_at)
    with tenant_scope(support.tenant_id, support):
        _hand_in(
            support, client, DocumentType.PASSPORT, lambda: passport(shown, ends),
            number=number_of(shown.surname), issued_on=ends - timedelta(days=3650),
            expires_on=ends,
        )  # fmt: skip
        if person.level >= 2:
            _hand_in(
                support, client, DocumentType.UTILITY_BILL, lambda: bill(person, dated),
                issued_on=dated,
            )  # fmt: skip
    with tenant_scope(officer.tenant_id, officer):
        case = services.case_open(actor=officer, client=client, level=person.level)
        services.case_submit(actor=officer, case=case)


def _hand_in(
    actor: Actor,
    client: Client,
    kind: DocumentType,
    draw: Callable[[], bytes],
    number: str = "",
    issued_on: date | None = None,
    expires_on: date | None = None,
) -> None:
    drawing = draw()
    clean, content = sanitise(drawing)
    document = document_store(
        actor=actor,
        client=client,
        type=kind,
        name=f"{kind}.jpg",
        content=drawing,
        clean=CleanFile(content, clean.mime, clean.pages),
    )
    document_describe(
        actor=actor, document=document, number=number, issued_on=issued_on, expires_on=expires_on
    )
