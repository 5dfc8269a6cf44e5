"""Services for watch lists: a file becomes the active version of its list, or nothing changes.

Public lists have no tenant; ``tenant_list_import`` writes a brokerage's own. Reading and parsing
happen before the transaction, the swap is one transaction.
"""

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from compliance import actions
from compliance.entity_json import entity_to_json
from compliance.errors import ListShrunk
from compliance.models import TenantEntity, TenantList, WatchEntity, WatchList
from compliance.screening.decide import Category
from compliance.screening.entities import ListEntity
from compliance.screening.lists import ParsedList, read_list
from compliance.screening.lists.simple_csv import TENANT_SOURCE

log = logging.getLogger(__name__)

# source -> (title, what being on it means). OpenSanctions mixes lists: the strictest meaning.
PUBLIC = {
    "ofac_sdn": ("OFAC specially designated nationals", Category.SANCTIONS),
    "un_consolidated": ("UN Security Council consolidated list", Category.SANCTIONS),
    "eu_fsf": ("EU consolidated financial sanctions list", Category.SANCTIONS),
    "uk_sanctions": ("UK sanctions list", Category.SANCTIONS),
    "opensanctions": ("OpenSanctions targets", Category.SANCTIONS),
}
# A new version with fewer entities than this share of the old one is taken for a cut file.
SHRINK_MIN = 0.5
KEPT_CHANGES_MAX = 500
KEPT_LINES_MAX = 200  # problems and notes shown on the page; their number is kept whole
BATCH = 2_000
# Names the transaction's advisory lock: imports of the same source take turns.
LOCK_SPACE = 7101


def list_import(path: Path, *, imported_by: str, accept_fewer: bool = False) -> WatchList:
    """Read a public list's file (or OFAC's folder) and make it the active version.

    The version in use is returned when the file is the same. Raises ``ListFileError`` for a file
    that is cut, malformed or of no known list, ``ListShrunk`` for one that lost too much; the list
    in use stays as it is.
    """
    parsed = read_list(path)
    if parsed.source not in PUBLIC:
        raise InvalidInput(
            f"{path.name} has the layout of a brokerage's own list; name the brokerage (--tenant)."
        )
    title, category = PUBLIC[parsed.source]
    facts = {"title": title, "category": category, "file_name": path.name}
    with transaction.atomic():
        version: WatchList = _swap(
            WatchList, WatchEntity, parsed, facts, imported_by=imported_by, fewer=accept_fewer
        )
    log.info("list imported", extra={"source": version.source, "version": version.number})
    return version


def tenant_list_import(
    *,
    actor: Actor,
    path: Path,
    title: str,
    category: Category = Category.INTERNAL,
    source: str = TENANT_SOURCE,
    file_name: str = "",
    accept_fewer: bool = False,
) -> TenantList:
    """Make a file the active version of the brokerage's own list. Errors as of ``list_import``."""
    parsed = read_list(path, tenant_source=source)
    if parsed.source in PUBLIC:
        raise InvalidInput(
            f"This is the file of {PUBLIC[parsed.source][0]}, which the platform imports for"
            " every brokerage. The own list stays as it is."
        )
    facts = {"title": title, "category": category, "file_name": file_name or path.name}
    with transaction.atomic():
        before = active_number(TenantList, source, actor.tenant_id)
        version: TenantList = _swap(
            TenantList,
            TenantEntity,
            parsed,
            facts,
            imported_by=actor.name,
            fewer=accept_fewer,
            tenant_id=actor.tenant_id,
        )
        if version.number != before:
            audit(
                actor=actor,
                action=actions.LIST_IMPORTED,
                subject=version,
                label=str(version),
                data={
                    "entities": version.entities_count,
                    "added": version.added,
                    "changed": version.changed,
                    "removed": version.removed,
                    "sha256": version.sha256,
                },
            )
    return version


def active_number(model: Any, source: str, tenant_id: int | None = None) -> int:
    """The number of the active version of ``source``; 0 when there is none."""
    rows = model.objects.filter(source=source, active=True, **_owner(tenant_id))
    number = rows.values_list("number", flat=True).first()
    return int(number or 0)


def _owner(tenant_id: int | None) -> dict[str, int]:
    return {} if tenant_id is None else {"tenant_id": tenant_id}


