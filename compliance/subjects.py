"""A client as screening sees it, and a fingerprint that changes when that changes."""

import hashlib
import json
from typing import Any

from clients.models import Client, ClientKind
from compliance.screening.entities import Kind, PartialDate
from compliance.screening.match import Subject


def subject_of(client: Client) -> Subject:
    """Name, birth date, nationality and residence; a company with its countries alone."""
    born = client.birth_date
    return Subject(
        name=client.name,
        kind=Kind.ENTITY if client.kind == ClientKind.COMPANY else Kind.PERSON,
        birth_date=PartialDate(born.year, born.month, born.day) if born else None,
        countries=tuple(
            dict.fromkeys(code for code in (client.nationality, client.residence) if code)
        ),
    )


def subject_facts(client: Client) -> dict[str, Any]:
    """What a hit keeps of the client as it was searched for."""
    return {
        "name": client.name,
        "kind": client.kind,
        "birth_date": client.birth_date.isoformat() if client.birth_date else "",
        "nationality": client.nationality,
        "residence": client.residence,
    }


def subject_hash(facts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
