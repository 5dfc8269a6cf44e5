"""Money stops while something about its client is open, and no one else learns why."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client as Browser
from django.urls import reverse

from backoffice.audit.selectors import entries
from backoffice.core.context import Actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted
from backoffice.core.money import Money
from backoffice.portal import search
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import approvals, outbox, queues
from backoffice.workflow.models import WorkItem
from clients.models import Client
from compliance.held import TOPIC
from compliance.hits import hit_decide
from compliance.models import Alert
from compliance.monitoring.alerts import alert_decide, alert_review
from compliance.release import payment_clear, release_check
from compliance.screening.decide import Category
from compliance.states import HitState
from kyc.models import CaseCheck, CheckOutcome, KycCase, Level
from kyc.states import CaseState
from payments.models import PaymentHold, Withdrawal
from payments.rules import Arrival, ArrivalFacts, arrival
from payments.services.holds import payment_hold
from tests.compliance.factories import make_hit, make_ines, make_own_list
from tests.compliance.planted import day, deposit, make_alert, make_client, withdrawal
from tests.world import World

Browse = Callable[[str], Browser]


@pytest.fixture
def carla(world: World) -> Iterator[Actor]:
    actor = world.actor("carla")
    with tenant_scope(world.aurora.pk, actor):
        yield actor


def _asked(client: Client) -> Withdrawal:
    return withdrawal(client, "100", day(0), state="review", paid_at=None, paid_amount=None)


def test_money_goes_while_nothing_is_open(carla: Actor) -> None:
    row = _asked(make_client(carla, "Clean"))
    assert release_check(carla, row).colour == "good"


def test_an_open_alert_stops_withdrawals_and_not_deposits(world: World, carla: Actor) -> None:
    alert = make_alert(carla, world.actor("miles"))
    assert release_check(carla, _asked(alert.client)).stops
    assert not release_check(carla, deposit(alert.client, "5", day(0))).stops
    alert_decide(
        actor=carla, alert=alert, verdict="cleared", reason="explained",
        note="Sale of a car, contract seen.",
    )  # fmt: skip
    assert not release_check(carla, _asked(alert.client)).stops


def test_an_undecided_sanctions_hit_stops_both_ways_and_a_dismissed_one_neither(
    world: World, carla: Actor, tmp_path: Path
) -> None:
    hit = make_hit(carla, tmp_path)
    out, into = _asked(hit.client), deposit(hit.client, "5", day(0))
    assert (release_check(carla, out).stops, release_check(carla, into).stops) == (True, True)
    hit_decide(actor=carla, hit=hit, verdict=HitState.FALSE_POSITIVE, reason="document")
    assert release_check(carla, out).stops  # one pair of eyes is not enough
    approval = approvals.pending_for(carla, hit.pk)
    assert approval is not None
    approvals.approval_vote(actor=world.actor("miles"), approval=approval, approves=True)
    assert (release_check(carla, out).stops, release_check(carla, into).stops) == (False, False)


def test_what_it_says_is_the_same_whatever_the_cause(
    world: World, carla: Actor, tmp_path: Path
) -> None:
    by_hit = release_check(carla, _asked(make_hit(carla, tmp_path).client))
    by_alert = release_check(carla, _asked(make_alert(carla, world.actor("miles")).client))
    assert by_hit == by_alert
    assert by_hit.url == ""


def test_an_officer_releases_one_payment_and_a_new_alert_stops_it_again(
    world: World, carla: Actor
) -> None:
    miles = world.actor("miles")
    alert = make_alert(carla, miles)
    row, other = _asked(alert.client), _asked(alert.client)
    with pytest.raises(NotPermitted):
        payment_clear(actor=carla, payment=row, reason="Known")
    with pytest.raises(InvalidInput):
        payment_clear(actor=miles, payment=row, reason=" ")
    row.requested_by_ref = miles.ref
    with pytest.raises(FourEyes):
        payment_clear(actor=miles, payment=row, reason="Known")
    row.requested_by_ref = "client:x"
    payment_clear(actor=miles, payment=row, reason="Proceeds of a sale, shown")
    assert (release_check(carla, row).stops, release_check(carla, other).stops) == (False, True)
    alert.pk, alert.reference, alert.window_key = None, "A-again", "again"
    from backoffice.core.clock import now
    from backoffice.core.ids import uuid7

    alert.pk, alert.raised_at = uuid7(), now()
    alert.save(force_insert=True)
    assert release_check(carla, row).stops


def test_a_confirmed_sanctions_hit_is_never_released(
    world: World, carla: Actor, tmp_path: Path
) -> None:
    miles = world.actor("miles")
    hit = make_hit(carla, tmp_path)
    hit_decide(actor=carla, hit=hit, verdict=HitState.CONFIRMED, reason="particulars")
    approval = approvals.pending_for(carla, hit.pk)
    assert approval is not None
    approvals.approval_vote(actor=miles, approval=approval, approves=True)
    row = _asked(hit.client)
    with pytest.raises(InvalidInput, match="sanctions list"):
        payment_clear(actor=miles, payment=row, reason="Please")
    assert release_check(carla, row).stops


def test_payments_staff_learn_nothing_of_monitoring(world: World, browse: Browse) -> None:
    carla, pavel, olivia = world.actor("carla"), world.actor("pavel"), world.actor("olivia")
    with tenant_scope(world.aurora.pk, carla):
        alert = make_alert(carla, world.actor("miles"))
        alert_review(actor=carla, alert=alert)
        item = queues.item_for(carla, "alerts", alert.pk)
        assert item is not None
        queues.item_claim(actor=carla, item=item)
    his = browse("pavel")
    for name in ("alerts", "scenarios"):
        assert his.get(reverse(f"compliance:{name}")).status_code == 403
    for name in ("alert", "alert-decide", "alert-snooze"):
        arguments = [alert.pk, "cleared"] if name == "alert-decide" else [alert.pk]
        assert his.get(reverse(f"compliance:{name}", args=arguments)).status_code == 403
    home = his.get("/").content.decode()
    assert "Alerts" not in home
    assert alert.reference not in home
    with tenant_scope(world.aurora.pk, pavel):
        assert [count.queue.code for count in queues.counts(pavel)].count("alerts") == 0
        assert search.find(pavel, alert.reference) == []
        # The operations manager reads the audit trail: nothing in it speaks of the alert.
        seen = entries(olivia)
        assert not seen.filter(subject_id=alert.pk).exists()
        assert not seen.filter(action__contains="alert").exists()
        assert not seen.filter(action__startswith="workflow.item").exists()
        assert entries(carla).filter(action="workflow.item_claimed_discreetly").count() == 1
        assert entries(carla).filter(subject_id=alert.pk).count() == 2
    page = his.get(reverse("clients:client", args=[alert.client_id])).content.decode()
    for trace in (alert.reference, "FX02", "Structuring", "monitoring"):
        assert trace not in page


def test_the_officer_reads_the_alert_in_words_and_decides_it(world: World, browse: Browse) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        alert = make_alert(carla, world.actor("miles"))
    hers = browse("carla")
    assert alert.reference in hers.get(reverse("compliance:alerts")).content.decode()
    page = hers.get(reverse("compliance:alert", args=[alert.pk])).content.decode()
    assert "3 deposits within 7 days, each between 9,200.00 EUR and 9,200.00 EUR" in page
    assert "together 27,600.00 EUR" in page
    decide = reverse("compliance:alert-decide", args=[alert.pk, "cleared"])
    assert hers.post(decide, {"reason": "explained", "note": "x"}).status_code == 422
    note = "Sale of a car, contract seen."
    assert hers.post(decide, {"reason": "explained", "note": note}).status_code == 302
    done = hers.get(reverse("compliance:alert", args=[alert.pk])).content.decode()
    assert note in done
    assert "Scenarios" in hers.get(reverse("compliance:scenarios")).content.decode()


def _case(actor: Actor, client: Client, state: str) -> KycCase:
    level, _ = Level.objects.get_or_create(number=1, defaults={"name": "One", "rights": []})
    case = KycCase.objects.create(
        reference="K-1", client=client, level=level, state=state, opened_by="tests"
    )
    CaseCheck.objects.create(case=case, name="screening")
    return case


def _drain(world: World) -> None:
    while outbox.drain(world.system()):
        pass


def test_a_case_with_a_hit_is_escalated_with_its_lines_and_returns_when_decided(
    world: World, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_own_list(carla, tmp_path)
        case = _case(carla, make_ines(carla), CaseState.SCREENING)
        outbox.put("kyc.check", subject_id=case.pk, payload={"check": "screening"})
    _drain(world)
    with tenant_scope(world.aurora.pk, carla):
        case.refresh_from_db()
        check = case.checks.get()
        assert (case.state, check.outcome) == (CaseState.ESCALATED, CheckOutcome.HIT)
        assert check.summary == "1 to be decided"
        assert "VALDERRAMIA, Ines" in check.lines[0]["title"] or check.lines[0]["features"]
        hit = case.client.hits.get()
        assert check.url == reverse("compliance:hit", args=[hit.pk])
        hit_decide(actor=carla, hit=hit, verdict=HitState.FALSE_POSITIVE, reason="document")
    _drain(world)
    with tenant_scope(world.aurora.pk, carla):
        check.refresh_from_db()
        assert check.outcome == CheckOutcome.CLEAR


def test_without_a_list_in_use_screening_does_not_call_anyone_clear(world: World) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        case = _case(carla, make_ines(carla), CaseState.SCREENING)
        outbox.put("kyc.check", subject_id=case.pk, payload={"check": "screening"})
    _drain(world)
    with tenant_scope(world.aurora.pk, carla):
        assert case.checks.get().outcome == CheckOutcome.ERROR


def test_a_confirmed_sanctions_hit_freezes_the_case(world: World, tmp_path: Path) -> None:
    carla, miles = world.actor("carla"), world.actor("miles")
    with tenant_scope(world.aurora.pk, carla):
        hit = make_hit(carla, tmp_path, Category.SANCTIONS)
        case = _case(carla, hit.client, CaseState.ESCALATED)
        hit_decide(actor=carla, hit=hit, verdict=HitState.CONFIRMED, reason="particulars")
        approval = approvals.pending_for(carla, hit.pk)
        assert approval is not None
        approvals.approval_vote(actor=miles, approval=approval, approves=True)
    _drain(world)
    with tenant_scope(world.aurora.pk, carla):
        case.refresh_from_db()
        assert case.state == CaseState.FROZEN


@pytest.fixture
def held(world: World, carla: Actor) -> Withdrawal:
    """A withdrawal of a client with an open alert, held by Carla, in the officers' queue."""
    alert = make_alert(carla, world.actor("miles"))
    row = _asked(alert.client)
    payment_hold(actor=carla, payment=row, reason="FX01 is looked into")
    outbox.drain(carla)
    row.refresh_from_db()
    return row


