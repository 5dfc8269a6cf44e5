"""Writing who is behind a company: each verb is one fact, dated, kept and audited.

Nothing is deleted. A share that changes ends and begins anew; a party ends with its last tie.
What changes who someone is opens them again for a reviewer.
"""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now, today
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.tenancy.scope import brokerage
from backoffice.workflow import moves
from clients import actions, followers
from clients import rules as client_rules
from clients.countries import NAMES
from clients.locks import client_locked, party_locked, tie_locked
from clients.models import Client, ClientDocument, ClientKind, Party, Tie
from clients.ownership import rules
from clients.ownership.selectors import shares_of, standing_ties
from clients.ownership.states import PARTY, EntityFlag, PartyKind, PartyRole, PartyState
from clients.states import ClientState

PARTICULARS = (
    "kind",
    "first_name",
    "last_name",
    "company_name",
    "birth_date",
    "nationality",
    "residence",
    "registration_number",
    "politically_exposed",
    "flags",
)
OF_PEOPLE = ("first_name", "last_name", "birth_date", "nationality")
OF_COMPANIES = ("company_name", "registration_number", "flags")
PARTIES_MAX = 100
YEARS_BACK_MAX = 120
REASON_CHARS_MAX = 300


@transaction.atomic
def party_add(
    *,
    actor: Actor,
    client: Client,
    role: str,
    from_on: date,
    percent: Decimal | None = None,
    of: Party | None = None,
    evidence: ClientDocument | None = None,
    **particulars: Any,
) -> Party:
    """Name someone behind a company, with the first thing they are to it. ``particulars`` as in
    ``PARTICULARS``; ``InvalidInput`` names each field."""
    row = _company_locked(actor, client)
    standing = Party.objects.filter(tenant_id=actor.tenant_id, client=row)
    if standing.exclude(state=PartyState.ENDED).count() >= PARTIES_MAX:
        raise InvalidInput(f"A company has {PARTIES_MAX} parties at most.")
    party = Party(
        tenant_id=actor.tenant_id,
        client=row,
        created_by_ref=actor.ref,
        created_by=actor.name,
        **_tidy(particulars),
    )
    _check(party)
    party.save(force_insert=True)
    moves.begin(party, PARTY, actor=actor)
    data = {"who": party.name, "name": party.name, "party": party.pk}
    audit(actor=actor, action=actions.PARTY_ADDED, subject=row, data=data)
    _tie(actor, party, role, percent, of, from_on, evidence)
    followers.tell("party_changed", row, party=str(party.pk))
    return party


@transaction.atomic
def party_change(*, actor: Actor, party: Party, **particulars: Any) -> Party:
    """Correct who someone is. A cleared or refused party is looked at again."""
    row = _standing(actor, party)
    given = _tidy(particulars)
    before = {name: getattr(row, name) for name in given}
    changed = [name for name, value in given.items() if before[name] != value]
    if not changed:
        return row
    for name in changed:
        setattr(row, name, given[name])
    _check(row)
    if row.kind == PartyKind.PERSON and _holds_any(actor, row):
        raise InvalidInput(fields={"kind": "Others own a share of it: it stays a company."})
    row.save(update_fields=changed)
    words = {name: (str(before[name]), str(given[name])) for name in changed}
    audit(
        actor=actor,
        action=actions.PARTY_CHANGED,
        subject=row.client,
        data={
            "who": row.name,
            "party": row.pk,
            "fields": ", ".join(name.replace("_", " ") for name in changed),
            "before": {name: pair[0] for name, pair in words.items()},
            "after": {name: pair[1] for name, pair in words.items()},
        },
    )
    party_open_again(actor=actor, party=row, reason="the particulars changed")
    followers.tell("party_changed", row.client, party=str(row.pk))
    return row


