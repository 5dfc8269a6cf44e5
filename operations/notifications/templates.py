"""Words of messages: by code and language, the brokerage's own before the product's.

The syntax is ``{name}`` and nothing else: no attributes, no calls, no format specifications, so
that a template written by a tenant can't reach anything but the values handed to it.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from operations.actions import TEMPLATE_CHANGED, TEMPLATE_RESET
from operations.models import NotificationTemplate

FALLBACK = "en"
NAME = re.compile(r"\{([^{}]*)\}")
ALWAYS = frozenset({"brokerage", "name"})
SUBJECT_MAX = 160
BODY_MAX = 4_000


@dataclass(frozen=True)
class Words:
    """A message as written: ``names`` is what it may use."""

    code: str
    language: str
    subject: str
    body: str
    own: bool = False

    @property
    def name(self) -> str:
        return name_of(self.code)


@dataclass(frozen=True)
class Message:
    subject: str
    body: str


@cache
def defaults() -> dict[tuple[str, str], Words]:
    path = Path(__file__).with_name("defaults.toml")
    found = {}
    for code, variants in tomllib.loads(path.read_text()).items():
        for each in variants:
            words = Words(code, each["language"], each["subject"], each["body"].strip())
            found[code, words.language] = words
    return found


@cache
def _names() -> dict[str, str]:
    variants = tomllib.loads(Path(__file__).with_name("defaults.toml").read_text())
    return {
        code: each["name"]
        for code, each_of in variants.items()
        for each in each_of
        if "name" in each
    }


def name_of(code: str) -> str:
    """What staff call the message."""
    return _names().get(code, code)


def codes() -> list[str]:
    return sorted({code for code, _ in defaults()})


def names_of(code: str) -> frozenset[str]:
    """What a template of this code may name: all that its default texts name, and the usual."""
    texts = [w.subject + w.body for (known, _), w in defaults().items() if known == code]
    return ALWAYS | {name for text in texts for name in NAME.findall(text)}


def words_for(tenant_id: int, code: str, language: str) -> Words:
    """The brokerage's own in the language, then the product's; then both in English.

    Raises ``InvalidInput`` for a code that nobody wrote words for.
    """
    own = _own(NotificationTemplate.objects.filter(tenant_id=tenant_id, code=code))
    for each in (language, FALLBACK):
        found = own.get((code, each)) or defaults().get((code, each))
        if found is not None:
            return found
    raise InvalidInput(f"There are no words for the message {code}.")


def all_words(tenant_id: int) -> list[Words]:
    """What the brokerage sends, by code and language: its own words, else the product's."""
    merged = defaults() | _own(NotificationTemplate.objects.filter(tenant_id=tenant_id))
    return [merged[key] for key in sorted(merged)]


def _own(rows: Iterable[NotificationTemplate]) -> dict[tuple[str, str], Words]:
    return {
        (row.code, row.language): Words(row.code, row.language, row.subject, row.body, own=True)
        for row in rows
    }


def render(words: Words, values: Mapping[str, object]) -> Message:
    """Fill in the names. Raises ``InvalidInput`` naming those that have no value."""
    missing = {n for n in NAME.findall(words.subject + words.body) if n not in values}
    if missing:
        raise InvalidInput(f"{words.code} has no value for {', '.join(sorted(missing))}.")

    def fill(text: str) -> str:
        return NAME.sub(lambda match: str(values[match[1]]), text)

    # A subject is one line: what is filled in must not add headers to an e-mail.
    return Message(" ".join(fill(words.subject).split())[:200], fill(words.body))


def check(code: str, subject: str, body: str) -> dict[str, str]:
    """field -> what is wrong with it."""
    faults = {}
    allowed = names_of(code)
    for field, text, most in (("subject", subject, SUBJECT_MAX), ("body", body, BODY_MAX)):
        unknown = sorted(set(NAME.findall(text)) - allowed)
        if not text.strip():
            faults[field] = "Write something."
        elif len(text) > most:
            faults[field] = f"At most {most:,} characters."
        elif unknown:
            offered = ", ".join(f"{{{name}}}" for name in sorted(allowed))
            faults[field] = f"{{{unknown[0]}}} is not known here. You may use {offered}."
        elif "{" in NAME.sub("", text) or "}" in NAME.sub("", text):
            faults[field] = "A brace has no partner."
    return faults


@transaction.atomic
def template_set(
    *, actor: Actor, code: str, language: str, subject: str, body: str
) -> NotificationTemplate:
    """Write the brokerage's own words. Raises ``InvalidInput`` with what is wrong by field."""
    if code not in codes():
        raise InvalidInput("There is no such message.")
    faults = check(code, subject, body)
    if faults:
        raise InvalidInput(fields=faults)
    row, _ = NotificationTemplate.objects.update_or_create(
        tenant_id=actor.tenant_id,
        code=code,
        language=language,
        defaults={"subject": subject.strip(), "body": body.strip()},
    )
    audit(
        actor=actor,
        action=TEMPLATE_CHANGED,
        subject=row,
        label=str(row),
        data={"subject": row.subject, "body": row.body},
    )
    return row


@transaction.atomic
def template_reset(*, actor: Actor, code: str, language: str) -> bool:
    """Back to the product's words; False when they are in use already."""
    row = NotificationTemplate.objects.filter(
        tenant_id=actor.tenant_id, code=code, language=language
    ).first()
    if row is None:
        return False
    audit(actor=actor, action=TEMPLATE_RESET, subject=row, label=str(row))
    row.delete()
    return True
