"""One box that finds everything: clients, logins, transactions, partners, pages.

Domains keep their entries by ``index``; what is a hit for whom is decided here by permission and
desk. Prefix search for names, exact for numbers that are personal.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from anyascii import anyascii

from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.tenant import TenantModel
from backoffice.portal.models import SearchEntry

HITS_MAX = 20
SCAN_MAX = 400
TOKENS_MAX = 12
WORD = re.compile(r"[^\s,;()/|]+")
LAST = chr(0x10FFFF)


@dataclass(frozen=True)
class Kind:
    """A kind of thing that can be found: ``url(object_id)`` opens it."""

    code: str
    label: str
    icon: str
    permission: str
    url: Callable[[UUID], str]
    order: int = 100


@dataclass(frozen=True)
class Hit:
    kind: Kind
    label: str
    detail: str
    url: str


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    _kinds[kind.code] = kind


def normalise(text: str) -> str:
    """Lower case, Latin letters, no accents: what is typed and what is stored meet here."""
    return anyascii(unicodedata.normalize("NFKC", text)).strip().lower()[:80]


def tokens(*texts: str) -> list[str]:
    """The words by which something is found, without repeats."""
    words: list[str] = []
    for text in texts:
        whole = normalise(text)
        words += [word for word in WORD.findall(whole) if word]
        if "@" in whole or "-" in whole:
            words.append(whole)
    return list(dict.fromkeys(words))[:TOKENS_MAX]


def index(
    *,
    kind: str,
    subject: TenantModel,
    label: str,
    detail: str = "",
    words: Iterable[str] = (),
    desk_id: UUID | None = None,
) -> None:
    """Replace the entries of ``subject``. Call it in the service that writes it."""
    tenant_id = current_tenant_id()
    SearchEntry.objects.filter(tenant_id=tenant_id, object_id=subject.pk).delete()
    SearchEntry.objects.bulk_create(
        SearchEntry(
            tenant_id=tenant_id,
            kind=kind,
            object_id=subject.pk,
            token=token,
            label=label[:160],
            detail=detail[:160],
            desk_id=desk_id,
        )
        for token in tokens(label, *words)
    )


def find(actor: Actor, text: str, *, most: int = HITS_MAX) -> list[Hit]:
    """What the actor may see whose words begin with all the words typed."""
    words = tokens(text)
    kinds = [code for code, kind in _kinds.items() if actor.can(kind.permission)]
    if not words or not kinds:
        return []
    longest, *others = sorted(words, key=len, reverse=True)
    rows = _beginning(actor, kinds, longest)
    if others:
        rows = _with_all(actor, rows, others)
    hits, seen = [], set()
    for row in rows:
        if row.object_id in seen:
            continue
        seen.add(row.object_id)
        kind = _kinds[row.kind]
        hits.append(Hit(kind, row.label, row.detail, kind.url(row.object_id)))
        if len(hits) == most:
            break
    return sorted(hits, key=lambda hit: hit.kind.order)


def _beginning(actor: Actor, kinds: Sequence[str], word: str) -> list[SearchEntry]:
    rows = SearchEntry.objects.filter(
        tenant_id=actor.tenant_id, token__gte=word, token__lt=word + LAST, kind__in=kinds
    )
    if actor.desks is not None:
        rows = rows.filter(desk_id__in=actor.desks)
    return list(rows.order_by("token", "id")[:SCAN_MAX])


def _with_all(actor: Actor, rows: Sequence[SearchEntry], words: Sequence[str]) -> list[SearchEntry]:
    held = defaultdict(list)
    for object_id, token in SearchEntry.objects.filter(
        tenant_id=actor.tenant_id, object_id__in={row.object_id for row in rows}
    ).values_list("object_id", "token"):
        held[object_id].append(token)
    return [
        row
        for row in rows
        if all(any(token.startswith(word) for token in held[row.object_id]) for word in words)
    ]