@transaction.atomic
def tie_add(
    *,
    actor: Actor,
    party: Party,
    role: str,
    from_on: date,
    percent: Decimal | None = None,
    of: Party | None = None,
    evidence: ClientDocument | None = None,
) -> Tie:
    """Another role of someone who is known."""
    row = _standing(actor, party)
    tie = _tie(actor, row, role, percent, of, from_on, evidence)
    followers.tell("party_changed", row.client, party=str(row.pk))
    return tie


@transaction.atomic
def share_change(
    *,
    actor: Actor,
    tie: Tie,
    percent: Decimal,
    from_on: date,
    reason: str,
    evidence: ClientDocument | None = None,
) -> Tie:
    """From a day on it is another share: the row that stands ends, a new one begins."""
    row = _tie_standing(actor, tie)
    if row.role != PartyRole.OWNER:
        raise InvalidInput("Only a share changes; any other role ends.")
    if row.percent == percent:
        raise InvalidInput(fields={"percent": f"It is {percent.normalize():f} % already."})
    _end(actor, row, from_on, reason, "from_on")
    made = _tie(actor, row.party, row.role, percent, row.of, from_on, evidence)
    followers.tell("party_changed", row.client, party=str(row.party_id))
    return made


@transaction.atomic
def tie_end(*, actor: Actor, tie: Tie, until_on: date, reason: str) -> Tie:
    """It is no longer so from ``until_on``. With the last of its ties the party ends; not while
    others own a share of it."""
    row = _tie_standing(actor, tie)
    last = not _ties(actor, row.party).exclude(pk=row.pk).exists()
    if last and _holds_any(actor, row.party):
        raise StateConflict(
            f"Others own shares of {row.party.name}: end those first. Nothing was changed."
        )
    _end(actor, row, until_on, reason, "until_on")
    if last:
        row.party.ended_on = until_on
        moves.move(
            row.party, PARTY, PartyState.ENDED, actor=actor, reason=row.end_reason,
            update_fields=("ended_on",),
        )  # fmt: skip
        data = {"who": row.party.name, "party": row.party_id}
        audit(actor=actor, action=actions.PARTY_ENDED, subject=row.client, data=data)
    followers.tell("party_changed", row.client, party=str(row.party_id))
    return row


@transaction.atomic
def party_decide(*, actor: Actor, party: Party, target: PartyState, reason: str = "") -> Party:
    """Write a reviewer's verdict on the party; KYC asks for what it needs before. A repeat of
    the same verdict is no error."""
    row = _standing(actor, party)
    row.decided_at, row.decided_by_ref, row.decided_by = now(), actor.ref, actor.name
    row.decision_reason = reason.strip()[:REASON_CHARS_MAX]
    fields = ("decided_at", "decided_by_ref", "decided_by", "decision_reason")
    if moves.move(
        row, PARTY, target, actor=actor, reason=row.decision_reason, update_fields=fields
    ):
        _audit_verdict(actor, row, target.label.lower())
    return row


@transaction.atomic
def party_open_again(*, actor: Actor, party: Party, reason: str) -> Party:
    """What the verdict stood on is another now; nothing for who is open or has ended."""
    row = party_locked(actor, party.pk)
    if row.state not in (PartyState.CLEARED, PartyState.REFUSED):
        return row
    row.decision_reason = reason[:REASON_CHARS_MAX]
    moves.move(
        row, PARTY, PartyState.OPEN, actor=actor, reason=reason, update_fields=("decision_reason",)
    )
    _audit_verdict(actor, row, "opened again")
    return row


@transaction.atomic
def company_flag(*, actor: Actor, client: Client, flags: Collection[str]) -> Client:
    """Note what the company is beside its owners: listed, a shell, with bearer shares."""
    row = _company_locked(actor, client)
    wanted = _flags(flags)
    if row.flags == wanted:
        return row
    row.flags = wanted
    row.save(update_fields=["flags"])
    words = ", ".join(EntityFlag(each).label.lower() for each in wanted) or "nothing special"
    audit(actor=actor, action=actions.FLAGGED, subject=row, data={"flags": words})
    followers.tell("changed", row, fields=["flags"])
    followers.tell("party_changed", row, party="")
    return row