def _standing(row: Withdrawal) -> PaymentHold:
    return PaymentHold.objects.get(subject_id=row.pk)


def test_a_held_payment_waits_in_the_officers_queue_with_a_clock(
    carla: Actor, held: Withdrawal, browse: Browse
) -> None:
    item = queues.item_for(carla, "held", held.pk)
    assert item is not None
    assert (item.due_at - item.opened_at).total_seconds() == 4 * 3600
    page = browse("carla").get(reverse("compliance:held")).content.decode()
    assert held.reference in page
    assert held.client.name in page
    assert Alert.objects.get(client=held.client).reference in page


def test_its_page_shows_what_is_open_and_greys_the_release_for_who_held_it(
    world: World, carla: Actor, held: Withdrawal, browse: Browse
) -> None:
    alert = Alert.objects.get(tenant_id=carla.tenant_id, client=held.client)
    url = reverse("compliance:held-payment", args=[held.pk])
    hers = browse("carla").get(url).content.decode()
    assert alert.reference in hers
    assert "3 deposits within 7 days" in hers  # the figures that fired
    assert "FX01 is looked into" in hers
    assert "The reporting officer releases what is held." in hers
    his = browse("miles").get(url).content.decode()
    assert reverse("compliance:release", args=[held.pk]) in his


