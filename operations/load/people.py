"""Clients of every kind and state, their desks, and the words by which they are found."""

from collections.abc import Iterator
from datetime import date, timedelta

from backoffice.portal import search
from backoffice.portal.models import SearchEntry
from clients.models import Client, ClientKind, Desk
from clients.rules import surname_key
from clients.services import SEARCH_KIND
from clients.states import ClientState
from operations.load.bulk import NULL, Bulk, blocks
from operations.load.names import COMPANY_FORMS, CULTURES
from operations.load.size import Size, chosen, texts

DESKS = ("London", "Limassol", "Madrid", "Warsaw", "Dubai", "Singapore")
COMPANY_EVERY = 40  # one client in so many is a company
MANAGED_EVERY = 50
STATES = {
    ClientState.ACTIVE: 58,
    ClientState.LEAD: 27,
    ClientState.APPLICANT: 10,
    ClientState.SUSPENDED: 2,
    ClientState.CLOSED: 3,
}
BANDS = {"low": 70, "medium": 24, "high": 6}
RIGHTS = "{login,deposit,withdraw,open_account,trade}"
COLUMNS = (
    "id reference kind state first_name last_name company_name email phone birth_date nationality"
    " residence language level rights risk_band desk_id manager_id partner_ref source surname_key"
    " created_at"
)


def load(size: Size, bulk: Bulk) -> None:
    """Clients, most of them people; then their search entries."""
    desks = [str(Desk.objects.get_or_create(name=name)[0].pk) for name in DESKS]
    moments = size.moments("clients", size.clients)
    size.client_ids = size.ids("client", moments)
    size.client_references = size.references("C", moments)
    size.client_desks = chosen(size, "desks", desks, [3, 3, 2, 2, 1, 1], size.clients)
    words: list[tuple[str, ...]] = []
    created = texts(moments)
    bulk.copy(
        Client,
        COLUMNS,
        blocks(_clients(size, created, words)),
        rows=size.clients,
    )
    bulk.copy(
        SearchEntry,
        "id object_id token label detail desk_id",
        blocks(_entries(size, moments.tolist(), words)),
        rows=sum(len(each) for each in words),
        constants={"kind": SEARCH_KIND},
    )


def client_states(size: Size) -> list[ClientState]:
    """The state of each client: who is funded and who has a case follows from it."""
    return chosen(size, "states", list(STATES), list(STATES.values()), size.clients)


def _clients(size: Size, created: list[str], words: list[tuple[str, ...]]) -> Iterator[str]:
    count = size.clients
    draw = size.draw("people").integers(0, 1 << 30, (count, 4)).tolist()
    states = client_states(size)
    bands = chosen(size, "bands", list(BANDS), list(BANDS.values()), count)
    cultures = chosen(size, "cultures", CULTURES, [one.share for one in CULTURES], count)
    known: dict[str, tuple[tuple[str, ...], str]] = {}
    for place in range(count):
        a, b, c, d = draw[place]
        culture = cultures[place]
        first = culture.first[a % len(culture.first)]
        last = culture.last[b % len(culture.last)]
        company = ""
        kind = ClientKind.PERSON.value
        if place % COMPANY_EVERY == COMPANY_EVERY - 1:
            kind, company = ClientKind.COMPANY.value, f"{last} {COMPANY_FORMS[c % 6]}"
        name = company or f"{first} {last}"
        if name not in known:
            known[name] = tuple(search.tokens(name)), surname_key(kind, last, company)
        tokens, key = known[name]
        reference, state = size.client_references[place], states[place]
        active = state in (ClientState.ACTIVE, ClientState.SUSPENDED)
        email = f"client{place + 1}@{('mail', 'post', 'inbox')[c % 3]}.example"
        phone = f"{30 + d % 60}{6_900_000_000 + place * 7 % 99_999_999}"
        words.append((*tokens, reference.lower(), reference[-6:], email, phone))
        size.client_names.append(name)
        country = culture.countries[d % len(culture.countries)]
        born = NULL if company else (date(1950, 1, 1) + timedelta(days=c % 20_000)).isoformat()
        person = "\t" if company else f"{first}\t{last}"
        yield (
            f"{size.client_ids[place]}\t{reference}\t{kind}\t{state}\t{person}\t{company}\t"
            f"{email}\t+{phone}\t{born}\t{country}\t{country}\t{culture.language}\t"
            f"{'1' if active else '0'}\t{RIGHTS if active else '{}'}\t{bands[place]}\t"
            f"{size.client_desks[place]}\t"
            f"{size.actor.user_id if place % MANAGED_EVERY == 0 else NULL}\t"
            f"{f'P-{a % 500 + 1:04d}' if b % 3 == 0 else ''}\t"
            f"{('form', 'api', 'import')[a % 3]}\t{key}\t{created[place]}\n"
        )


def _entries(size: Size, moments: list[int], words: list[tuple[str, ...]]) -> Iterator[str]:
    """Ids count on within the client's own moment."""
    (pattern,) = size.ids("search", size.moments("search", 1))
    tail = pattern[13:24]
    number = 0
    for place, tokens in enumerate(words):
        ms = moments[place]
        head = f"{ms >> 16:08x}-{ms & 0xFFFF:04x}{tail}"
        about = (
            f"{size.client_names[place]}\t{size.client_references[place]}\t"
            f"{size.client_desks[place]}\n"
        )
        for token in tokens:
            number += 1
            yield f"{head}{number:012x}\t{size.client_ids[place]}\t{token}\t{about}"
