"""Lists, clients and hits for the tests of compliance."""

from datetime import date
from pathlib import Path
from typing import Any

from backoffice.core.context import Actor
from clients.models import Client
from clients.services import client_move
from clients.states import ClientState
from compliance.lists import list_import, tenant_list_import
from compliance.models import Hit, TenantList, WatchList
from compliance.screen import client_screen
from compliance.screening.decide import Category
from tests.clients.factories import make_lead

HEADER = "id,kind,name,aliases,birth_dates,countries,gender,remarks"
# A listed man, and two who are not him.
ROWS = (
    "X1,person,\"VALDERRAMIA, Ines\",Inés de Valderramía,1990-07-21,ES;CO,female,",
    "X2,person,\"OKONKWO-DRAYLE, Femi\",Femi Drayle,about 1985,NG,male,",
    "X3,entity,Halvorsen Bunkering Ltd,,,PA,,",
)  # fmt: skip
UN = """<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST dateGenerated="2026-11-01T00:00:00Z"><INDIVIDUALS>{}</INDIVIDUALS>
<ENTITIES></ENTITIES></CONSOLIDATED_LIST>"""
UN_PERSON = """<INDIVIDUAL><DATAID>{id}</DATAID><FIRST_NAME>{first}</FIRST_NAME>
<SECOND_NAME>{last}</SECOND_NAME><UN_LIST_TYPE>Test</UN_LIST_TYPE>
<REFERENCE_NUMBER>T.{id}</REFERENCE_NUMBER><NATIONALITY><VALUE>{country}</VALUE></NATIONALITY>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>{born}</DATE>
</INDIVIDUAL_DATE_OF_BIRTH></INDIVIDUAL>"""


def own_list_file(folder: Path, *rows: str) -> Path:
    path = folder / "own.csv"
    path.write_text("\n".join([HEADER, *(rows or ROWS)]) + "\n")
    return path


def make_own_list(
    actor: Actor, folder: Path, *rows: str, category: Category = Category.INTERNAL, **more: Any
) -> TenantList:
    """The three of ROWS as the brokerage's own list."""
    return tenant_list_import(
        actor=actor,
        path=own_list_file(folder, *rows),
        title="House list",
        category=category,
        **more,
    )


def un_file(folder: Path, *people: tuple[int, str, str, str, str]) -> Path:
    """A list in the UN's own form: (id, first name, last name, birth date, country) each."""
    body = "".join(
        UN_PERSON.format(id=number, first=first, last=last, born=born, country=country)
        for number, first, last, born, country in people
    )
    path = folder / "un.xml"
    path.write_text(UN.format(body))
    return path


def make_un_list(folder: Path, *people: tuple[int, str, str, str, str]) -> WatchList:
    return list_import(un_file(folder, *people), imported_by="tests")


def make_ines(actor: Actor, **particulars: Any) -> Client:
    """An applicant whose name, birth date and country are those of entry X1."""
    values: dict[str, Any] = {
        "first_name": "Ines",
        "last_name": "Valderamia",
        "email": "ines@mail.example",
        "birth_date": date(1990, 7, 21),
        "nationality": "ES",
        "residence": "ES",
    }
    client = make_lead(actor, **{**values, **particulars})
    return client_move(actor=actor, client=client, state=ClientState.APPLICANT, reason="test")


def make_hit(
    actor: Actor, folder: Path, category: Category = Category.SANCTIONS, **particulars: Any
) -> Hit:
    """An open hit: Ines against entry X1 of the own list."""
    make_own_list(actor, folder, category=category)
    (hit,) = client_screen(actor=actor, client=make_ines(actor, **particulars))
    return hit