def test_payments_staff_see_it_held_and_never_why(
    carla: Actor, held: Withdrawal, browse: Browse
) -> None:
    alert = Alert.objects.get(tenant_id=carla.tenant_id, client=held.client)
    for name in ("pavel", "petra"):
        theirs = browse(name)
        for url in ("compliance:held", "compliance:alerts"):
            assert theirs.get(reverse(url)).status_code == 403
        for url in ("compliance:held-payment", "compliance:release"):
            assert theirs.get(reverse(url, args=[held.pk])).status_code == 403
        page = theirs.get(reverse("payments:withdrawal", args=[held.pk])).content.decode()
        assert held.reference in page
        for secret in (alert.reference, "FX01", "FX02", "looked into"):
            assert secret not in page


def test_releasing_gives_the_payment_back_and_keeps_the_reason_with_compliance(
    carla: Actor, held: Withdrawal, browse: Browse
) -> None:
    url = reverse("compliance:release", args=[held.pk])
    browse("carla").post(url, {"reason": "Known"})
    held.refresh_from_db()
    assert held.state == "compliance"
    his = browse("miles")
    assert "Why it may go although something is open" in his.get(url).content.decode()
    assert his.post(url, {"reason": " "}).status_code == 422
    assert his.post(url, {"reason": "Proceeds of a sale, shown"}).status_code == 302
    outbox.drain(carla)
    held.refresh_from_db()
    hold = _standing(held)
    assert (held.state, hold.released_by) == ("review", "Miles")
    assert hold.release_reason == "Released by compliance"
    assert not release_check(carla, held).stops
    assert queues.item_for(carla, "held", held.pk) is None
    assert queues.item_for(carla, "withdrawals", held.pk) is not None
    page = browse("pavel").get(reverse("payments:withdrawal", args=[held.pk])).content.decode()
    assert "Proceeds of a sale" not in page


def test_a_repeated_message_of_a_move_changes_nothing(carla: Actor, held: Withdrawal) -> None:
    for _ in range(2):
        outbox.put(TOPIC, subject_id=held.pk)
        outbox.drain(carla)
    assert WorkItem.objects.filter(tenant_id=carla.tenant_id, queue="held").count() == 1


def test_a_held_deposit_says_no_more_than_that_compliance_holds_it() -> None:
    money = Money.parse("100", "EUR")
    facts = ArrivalFacts(
        asked=money, paid=money, policy="automatic", threshold=None, client_name="Ada Lee",
        payer_name="Ada Lee", stopped="", holds=("FX02 is looked into",),
    )  # fmt: skip
    assert arrival(facts) == (Arrival.HELD, "Held by compliance.")
