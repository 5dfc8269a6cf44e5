"""Who asks, who decides, what stops it, and what is left when a worker dies in the midst."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import ProgrammingError, connection, transaction
from django.test import Client as Browser

from backoffice.core.clock import now
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.workflow.approvals import approval_vote, pending_for
from clients.models import Client, Note
from clients.ownership.models import Party
from clients.ownership.services import party_add
from clients.services import client_move, note_add
from clients.states import ClientState
from privacy import erasure, holds, letters, retention, steps, sweep, work
from privacy.models import ErasureRequest, LegalHold
from privacy.rules import Category, Facts, Outcome, answers, defaults, load
from privacy.steps import Done, Task
from tests.clients.factories import make_active, make_lead
from tests.payments.factories import make_deposit
from tests.privacy.life import YEARS
from tests.world import World

Scope = Callable[..., AbstractContextManager[None]]
Browse = Callable[[str], Browser]
POLICY = load(defaults())
TODAY = date(2026, 11, 24)


def _closed(world: World, **particulars: Any) -> Client:
    carla = world.actor("carla")
    client = make_lead(carla, **particulars)
    return client_move(actor=carla, client=client, state=ClientState.CLOSED, reason="left")


def _ask(world: World, client: Client, **more: Any) -> ErasureRequest:
    values = {"source": "client", "channel": "email", "received_on": now().date(), **more}
    return erasure.erasure_ask(actor=world.actor("carla"), client=client, **values)


def _decide(world: World, row: ErasureRequest, by: str = "miles", *, yes: bool = True) -> None:
    approval = pending_for(world.actor(by), row.pk)
    assert approval is not None
    approval_vote(
        actor=world.actor(by), approval=approval, approves=yes, reason="" if yes else "Not now."
    )
    row.refresh_from_db()


def _work(world: World, row: ErasureRequest) -> None:
    while work.step_work(world.system(), row.pk):
        pass
    row.refresh_from_db()


def _outcomes(facts: Facts) -> dict[str, tuple[str, date | None]]:
    return {a.category: (a.outcome, a.until) for a in answers(POLICY, facts, TODAY)}


def test_while_the_relationship_goes_on_nothing_goes() -> None:
    found = _outcomes(Facts(ended_on=None, last_money_on=TODAY))
    assert set(found.values()) == {(Outcome.NEEDED, None)}


def test_after_the_end_it_is_kept_to_the_day_and_then_goes() -> None:
    ended = date(2021, 11, 25)
    assert set(_outcomes(Facts(ended, None)).values()) == {(Outcome.RESTRICTED, date(2026, 11, 25))}
    found = _outcomes(Facts(ended - timedelta(days=1), None))
    assert found[Category.IDENTITY] == (Outcome.DELETED, None)
    assert found[Category.TRANSACTIONS] == (Outcome.ANONYMISED, None)
    # 29 February has no day of its own five years later.
    assert _outcomes(Facts(date(2024, 2, 29), None))[Category.AUDIT][1] == date(2029, 3, 1)


def test_identity_goes_with_the_last_of_the_others_and_a_hold_beats_all() -> None:
    short = {**POLICY, Category.IDENTITY: _years(POLICY[Category.IDENTITY], 1)}
    facts = Facts(date(2024, 1, 1), None)
    first = answers(short, facts, TODAY)[0]
    assert (first.outcome, first.until) == (Outcome.RESTRICTED, date(2029, 1, 1))
    held = answers(POLICY, Facts(date(2001, 1, 1), None, held=True), TODAY)
    assert {answer.outcome for answer in held} == {Outcome.RESTRICTED}


@pytest.mark.parametrize("ended", [None, date(2025, 1, 1)])
def test_a_hold_that_makes_no_difference_is_not_told(ended: date | None) -> None:
    free, held = (answers(POLICY, Facts(ended, None, held=each), TODAY) for each in (False, True))
    assert free == held


def test_the_letter_does_not_say_that_a_client_s_data_lies_unused(
    world: World, scope: Scope
) -> None:
    with scope(world.actor("carla")):
        row = _ask(world, make_lead(world.actor("carla")))
        _decide(world, row)
        _work(world, row)
        text = letters.html(row)
    assert "use it to serve you, because the relationship has not ended" in text
    assert "under lock" not in text


def _years(rule: Any, years: int) -> Any:
    from dataclasses import replace

    return replace(rule, years=years)


def test_it_takes_two_and_the_database_looks_for_itself(world: World, scope: Scope) -> None:
    carla = world.actor("carla")
    with scope(carla):
        client = _closed(world)
        note_add(actor=carla, client=client, text="said")
        with pytest.raises(NotPermitted):
            erasure.erasure_ask(
                actor=world.actor("sam"), client=client, source="client", channel="email",
                received_on=now().date(),
            )  # fmt: skip
        row = _ask(world, client)
        approval = pending_for(carla, row.pk)
        assert approval is not None
        with pytest.raises(FourEyes):
            approval_vote(actor=carla, approval=approval, approves=True)
        note = Note.objects.get()
        with pytest.raises(ProgrammingError, match="not decided by two"), transaction.atomic():
            sweep.remove(row.pk, "clients_note", "id", [note.pk])
        ErasureRequest.objects.filter(pk=row.pk).update(state="running")
        with pytest.raises(ProgrammingError, match="not decided by two"), transaction.atomic():
            sweep.remove(row.pk, "clients_note", "id", [note.pk])
        assert Note.objects.count() == 1


KEPT = "ledger_journal audit_auditentry audit_auditseal workflow_approvalvote staff_user"


@pytest.mark.parametrize("table", [*KEPT.split(), "django_session"])
def test_books_and_chain_are_out_of_reach_even_when_two_decided(
    world: World, scope: Scope, table: str
) -> None:
    with scope(world.actor("carla")):
        row = _ask(world, _closed(world))
        _decide(world, row)
        with pytest.raises(ProgrammingError, match="nothing is erased"), transaction.atomic():
            sweep.remove(row.pk, table, "id", [row.pk])
        with connection.cursor() as cursor, pytest.raises(ProgrammingError), transaction.atomic():
            cursor.execute("DELETE FROM privacy_erasurestep")


def test_a_request_within_the_time_is_answered_and_nothing_goes(world: World, scope: Scope) -> None:
    with scope(world.actor("carla")):
        client = _closed(world)
        row = _ask(world, client)
        _decide(world, row)
        _work(world, row)
        assert (row.state, row.steps.count(), client.name) == ("done", 0, "Anna Eriksson")
        assert {each["outcome"] for each in row.answers} == {"restricted"}
        assert Client.objects.get(pk=client.pk).email == "anna.eriksson@mail.example"


def test_a_hold_placed_before_the_decision_makes_it_stale(world: World, scope: Scope) -> None:
    carla = world.actor("carla")
    with scope(carla):
        client = _closed(world)
        with time_machine.travel(now() + YEARS):
            row = _ask(world, client)
            holds.hold_place(actor=carla, client=client, reason="a court asked")
            _decide(world, row)
        assert row.state == "refused"
        assert Client.objects.get(pk=client.pk).last_name == "Eriksson"


def test_a_hold_stops_what_is_under_way_and_two_people_let_it_go_on(
    world: World, scope: Scope
) -> None:
    carla, miles = world.actor("carla"), world.actor("miles")
    with scope(carla):
        client = _closed(world)
        with time_machine.travel(now() + YEARS):
            row = _ask(world, client)
            _decide(world, row)
            assert work.step_work(world.system(), row.pk)
            hold = holds.hold_place(actor=carla, client=client, reason="a court asked")
            _work(world, row)
            assert row.state == "stopped"
            assert row.steps.filter(state="done").count() == 1
            assert Client.objects.get(pk=client.pk).last_name == "Eriksson"
            with pytest.raises(ProgrammingError), transaction.atomic():
                sweep.remove(row.pk, "clients_note", "id", [row.pk])
            approval = holds.hold_lift_ask(actor=carla, hold=hold, reason="the case is over")
            with pytest.raises(StateConflict):
                holds.hold_lift_ask(actor=carla, hold=hold, reason="again")
            with pytest.raises(FourEyes):
                approval_vote(actor=carla, approval=approval, approves=True)
            approval_vote(actor=miles, approval=approval, approves=True)
            row.refresh_from_db()
            assert row.state == "running"
            _work(world, row)
        assert (row.state, Client.objects.get(pk=client.pk).last_name) == ("done", "Erased")
        assert LegalHold.objects.get().lifted_by == "Miles"


def test_a_worker_that_dies_leaves_whole_steps_and_the_next_goes_on(
    world: World, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scope(world.actor("carla")):
        client = _closed(world)
        note_add(actor=world.actor("carla"), client=client, text="said")
        with time_machine.travel(now() + YEARS):
            row = _ask(world, client)
            _decide(world, row)
            real = steps.step_of

            def dies(code: str) -> steps.Step:
                step = real(code)
                if code != "communications:clients.Note":
                    return step

                def half(task: Task) -> Done:
                    step.run(task)
                    raise KeyboardInterrupt  # whatever ends a process in the midst

                return steps.Step(step.code, step.category, step.label, half)

            monkeypatch.setattr(work, "step_of", dies)
            with pytest.raises(KeyboardInterrupt), transaction.atomic():
                _work(world, row)
            assert Note.objects.count() == 1
            undone = row.steps.get(code="communications:clients.Note")
            assert (undone.state, undone.rows) == ("waiting", 0)
            monkeypatch.setattr(work, "step_of", real)
            _work(world, row)
        assert (row.state, Note.objects.count()) == ("done", 0)
        assert row.steps.get(code="communications:clients.Note").rows == 1
        assert (bytes(row.terms_sealed), row.left) == (b"", [])


def test_a_namesake_keeps_their_name_and_is_said_to_be_there(world: World, scope: Scope) -> None:
    with scope(world.actor("carla")):
        other = make_lead(world.actor("carla"), email="other@mail.example", phone="")
        client = _closed(world)
        with time_machine.travel(now() + YEARS):
            row = _ask(world, client)
            _decide(world, row)
            _work(world, row)
        assert Client.objects.get(pk=other.pk).name == "Anna Eriksson"
        assert ["clients_client", 1] in row.left
        assert Client.objects.get(pk=client.pk).name == "Erased"


def test_who_has_money_with_us_is_not_erased(world: World, scope: Scope) -> None:
    with scope(world.actor("carla")):
        client = make_active(world.actor("carla"))
        make_deposit(world, "automatic", client)
        client_move(
            actor=world.actor("carla"), client=client, state=ClientState.CLOSED, reason="left"
        )
        with (
            time_machine.travel(now() + YEARS),
            pytest.raises(StateConflict, match=r"still has 100\.00 EUR"),
        ):
            _ask(world, client)
        assert not ErasureRequest.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"source": "the cat"}, "source"),
        ({"channel": "pigeon"}, "channel"),
        ({"received_on": date(2199, 1, 1)}, "received_on"),
        ({"reason": "x" * 301}, "reason"),
        ({"longer_years": -1, "reason": "a"}, "longer_years"),
        ({"longer_years": 2, "reason": " "}, "reason"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    world: World, scope: Scope, wrong: dict[str, Any], field: str
) -> None:
    with scope(world.actor("carla")):
        client = _closed(world)
        with pytest.raises(InvalidInput) as refused:
            _ask(world, client, **wrong)
        assert list(refused.value.fields) == [field]
        assert not ErasureRequest.objects.exists()


def test_one_request_is_open_at_a_time_and_can_be_taken_back(world: World, scope: Scope) -> None:
    carla = world.actor("carla")
    with scope(carla):
        client = _closed(world)
        row = _ask(world, client)
        with pytest.raises(StateConflict, match="is open already"):
            _ask(world, client)
        erasure.erasure_cancel(actor=carla, request=row, reason="They changed their mind")
        assert _ask(world, client).reference != row.reference
        with pytest.raises(StateConflict, match="decided already"):
            erasure.erasure_cancel(actor=carla, request=row, reason="again")


def test_longer_is_as_long_as_the_rules_allow() -> None:
    facts = Facts(date(2020, 1, 1), None, longer_years=9)
    until = answers(POLICY, facts, TODAY)[0].until
    assert until == date(2030, 1, 1)  # 5 and at most 5 more


def test_the_letter_says_the_same_of_checks_whatever_they_found(
    world: World, scope: Scope, tmp_path: Any
) -> None:
    from tests.compliance.factories import make_hit

    with scope(world.actor("carla")):
        clean = _closed(world, email="clean@mail.example")
        hit = make_hit(world.actor("carla"), tmp_path)
        suspect = client_move(
            actor=world.actor("carla"), client=hit.client, state=ClientState.CLOSED, reason="left"
        )
        texts = []
        for client in (clean, suspect):
            row = _ask(world, client)
            _decide(world, row)
            _work(world, row)
            text = letters.html(row).replace(row.reference, "").replace(client.reference, "")
            texts.append(text)
            assert client.last_name not in text
    assert texts[0] == texts[1]
    said = re.sub(r"<[^>]+>", " ", texts[0]).lower()
    for word in ("alert", "suspic", "sanction", "case ", "report", "laundering officer", "hit"):
        assert not re.search(rf"\b{word}", said), word


def test_pages_of_an_erased_client_open(world: World, scope: Scope, browse: Browse) -> None:
    with scope(world.actor("carla")):
        client = _closed(world)
        with time_machine.travel(now() + YEARS):
            row = _ask(world, client)
            _decide(world, row)
            _work(world, row)
    browser = browse("carla")
    for tab in ("", "identity/", "documents/", "kyc/", "risk/", "timeline/", "notes/", "privacy/"):
        page = browser.get(f"/clients/{client.pk}/{tab}")
        assert page.status_code == 200, tab
        assert "Eriksson" not in page.content.decode(), tab
    evidence = browser.get(f"/privacy/requests/{row.pk}/").content.decode()
    assert "the name stands in no table and no file" in evidence


def test_rules_of_a_brokerage_are_installed_once(world: World, scope: Scope) -> None:
    with scope(world.actor("carla")):
        first = retention.retention_install(actor=world.actor("carla"))
        assert retention.retention_install(actor=world.actor("miles")).pk == first.pk


def test_who_stood_behind_a_company_goes_with_it_and_not_from_another(
    world: World, scope: Scope
) -> None:
    carla = world.actor("carla")
    with scope(carla):
        mine, other = (
            make_lead(
                carla, kind="company", company_name=name, first_name="", last_name="",
                birth_date=None, email=f"{name[:4]}@mail.example", phone="",
                address=f"At {name}, Larnaca",
            )
            for name in ("Zephyrine Holdings", "Another House")
        )  # fmt: skip
        for company in (mine, other):
            party_add(
                actor=carla, client=company, kind="person", first_name="Wilhelmina",
                last_name="Owningstone", birth_date=date(1970, 1, 2), nationality="SE",
                residence="SE", role="director", from_on=date(2020, 1, 1),
            )  # fmt: skip
            note_add(actor=carla, client=company, text="Owningstone signs alone")
        client_move(actor=carla, client=mine, state=ClientState.CLOSED, reason="wound up")
        with time_machine.travel(now() + YEARS):
            row = _ask(world, Client.objects.get(pk=mine.pk))
            _decide(world, row)
            _work(world, row)
        gone, kept = Party.objects.get(client=mine), Party.objects.get(client=other)
        assert (gone.name, gone.birth_date, kept.name) == (
            "Erased", None, "Wilhelmina Owningstone",
        )  # fmt: skip
        assert Note.objects.get().client_id == other.pk
        assert (Client.objects.get(pk=mine.pk).name, row.left) == ("Erased", [])