def _swap(
    lists: Any,
    rows: Any,
    parsed: ParsedList,
    facts: dict[str, Any],
    *,
    imported_by: str,
    fewer: bool,
    tenant_id: int | None = None,
) -> Any:
    owner = _owner(tenant_id)
    _take_turns(parsed.source, tenant_id)
    old = lists.objects.filter(source=parsed.source, active=True, **owner).first()
    if old is not None and (old.sha256, old.category) == (parsed.sha256, facts["category"]):
        return old
    entities = {entity.id: entity for entity in parsed.entities}
    _refuse_a_cut_file(parsed, old, len(entities), fewer)
    known = _hashes(rows, old)
    added = sorted(entities.keys() - known.keys())
    removed = sorted(known.keys() - entities.keys())
    changed = sorted(
        key for key in entities.keys() & known.keys() if entities[key].content_hash != known[key]
    )
    changes = _changes(rows, old, entities, added, changed, removed)
    if old is not None:
        lists.objects.filter(pk=old.pk, **owner).update(active=False)
        rows.objects.filter(watch_list_id=old.pk, **owner).delete()
    version = lists.objects.create(
        **owner,
        **facts,
        source=parsed.source,
        number=_next_number(lists, parsed.source, owner),
        sha256=parsed.sha256,
        issued=parsed.issued[:40],
        imported_by=imported_by,
        entities_count=len(entities),
        names_count=sum(len(entity.names) for entity in entities.values()),
        rows_counted=parsed.rows_counted,
        rows_parsed=parsed.rows_parsed,
        problems_count=len(parsed.problems),
        notes_count=len(parsed.notes),
        problems=[[each.where, each.reason] for each in parsed.problems[:KEPT_LINES_MAX]],
        notes=[[each.where, each.reason] for each in parsed.notes[:KEPT_LINES_MAX]],
        added=len(added),
        changed=len(changed),
        removed=len(removed),
        delta=[*added, *changed, *removed],
        changes=changes,
    )
    _write(rows, version, entities.values(), owner)
    return version


def _changes(
    rows: Any,
    old: Any,
    entities: dict[str, ListEntity],
    added: list[str],
    changed: list[str],
    removed: list[str],
) -> dict[str, list[Any]]:
    """What the page of the version shows, cut at so many of each."""
    if old is None:
        return {}
    shown = [*changed[:KEPT_CHANGES_MAX], *removed[:KEPT_CHANGES_MAX]]
    owner = _owner(getattr(old, "tenant_id", None))
    before = dict(
        rows.objects.filter(watch_list_id=old.pk, entity_id__in=shown, **owner).values_list(
            "entity_id", "entity"
        )
    )
    return {
        "added": [[key, entities[key].names[0].text] for key in added[:KEPT_CHANGES_MAX]],
        "changed": [
            [key, entities[key].names[0].text, _fields_changed(before[key], entities[key])]
            for key in changed[:KEPT_CHANGES_MAX]
        ],
        "removed": [[key, before[key]["names"][0]["text"]] for key in removed[:KEPT_CHANGES_MAX]],
    }


def _fields_changed(before: dict[str, Any], after: ListEntity) -> list[str]:
    # Through JSON, as the earlier one came: tuples are lists there.
    now_said = json.loads(json.dumps(entity_to_json(after)))
    return [name.replace("_", " ") for name in now_said if now_said[name] != before.get(name)]


def _take_turns(source: str, tenant_id: int | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))",
            [LOCK_SPACE, f"{tenant_id or 0}:{source}"],
        )


def _refuse_a_cut_file(parsed: ParsedList, old: Any, count: int, fewer: bool) -> None:
    if not count:
        raise InvalidInput("The file names no one. The list in use stays as it is.")
    if old is not None and not fewer and count < SHRINK_MIN * old.entities_count:
        raise ListShrunk(
            f"The file holds {count:,} entities where version {old.number} of {parsed.source} has"
            f" {old.entities_count:,}: it looks cut short. The list in use stays as it is; import"
            " it with --accept-fewer if the list really became so small."
        )


def _hashes(rows: Any, old: Any) -> dict[str, str]:
    if old is None:
        return {}
    owner = _owner(getattr(old, "tenant_id", None))
    return dict(
        rows.objects.filter(watch_list_id=old.pk, **owner).values_list("entity_id", "content_hash")
    )


def _next_number(lists: Any, source: str, owner: dict[str, int]) -> int:
    newest = lists.objects.filter(source=source, **owner).order_by("-number").first()
    return (newest.number if newest else 0) + 1


def _write(rows: Any, version: Any, entities: Iterable[ListEntity], owner: dict[str, int]) -> None:
    rows.objects.bulk_create(
        (
            rows(
                **owner,
                watch_list=version,
                source=entity.source,
                entity_id=entity.id,
                content_hash=entity.content_hash,
                entity=entity_to_json(entity),
            )
            for entity in entities
        ),
        batch_size=BATCH,
    )