# What these are made of


def _company_locked(actor: Actor, client: Client) -> Client:
    row = client_locked(actor, client.pk)
    if row.kind != ClientKind.COMPANY:
        raise InvalidInput("Only a company has owners and directors.")
    if row.state == ClientState.CLOSED:
        raise StateConflict("The client is closed. Nothing was changed.")
    return row


def _standing(actor: Actor, party: Party) -> Party:
    row = party_locked(actor, party.pk)
    _company_locked(actor, row.client)
    if row.state == PartyState.ENDED:
        raise StateConflict(f"{row.name} ended on {row.ended_on:%-d %b %Y}. Nothing was changed.")
    return row


def _tie_standing(actor: Actor, tie: Tie) -> Tie:
    row = tie_locked(actor, tie.pk)
    _company_locked(actor, row.client)
    if row.until_on is not None:
        raise StateConflict(f"{row.ended_by} has ended it already. Nothing was changed.")
    return row


def _ties(actor: Actor, party: Party) -> Any:
    return Tie.objects.filter(tenant_id=actor.tenant_id, party=party, until_on=None)


def _holds_any(actor: Actor, party: Party) -> bool:
    return bool(Tie.objects.filter(tenant_id=actor.tenant_id, of=party, until_on=None).exists())


def _tie(
    actor: Actor,
    party: Party,
    role: str,
    percent: Decimal | None,
    of: Party | None,
    from_on: date,
    evidence: ClientDocument | None,
) -> Tie:
    found = _problems(actor, party, role, percent, of, from_on, evidence)
    if found:
        raise InvalidInput(fields=found)
    tie = Tie.objects.create(
        tenant_id=actor.tenant_id,
        client=party.client,
        party=party,
        role=role,
        of=of,
        percent=percent,
        from_on=from_on,
        evidence=evidence,
        added_by_ref=actor.ref,
        added_by=actor.name,
    )
    data = {**_about(tie), "from": from_on}
    audit(actor=actor, action=actions.TIE_ADDED, subject=party.client, data=data)
    return tie


def _about(tie: Tie) -> dict[str, Any]:
    return {
        "who": tie.party.name,
        "party": tie.party_id,
        "role": tie.words(),
        "of": tie.of.name if tie.of else tie.client.name,
    }


def _problems(
    actor: Actor,
    party: Party,
    role: str,
    percent: Decimal | None,
    of: Party | None,
    from_on: date,
    evidence: ClientDocument | None,
) -> dict[str, str]:
    found = {}
    day = today(brokerage().timezone)
    if from_on > day:
        found["from_on"] = "This day has not come yet."
    elif day.year - from_on.year > YEARS_BACK_MAX:
        found["from_on"] = "No one has held it for that long; look at the year."
    if of is not None and (of.client_id != party.client_id or of.state == PartyState.ENDED):
        found["of"] = "Choose one of the companies behind this client."
    if evidence is not None and evidence.client_id != party.client_id:
        found["evidence"] = "The document is another client's."
    if role not in PartyRole.values:
        found["role"] = "Choose what they are to the company."
    if found:
        return found
    return _role_problems(actor, party, PartyRole(role), percent, of)


def _role_problems(
    actor: Actor, party: Party, role: PartyRole, percent: Decimal | None, of: Party | None
) -> dict[str, str]:
    ties = standing_ties(actor.tenant_id, party.client_id)
    of_id = of.pk if of else None
    if any((tie.party_id, tie.role, tie.of_id) == (party.pk, role, of_id) for tie in ties):
        return {"role": f"{party.name} is {_article(role)} already: change the share or end it."}
    if role != PartyRole.OWNER:
        return {"percent": "Only an owner has a share."} if percent is not None or of else {}
    if percent is None:
        return {"percent": "Say how much they own."}
    companies: set[UUID] = {of.pk} if of is not None and of.kind == PartyKind.COMPANY else set()
    why = rules.why_not(shares_of(ties), rules.Share(party.pk, of_id, percent), companies)
    return {"percent": why} if why else {}


