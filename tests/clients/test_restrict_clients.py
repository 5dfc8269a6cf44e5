"""What a client may do now, and who stopped it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, transaction

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from clients import selectors, services
from clients.errors import ActionStopped
from clients.models import ClientAction, Note, Restriction
from tests.clients.factories import make_active, make_lead
from tests.world import World


def _stop(actor: Actor, client: object, **values: object) -> Restriction:
    given = {"action": "withdraw", "reason": "manual", "text": "Passport expired", **values}
    return services.restriction_place(actor=actor, client=client, **given)  # type: ignore[arg-type]


def test_an_active_client_with_every_right_may_do_everything(carla: Actor) -> None:
    verdicts = selectors.allowed(make_active(carla))
    assert {action: verdict.ok for action, verdict in verdicts.items()} == dict.fromkeys(
        ClientAction, True
    )


def test_a_lead_may_sign_in_and_nothing_else(carla: Actor) -> None:
    verdicts = selectors.allowed(make_lead(carla))
    assert [action for action, verdict in verdicts.items() if verdict.ok] == [ClientAction.LOGIN]
    ok, sentence = verdicts[ClientAction.DEPOSIT]
    assert (ok, sentence) == (False, "the client is a lead; KYC has not begun")


def test_a_restriction_stops_one_action_until_it_is_lifted(carla: Actor) -> None:
    client = make_active(carla)
    restriction = _stop(carla, client)
    verdicts = selectors.allowed(client)
    assert [action for action, verdict in verdicts.items() if not verdict.ok] == ["withdraw"]
    assert verdicts[ClientAction.WITHDRAW].sentence.startswith("Passport expired (since ")
    with pytest.raises(ActionStopped, match="Withdraw is stopped for C-"):
        selectors.check_allowed(client, ClientAction.WITHDRAW)
    services.restriction_lift(actor=carla, restriction=restriction, reason="new passport")
    assert selectors.allowed(client)[ClientAction.WITHDRAW].ok
    actions = AuditEntry.objects.filter(subject_id=client.pk).values_list("action", flat=True)
    assert list(actions.order_by("id"))[-2:] == ["clients.restricted", "clients.restriction_lifted"]


def test_the_same_stop_twice_is_one_and_lifting_twice_is_a_conflict(carla: Actor) -> None:
    client = make_active(carla)
    first = _stop(carla, client)
    assert _stop(carla, client).pk == first.pk
    services.restriction_lift(actor=carla, restriction=first, reason="done")
    with pytest.raises(StateConflict, match="Carla has lifted it already"):
        services.restriction_lift(actor=carla, restriction=first, reason="again")
    assert Restriction.objects.count() == 1


def test_a_rule_lifts_what_it_placed_and_leaves_what_people_placed(carla: Actor) -> None:
    client = make_active(carla)
    _stop(carla, client, origin="kyc.expiry")
    _stop(carla, client, action="deposit", origin="kyc.expiry")
    by_hand = _stop(carla, client)
    lifted = services.restrictions_lift_of(
        actor=carla, client=client, origin="kyc.expiry", reason="new passport"
    )
    assert lifted == 2
    assert list(selectors.standing(client)) == [by_hand]


def test_a_stop_with_an_end_ends_by_itself(carla: Actor) -> None:
    client = make_active(carla)
    _stop(carla, client, until=now() + timedelta(days=1))
    assert not selectors.allowed(client)[ClientAction.WITHDRAW].ok
    with time_machine.travel(now() + timedelta(days=2), tick=False):
        assert selectors.allowed(client)[ClientAction.WITHDRAW].ok


def test_a_stop_is_placed_again_after_its_end_and_made_longer_before_it(carla: Actor) -> None:
    client = make_active(carla)
    for origin in ("", "kyc.expiry"):
        first = _stop(carla, client, origin=origin, until=now() + timedelta(days=1))
        assert _stop(carla, client, origin=origin, until=now() + timedelta(hours=1)) == first
        longer = _stop(carla, client, origin=origin, until=now() + timedelta(days=9))
        assert longer != first
        with time_machine.travel(now() + timedelta(days=10), tick=False):
            again = _stop(carla, client, origin=origin)
            assert again != longer
            assert not selectors.allowed(client)[ClientAction.WITHDRAW].ok
    assert selectors.standing(client).count() == 2


def test_two_people_with_two_reasons_lift_two_stops(carla: Actor) -> None:
    client = make_active(carla)
    first, second = _stop(carla, client), _stop(carla, client, text="Court order")
    assert first != second
    services.restriction_lift(actor=carla, restriction=first, reason="new passport")
    verdict = selectors.allowed(client)[ClientAction.WITHDRAW]
    assert not verdict.ok
    assert verdict.sentence.startswith("Court order")


def test_an_end_in_the_past_or_no_text_is_refused(carla: Actor) -> None:
    client = make_active(carla)
    with pytest.raises(InvalidInput) as caught:
        _stop(carla, client, until=datetime(2020, 1, 1, tzinfo=UTC))
    assert "until" in caught.value.fields
    with pytest.raises(InvalidInput):
        _stop(carla, client, text=" ")
    assert Restriction.objects.count() == 0


def test_a_suspended_client_may_take_money_out_and_no_more(carla: Actor) -> None:
    client = make_active(carla)
    client = services.client_move(actor=carla, client=client, state="suspended", reason="alert")
    allowed = {action for action, verdict in selectors.allowed(client).items() if verdict.ok}
    assert allowed == {ClientAction.WITHDRAW, ClientAction.LOGIN}


def test_a_note_is_for_good_and_tells_those_it_mentions(
    carla: Actor, world: World, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    from backoffice.workflow.models import OutboxItem

    client = make_lead(carla)
    wanted = [world.user("sam").pk, world.user("zoe").pk]
    note = services.note_add(actor=carla, client=client, text=" Called back. ", mentions=wanted)
    assert (note.text, note.mentions) == ("Called back.", [world.user("sam").pk])
    assert OutboxItem.objects.filter(topic="operations.notify", subject_id=note.pk).count() == 1
    for change in (lambda: Note.objects.update(text="x"), lambda: Note.objects.all().delete()):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            change()
    with pytest.raises(InvalidInput):
        services.note_add(actor=carla, client=client, text=" ")
