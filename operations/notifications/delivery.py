"""The topic ``operations.notify``: domains say what to tell whom, this sends it.

The payload: ``to`` ("client:<id>", "user:<id>" or "permission:<code>"), ``template`` (its code),
optionally ``language``, ``url`` and ``once`` (one message per person and ``once``); everything
else is a value that the words may name. Members get the bell and an e-mail, clients an e-mail.
"""

import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.mail import EmailMessage

from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, OutsideError
from backoffice.staff.models import Membership, User
from backoffice.tenancy.scope import brokerage, tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from clients.models import Client
from operations.models import DeliveryAttempt, Notification
from operations.notifications.templates import Message, Words, render, words_for

TOPIC = "operations.notify"
CONTROL = frozenset({"to", "template", "language", "url", "once"})
Outcome = DeliveryAttempt.Outcome


@dataclass(frozen=True)
class Recipient:
    ref: str
    name: str
    address: str
    language: str
    user_id: int | None = None


@dataclass(frozen=True)
class Letter:
    """One message ready for one person."""

    to: Recipient
    words: Words
    message: Message


@outbox.handles(TOPIC, attempts_max=8)
def notify(actor: Actor, item: OutboxItem) -> None:
    """Write the bell, then send; who has been sent this item already is passed over."""
    with tenant_scope(actor.tenant_id, actor):
        letters = _letters(actor, item)
    failure: OutsideError | None = None
    for letter in letters:
        failure = _send(actor, item, letter) or failure
    if failure is not None:
        raise failure


def _letters(actor: Actor, item: OutboxItem) -> list[Letter]:
    payload: dict[str, Any] = item.payload
    code = str(payload.get("template", ""))
    values = {name: value for name, value in payload.items() if name not in CONTROL}
    values["brokerage"] = brokerage().name
    sent = set(
        DeliveryAttempt.objects.filter(
            tenant_id=actor.tenant_id, item_id=item.pk, outcome=Outcome.SENT
        ).values_list("to_ref", flat=True)
    )
    letters = []
    for person in recipients(actor, payload):
        words = words_for(actor.tenant_id, code, person.language)
        message = render(words, {"name": person.name, **values})
        if person.user_id is not None and not _ring(actor, item, person.user_id, message):
            continue
        if person.ref not in sent:
            letters.append(Letter(person, words, message))
    return letters


def recipients(actor: Actor, payload: Mapping[str, Any]) -> list[Recipient]:
    """Who ``payload["to"]`` means. Raises ``InvalidInput`` when it means no one."""
    kind, _, key = str(payload.get("to", "")).partition(":")
    language = str(payload.get("language") or "en")
    if kind == "client":
        client = Client.objects.filter(tenant_id=actor.tenant_id, pk=_uuid(key)).first()
        if client is not None:
            tongue = client.language or language
            return [Recipient(f"client:{client.pk}", client.name, client.email, tongue)]
    members = Membership.objects.filter(tenant_id=actor.tenant_id, active=True)
    if kind == "user" and key.isdecimal():
        members = members.filter(user_id=int(key))
    elif kind == "permission" and key:
        app, _, codename = key.partition(".")
        members = members.filter(
            held__role__group__permissions__codename=codename,
            held__role__group__permissions__content_type__app_label=app,
        )
    else:
        members = members.none()
    people = [
        Recipient(f"user:{user.pk}", user.name, user.email, language, user.pk)
        for user in User.objects.filter(pk__in=members.values("user_id"), is_active=True)
    ]
    if not people and kind != "permission":
        raise InvalidInput("The message is for no one who is here.")
    return people


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)  # nobody's


def _ring(actor: Actor, item: OutboxItem, user_id: int, message: Message) -> bool:
    """Put it behind the bell; False when this person was told the same by another item."""
    row, made = Notification.objects.get_or_create(
        tenant_id=actor.tenant_id,
        user_id=user_id,
        once=str(item.payload.get("once") or item.pk)[:120],
        defaults={
            "item_id": item.pk,
            "code": str(item.payload.get("template", "")),
            "title": message.subject,
            "body": message.body,
            "url": _own_address(item.payload.get("url")),
        },
    )
    return made or row.item_id == item.pk


def _own_address(url: Any) -> str:
    text = str(url or "")
    return text[:300] if text.startswith("/") and not text.startswith("//") else ""


def _send(actor: Actor, item: OutboxItem, letter: Letter) -> OutsideError | None:
    """Send outside any transaction, then write down what came of it."""
    failure: OutsideError | None = None
    outcome, error = Outcome.SENT, ""
    if not letter.to.address:
        outcome, error = Outcome.SKIPPED, "There is no address."
    else:
        try:
            _mail(letter)
        except (OSError, smtplib.SMTPException) as problem:
            outcome, error = Outcome.FAILED, str(problem) or type(problem).__name__
            failure = OutsideError(f"mail: {error}", permanent=_is_permanent(problem))
    with tenant_scope(actor.tenant_id, actor):
        DeliveryAttempt.objects.create(
            tenant_id=actor.tenant_id,
            item_id=item.pk,
            to_ref=letter.to.ref,
            address=letter.to.address,
            code=letter.words.code,
            language=letter.words.language,
            subject=letter.message.subject,
            outcome=outcome,
            error=error[:300],
        )
    return failure


def _mail(letter: Letter) -> None:
    # EMAIL_TIMEOUT bounds it.
    EmailMessage(
        letter.message.subject,
        letter.message.body,
        to=[letter.to.address],
        headers={"Auto-Submitted": "auto-generated"},
    ).send()


def _is_permanent(problem: Exception) -> bool:
    """A refused recipient stays refused; everything else may heal."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in problem.recipients.values())
    return False
