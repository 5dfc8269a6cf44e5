"""A listed entity as JSON and back: what list rows and hits keep."""

from dataclasses import asdict
from typing import Any

from compliance.screening.entities import (
    Gender,
    Identifier,
    Kind,
    ListEntity,
    ListName,
    PartialDate,
    Quality,
)


def entity_to_json(entity: ListEntity) -> dict[str, Any]:
    """All fields but the content hash, which follows from them."""
    content = asdict(entity)
    del content["content_hash"]
    return content


def entity_from_json(content: dict[str, Any]) -> ListEntity:
    """The entity that ``entity_to_json`` was given; its content hash comes out the same."""
    return ListEntity(
        source=content["source"],
        id=content["id"],
        kind=Kind(content["kind"]),
        names=tuple(
            ListName(each["text"], Quality(each["quality"]), each["script"])
            for each in content["names"]
        ),
        birth_dates=tuple(PartialDate(**each) for each in content["birth_dates"]),
        countries=tuple(content["countries"]),
        gender=Gender(content["gender"]) if content["gender"] else None,
        identifiers=tuple(Identifier(**each) for each in content["identifiers"]),
        programmes=tuple(content["programmes"]),
        remarks=content["remarks"],
        other_ids=tuple(content["other_ids"]),
    )
