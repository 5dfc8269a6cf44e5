"""By what a client is found in free text: names as they are written, addresses, numbers.

Gathered before anything goes and kept sealed until the last step, since afterwards nothing of ours
knows them any more.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from anyascii import anyascii

from backoffice.core.context import current_tenant_id
from backoffice.core.crypto import Unreadable, seal, unseal
from clients.documents import number_of
from clients.models import Client, ClientDocument
from clients.ownership.models import Party
from payments.accounts import destination_number
from payments.models import Destination

PURPOSE = "privacy.terms"
WORD_CHARS_MIN, NUMBER_CHARS_MIN = 2, 7
# A surname is looked for by itself in what is not the client's own, when it is this long and no
# other client of the brokerage bears it.
ALONE_CHARS_MIN = 5
BREAK = "[\\s,.]+"


@dataclass(frozen=True, slots=True)
class Terms:
    """``names`` are whole names, ``words`` single ones, ``exact`` e-mail and postal addresses,
    ``numbers`` phones, documents and accounts, without what stands between their signs."""

    names: tuple[str, ...]
    words: tuple[str, ...]
    exact: tuple[str, ...]
    numbers: tuple[str, ...]
    alone: tuple[str, ...] = ()

    @property
    def everywhere(self) -> str:
        """A pattern of PostgreSQL and Python for what can only be this client; "" for nothing."""
        return _pattern([*self.names, *self.alone], self.exact, self.numbers)

    @property
    def own(self) -> str:
        """The same for what is about the client anyway: each of their names too."""
        return _pattern([*self.names, *self.words], self.exact, self.numbers)

    def raw(self) -> list[bytes]:
        """How it stands in bytes that nobody parsed: as written, in capitals, escaped as JSON."""
        found = set[bytes]()
        for term in (*self.names, *self.alone, *self.exact, *self.numbers):
            for form in (term, term.upper(), term.lower(), term.title()):
                found |= {form.encode(), json.dumps(form)[1:-1].encode()}
        return sorted(found)


def _pattern(words: Iterable[str], exact: Iterable[str], numbers: Iterable[str]) -> str:
    parts = [_spaced(each) for each in (*words, *exact)]
    parts += ["[ .()/-]*".join(map(_plain, number)) for number in numbers]
    # Nothing is taken out of a longer word; in JSON the letter before may be that of a line's end.
    any_of = "|".join(sorted(parts, key=len, reverse=True))
    return f"(?:(?<!\\w)|(?<=\\\\[nrt]))(?:{any_of})(?!\\w)" if parts else ""


def _spaced(text: str) -> str:
    return BREAK.join("".join(map(_plain, word)) for word in text.split())


def _plain(char: str) -> str:
    return char if char.isalnum() or ord(char) > 127 else f"\\{char}"


def gather(client: Client) -> Terms:
    """Everything that we know them by, now and before."""
    history: Any = Client.history
    rows = [client, *history.filter(tenant_id=current_tenant_id(), id=client.pk)]
    pairs = {(row.first_name, row.last_name) for row in rows if row.last_name}
    names = {name for first, last in pairs for name in _whole(first, last)}
    companies = {row.company_name for row in rows if row.company_name}
    names |= companies | {anyascii(name) for name in companies}
    words = {word for pair in pairs for part in pair for word in part.split()}
    words |= _behind(client)
    words |= {anyascii(word) for word in words}
    exact = {text for row in rows for text in (row.email, row.address) if text}
    numbers = {_bare(row.phone) for row in rows if row.phone}
    numbers |= {_bare(number) for number in _documents(client)}
    numbers |= {_bare(number) for number in _destinations(client)}
    alone = {last for _, last in pairs if _is_alone(client, last)}
    alone |= {anyascii(last) for last in alone}
    return Terms(
        tuple(sorted(filter(_is_long, names))),
        tuple(sorted(word for word in words if len(word) > WORD_CHARS_MIN)),
        tuple(sorted(exact)),
        tuple(sorted(number for number in numbers if len(number) >= NUMBER_CHARS_MIN)),
        tuple(sorted(alone)),
    )


def _whole(first: str, last: str) -> Iterable[str]:
    for given, family in product({first, anyascii(first)}, {last, anyascii(last)}):
        if given:
            short = given.split()[0]
            yield from (f"{given} {family}", f"{family} {given}")
            yield from (f"{short} {family}", f"{family} {short}")


def _behind(client: Client) -> set[str]:
    """Who stands behind a company. They may stand behind another one too, so they are looked for
    in what is about this client, and nowhere else."""
    rows = Party.objects.filter(tenant_id=current_tenant_id(), client=client)
    return {row.name for row in rows} | {row.last_name for row in rows if row.last_name}


def _is_long(name: str) -> bool:
    return len(name) >= ALONE_CHARS_MIN


def _is_alone(client: Client, surname: str) -> bool:
    if len(surname) < ALONE_CHARS_MIN:
        return False
    mine = Client.objects.filter(tenant_id=current_tenant_id(), last_name__iexact=surname)
    return not mine.exclude(pk=client.pk).exists()


def has_namesake(client: Client) -> bool:
    """Whether another client bears the whole name: then theirs can't be told from this one's."""
    mine = Client.objects.filter(tenant_id=current_tenant_id()).exclude(pk=client.pk)
    if client.company_name:
        return mine.filter(company_name__iexact=client.company_name).exists()
    same = {"last_name__iexact": client.last_name, "first_name__iexact": client.first_name}
    return mine.filter(**same).exists()


def _bare(number: str) -> str:
    return re.sub(r"[^\w]", "", number)


def _documents(client: Client) -> Iterable[str]:
    rows = ClientDocument.objects.filter(tenant_id=current_tenant_id(), client=client)
    for row in rows:
        try:
            yield number_of(row)
        except Unreadable:
            continue  # sealed by a key that is gone: nobody finds anything by it


def _destinations(client: Client) -> Iterable[str]:
    for row in Destination.objects.filter(tenant_id=current_tenant_id(), client=client):
        try:
            yield destination_number(row)
        except Unreadable:
            continue


def sealed(terms: Terms, bound_to: str) -> bytes:
    body = json.dumps(
        {name: getattr(terms, name) for name in ("names", "words", "exact", "numbers", "alone")}
    )
    return seal(body.encode(), tenant_id=current_tenant_id(), purpose=PURPOSE, bound_to=bound_to)


def opened(kept: bytes, bound_to: str) -> Terms:
    if not kept:
        return Terms((), (), (), ())
    plain = unseal(kept, tenant_id=current_tenant_id(), purpose=PURPOSE, bound_to=bound_to)
    found: Mapping[str, list[str]] = json.loads(plain)
    return Terms(**{name: tuple(values) for name, values in found.items()})