def _article(role: PartyRole) -> str:
    return f"{'an' if role == PartyRole.OWNER else 'a'} {role.label.lower()}"


def _end(actor: Actor, row: Tie, day: date, reason: str, field: str) -> None:
    found = {}
    if day > today(brokerage().timezone):
        found[field] = "This day has not come yet."
    elif day < row.from_on:
        found[field] = f"It began on {row.from_on:%-d %b %Y}."
    if not reason.strip():
        found["reason"] = "Say why."
    if found:
        raise InvalidInput(fields=found)
    row.until_on, row.ended_at = day, now()
    row.ended_by_ref, row.ended_by = actor.ref, actor.name
    row.end_reason = reason.strip()[:REASON_CHARS_MAX]
    row.save(update_fields=["until_on", "ended_at", "ended_by_ref", "ended_by", "end_reason"])
    data = {**_about(row), "until": day, "reason": row.end_reason}
    audit(actor=actor, action=actions.TIE_ENDED, subject=row.client, data=data)


def _audit_verdict(actor: Actor, row: Party, verdict: str) -> None:
    because = f": {row.decision_reason}" if row.decision_reason else ""
    audit(
        actor=actor,
        action=actions.PARTY_DECIDED,
        subject=row.client,
        data={"who": row.name, "party": row.pk, "verdict": verdict, "because": because},
    )


def _flags(flags: Collection[str]) -> list[str]:
    if set(flags) - set(EntityFlag.values):
        raise InvalidInput(fields={"flags": "Choose from the list."})
    return [str(each) for each in EntityFlag if each in set(flags)]


def _tidy(values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(values) - set(PARTICULARS)
    assert not unknown, unknown
    clean = {
        name: client_rules.tidied(value) if isinstance(value, str) else value
        for name, value in values.items()
    }
    for name in ("nationality", "residence"):
        if clean.get(name):
            clean[name] = clean[name].upper()
    if "flags" in clean:
        clean["flags"] = _flags(clean["flags"])
    kind = clean.get("kind")
    if kind in PartyKind.values:
        # What only the other kind has is left out, however it came into the form.
        others = OF_COMPANIES if kind == PartyKind.PERSON else OF_PEOPLE
        empty: dict[str, Any] = {"birth_date": None, "flags": []}
        clean |= {name: empty.get(name, "") for name in others}
    return clean


def _check(row: Party) -> None:
    found: dict[str, str] = {}
    for name in PARTICULARS:
        value, field = getattr(row, name), Party._meta.get_field(name)
        limit = getattr(field, "max_length", None)
        if isinstance(value, str) and not client_rules.is_plain(value):
            found[name] = "There are characters in it that no text has."
        elif limit and isinstance(value, str) and len(value) > limit:
            found[name] = f"At most {limit} characters fit."
    if row.kind not in PartyKind.values:
        found["kind"] = "A party is a person or a company."
    elif row.kind == PartyKind.COMPANY and not row.company_name:
        found["company_name"] = "A company needs its name."
    elif row.kind == PartyKind.PERSON and not row.last_name:
        found["last_name"] = "A person needs a surname."
    for name in ("nationality", "residence"):
        code = getattr(row, name)
        if code and code not in NAMES:
            found[name] = "This is not a country code of ISO 3166 (two letters)."
    if row.birth_date is not None:
        found |= _birth(row.birth_date)
    if found:
        raise InvalidInput(fields=found)


def _birth(day: date) -> dict[str, str]:
    """A minor may own; nobody was born tomorrow."""
    if day > today():
        return {"birth_date": "This date is in the future."}
    if client_rules.years_between(day, today()) > client_rules.AGE_YEARS_MAX:
        return {"birth_date": "No one is that old; look at the year."}
    return {}
