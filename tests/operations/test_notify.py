"""Messages: the right words to the right people, once, with every try on record."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.db.utils import ProgrammingError
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.errors import InvalidInput
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from clients.models import Client
from operations.models import DeliveryAttempt, Notification, NotificationTemplate
from operations.notifications.templates import Words, render, template_set
from tests.world import World

Scope = Callable[..., AbstractContextManager[None]]
Browse = Callable[[str], Browser]


def _put(world: World, **payload: Any) -> OutboxItem:
    with tenant_scope(world.aurora.pk):
        return outbox.put("operations.notify", payload=payload)


def _state(world: World, item: OutboxItem) -> OutboxItem:
    with tenant_scope(world.aurora.pk):
        return OutboxItem.objects.get(pk=item.pk)


def _client(world: World, **facts: Any) -> Client:
    with tenant_scope(world.aurora.pk):
        return Client.objects.create(
            **{"reference": "C-1", "first_name": "Ada", "last_name": "Byron"} | facts
        )


def test_a_client_is_written_to_in_their_language(world: World) -> None:
    ada = _client(world, email="ada@example.com", language="de")
    _put(world, to=f"client:{ada.pk}", template="kyc.rejected", reference="K-1", text="Unscharf.")
    assert outbox.drain(world.system()) == 1
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (
        ["ada@example.com"],
        "Wir konnten Ihr Konto nicht bestätigen",
    )
    assert "Guten Tag Ada Byron" in letter.body
    assert "Unscharf." in letter.body
    assert "Aurora Markets" in letter.body
    with tenant_scope(world.aurora.pk):
        attempt = DeliveryAttempt.objects.get()
        assert (attempt.outcome, attempt.language) == ("sent", "de")


def test_a_member_hears_the_bell_and_reads_it(world: World, browse: Browse) -> None:
    sam = world.user("sam")
    _put(world, to=f"user:{sam.pk}", template="clients.mentioned", by="Olivia", reference="C-1")
    outbox.drain(world.system())
    page = browse("sam").get("/notifications/")
    assert b"Olivia mentioned you on C-1" in page.content
    assert b"Notifications, 1 unread" in page.content
    assert b"Notifications, 0 unread" in browse("mary").get("/notifications/").content
    with tenant_scope(world.aurora.pk):
        row = Notification.objects.get()
    browse("mary").post("/notifications/read/", {"until": str(row.pk)})
    with tenant_scope(world.aurora.pk):
        assert Notification.objects.get().read_at is None
    browse("sam").post("/notifications/read/", {"until": str(row.pk)})
    assert b"Notifications, 0 unread" in browse("sam").get("/notifications/").content


def test_everyone_with_a_right_is_told_once_for_one_cause(world: World) -> None:
    payload = {
        "to": "permission:reporting.sign_report",
        "template": "reporting.client_money_ready",
        "day": "2026-11-21",
        "reference": "CM-1",
        "once": "client-money:2026-11-21",
    }
    _put(world, **payload)
    _put(world, **payload)
    outbox.drain(world.system())
    assert sorted(letter.to[0].partition("@")[0] for letter in mail.outbox) == [
        "adam",
        "mary",
        "olivia",
    ]
    with tenant_scope(world.aurora.pk):
        assert Notification.objects.count() == 3


class _Broken:
    """A mail server that is away until it is mended."""

    away = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def send_messages(self, letters: list[Any]) -> int:
        if _Broken.away:
            raise ConnectionRefusedError("no mail server there")
        mail.outbox.extend(letters)
        return len(letters)


def test_mail_that_fails_is_in_sight_and_sent_later_once(
    world: World, settings: Any, browse: Browse
) -> None:
    import time_machine

    from backoffice.core.clock import now

    settings.EMAIL_BACKEND = "tests.operations.test_notify._Broken"
    _Broken.away = True
    item = _put(
        world,
        to=f"user:{world.user('sam').pk}",
        template="clients.mentioned",
        by="Olivia",
        reference="C-1",
        once="note:1",
    )
    outbox.drain(world.system())
    assert _state(world, item).state == "waiting"
    assert "no mail server there" in _state(world, item).error
    _Broken.away = False
    with time_machine.travel(_state(world, item).due_at.timestamp() + 1, tick=False):
        assert now()
        outbox.drain(world.system())
    assert _state(world, item).state == "done"
    assert len(mail.outbox) == 1
    with tenant_scope(world.aurora.pk):
        outcomes = DeliveryAttempt.objects.order_by("id").values_list("outcome", flat=True)
        assert list(outcomes) == ["failed", "sent"]
    page = browse("olivia").get("/operations/deliveries/")
    assert b"no mail server there" in page.content


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        ({"to": "client:not-an-id", "template": "kyc.approved"}, "for no one"),
        ({"to": "user:999999", "template": "kyc.approved"}, "for no one"),
        ({"to": "", "template": "kyc.approved"}, "for no one"),
        ({"to": "user:{sam}", "template": "no.such"}, "no words for"),
        ({"to": "user:{sam}", "template": "clients.mentioned"}, "no value for"),
    ],
)
def test_a_message_that_can_not_be_made_fails_in_sight(
    world: World, payload: dict[str, str], says: str
) -> None:
    payload = payload | {"to": payload["to"].format(sam=world.user("sam").pk)}
    item = _put(world, **payload)
    outbox.drain(world.system())
    row = _state(world, item)
    assert (row.state, says in row.error, mail.outbox) == ("failed", True, [])


def test_another_brokerages_client_is_not_written_to(world: World) -> None:
    with tenant_scope(world.borealis.pk):
        other = Client.objects.create(reference="C-9", last_name="Zed", email="z@example.com")
    item = _put(world, to=f"client:{other.pk}", template="kyc.approved")
    outbox.drain(world.system())
    assert (_state(world, item).state, mail.outbox) == ("failed", [])


def test_a_brokerage_writes_its_own_words_and_takes_them_back(world: World, browse: Browse) -> None:
    adam = browse("adam")
    path = "/operations/messages/words/?code=kyc.approved&language=en"
    words = {"subject": "Welcome, {name}", "body": "Glad to have you.\n{brokerage}"}
    shown = adam.post(path, words | {"do": "preview"})
    assert b"Welcome, [name]" in shown.content
    assert adam.post(path, words | {"do": "save"}).status_code == 302
    ada = _client(world, email="ada@example.com")
    _put(world, to=f"client:{ada.pk}", template="kyc.approved")
    outbox.drain(world.system())
    assert mail.outbox[0].subject == "Welcome, Ada Byron"
    adam.post(path, {"do": "reset"})
    with tenant_scope(world.aurora.pk):
        assert NotificationTemplate.objects.count() == 0
        assert NotificationTemplate.history.count() == 2


@pytest.mark.parametrize(
    "body",
    ["{client.password}", "{name!r}", "{name:>99}", "{0}", "{", "}", "{__class__}", "{{name}}"],
)
def test_words_reach_nothing_but_the_names_offered(world: World, scope: Scope, body: str) -> None:
    adam = world.actor("adam")
    with scope(adam), pytest.raises(InvalidInput):
        template_set(actor=adam, code="kyc.approved", language="en", subject="x", body=body)


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_is_filled_in_is_never_read_as_a_template_nor_as_a_header(
    value: str, text: str
) -> None:
    words = Words("x", "en", "{name}", "{name}|" + text.replace("{", "").replace("}", ""))
    message = render(words, {"name": value})
    assert message.body.startswith(value + "|")
    assert "\n" not in message.subject
    assert "\r" not in message.subject


def test_deliveries_can_not_be_changed(world: World, scope: Scope) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        scope(world.system()),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE operations_deliveryattempt SET outcome = 'sent'")
