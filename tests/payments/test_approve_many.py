"""Many withdrawals approved in one go: each by itself, as it was seen, within one's own band."""

import re
from collections.abc import Callable, Sequence
from uuid import UUID

import pytest
from django.test import Client as Browser
from django.urls import reverse

from backoffice.audit.models import AuditEntry
from backoffice.core.errors import InvalidInput, NotPermitted
from backoffice.core.ids import uuid7
from backoffice.portal import batches
from backoffice.portal.models import Batch, BatchItem
from backoffice.workflow.approvals import pending_for
from backoffice.workflow.models import ApprovalBand, ApprovalVote
from payments import release_checks
from payments.models import Withdrawal
from payments.rules import Check
from payments.services.bands import bands_propose
from payments.services.withdrawals import withdrawal_approve, withdrawal_cancel, withdrawal_edit
from tests.payments.factories import make_rules
from tests.payments.money import Brokerage, eur

Browse = Callable[[str], Browser]
ONE, LARGE = "payments.approve_withdrawal", "payments.approve_large_withdrawal"


@pytest.fixture
def rich(shop: Brokerage) -> Brokerage:
    """The client has 1,000.00 EUR from a card, which is an approved destination."""
    shop.funded("1000.00")
    shop.approved_card()
    return shop


def _seen(shop: Brokerage, *rows: Withdrawal) -> list[UUID]:
    """The approvals that someone saw in the list."""
    with shop.scope():
        found = [pending_for(shop.system, row.pk) for row in rows]
    return [each.pk for each in found if each is not None]


def _ask(shop: Brokerage, chosen: Sequence[UUID], name: str = "petra") -> Batch:
    with shop.scope():
        return batches.batch_ask(actor=shop.world.actor(name), chosen=chosen)


def _items(shop: Brokerage, batch: Batch) -> list[tuple[str, str]]:
    with shop.scope():
        rows = BatchItem.objects.filter(batch=batch).order_by("place")
        return list(rows.values_list("state", "reason"))


def _states(shop: Brokerage, *rows: Withdrawal) -> list[str]:
    return [shop.outgoing(row).state for row in rows]


def test_what_was_chosen_is_approved_one_by_one_in_the_name_of_who_asked(rich: Brokerage) -> None:
    rows = [rich.withdraw(amount) for amount in ("40.00", "50.00", "60.00")]
    batch = _ask(rich, _seen(rich, *rows[:2]))
    assert _states(rich, *rows) == ["review"] * 3
    rich.work()
    assert _items(rich, batch) == [("done", ""), ("done", "")]
    assert _states(rich, *rows) == ["submitted", "submitted", "review"]
    with rich.scope():
        batch.refresh_from_db()
        assert (batch.state, batch.done_at is not None) == ("done", True)
        voters = ApprovalVote.objects.values_list("voter_name", flat=True)
        assert list(voters) == ["Petra", "Petra"]
        told = AuditEntry.objects.filter(action__startswith="portal.batch").order_by("at")
        assert [(entry.action, entry.actor_name) for entry in told] == [
            ("portal.batch_asked", "Petra"),
            ("portal.batch_item", "Petra"),
            ("portal.batch_item", "Petra"),
        ]
    assert rich.sound()


def test_what_changed_since_it_was_seen_is_skipped_and_the_rest_goes_on(rich: Brokerage) -> None:
    edited, decided, gone, last = (rich.withdraw(each) for each in ("40", "50", "60", "70"))
    chosen = _seen(rich, edited, decided, gone, last)
    pavel, adam = rich.world.actor("pavel"), rich.world.actor("adam")
    with rich.scope():
        withdrawal_edit(actor=pavel, withdrawal=edited, money=eur("45.00"), destination=rich.target)
        withdrawal_approve(actor=adam, withdrawal=decided)
        withdrawal_cancel(actor=pavel, withdrawal=gone, reason="no more")
    batch = _ask(rich, chosen)
    rich.work()
    assert _items(rich, batch) == [
        ("skipped", "It was changed or taken back since you saw it."),
        ("skipped", "It is approved already."),
        ("skipped", "It was changed or taken back since you saw it."),
        ("done", ""),
    ]
    assert _states(rich, edited, gone, last) == ["review", "cancelled", "submitted"]


def test_a_check_that_turned_red_stops_its_item_alone(rich: Brokerage) -> None:
    rows = [rich.withdraw("40.00"), rich.withdraw("50.00")]
    release_checks.register(
        "tests", lambda actor, row: Check("tests", "bad", "No", "not this one")
        if row.pk == rows[0].pk else None,
    )  # fmt: skip
    try:
        batch = _ask(rich, _seen(rich, *rows))
        rich.work()
    finally:
        release_checks.unregister("tests")
    assert _items(rich, batch) == [
        ("skipped", "No: not this one. Nothing was approved."),
        ("done", ""),
    ]
    assert _states(rich, *rows) == ["review", "submitted"]


def test_above_the_band_and_against_four_eyes_it_is_refused(rich: Brokerage) -> None:
    with rich.scope():
        ApprovalBand.objects.create(kind="payments.withdrawal", amount_max=100, steps=[ONE])
        ApprovalBand.objects.create(kind="payments.withdrawal", amount_max=200, steps=[LARGE])
        ApprovalBand.objects.create(kind="payments.withdrawal", steps=[ONE, LARGE])
    small, senior, two = (rich.withdraw(each) for each in ("40.00", "150.00", "250.00"))
    # Pavel asked for all of them; Olivia shaped where they go.
    for name in ("pavel", "olivia"):
        batch = _ask(rich, _seen(rich, small, senior, two), name)
        rich.work()
        assert {state for state, _ in _items(rich, batch)} == {"refused"}
    batch = _ask(rich, _seen(rich, small, senior, two))
    rich.work()
    assert [state for state, _ in _items(rich, batch)] == ["done", "done", "refused"]
    assert "takes another person after you" in _items(rich, batch)[2][1]
    with rich.scope():
        assert ApprovalVote.objects.count() == 2
        withdrawal_approve(actor=rich.world.actor("adam"), withdrawal=two)
    # One has voted: hers is the last vote needed, and it decides.
    batch = _ask(rich, _seen(rich, two))
    rich.work()
    assert [state for state, _ in _items(rich, batch)] == ["done"]


def test_who_left_before_it_was_worked_approves_nothing(rich: Brokerage) -> None:
    row = rich.withdraw("40.00")
    batch = _ask(rich, _seen(rich, row))
    petra = rich.world.user("petra")
    petra.is_active = False
    petra.save()
    rich.work()
    assert _items(rich, batch) == [("refused", "who asked for it does not work here any more")]
    assert _states(rich, row) == ["review"]


def test_a_batch_is_stopped_between_two_items(rich: Brokerage) -> None:
    rows = [rich.withdraw("40.00"), rich.withdraw("50.00")]
    batch = _ask(rich, _seen(rich, *rows))
    assert batches.item_work(rich.system, batch.pk) is True
    with rich.scope():
        with pytest.raises(NotPermitted):
            batches.batch_stop(actor=rich.world.actor("carla"), batch=batch)
        batches.batch_stop(actor=rich.world.actor("adam"), batch=batch)
        batches.batch_stop(actor=rich.world.actor("adam"), batch=batch)
    rich.work()
    assert _items(rich, batch) == [("done", ""), ("left", "Adam stopped it before")]
    assert _states(rich, *rows) == ["submitted", "review"]


def test_a_long_batch_is_worked_in_turns(rich: Brokerage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SLICE", 2)
    rows = [rich.withdraw("11.00") for _ in range(3)]
    batch = _ask(rich, _seen(rich, *rows))
    rich.work()
    assert [state for state, _ in _items(rich, batch)] == ["done"] * 3


def test_what_is_no_batch_is_not_begun(rich: Brokerage) -> None:
    seen = _seen(rich, rich.withdraw("40.00"))
    with rich.scope():
        petra = rich.world.actor("petra")
        bands = bands_propose(actor=petra, proposal=[(None, "senior")])
        for chosen in ([], [uuid7() for _ in range(batches.ITEMS_MAX + 1)], [*seen, bands.pk],
                       [bands.pk]):  # fmt: skip
            with pytest.raises(InvalidInput):
                batches.batch_ask(actor=rich.world.actor("adam"), chosen=chosen)
        for name, chosen in (("adam", [uuid7()]), ("igor", seen)):
            with pytest.raises(NotPermitted):
                batches.batch_ask(actor=rich.world.actor(name), chosen=chosen)
        assert Batch.objects.count() == 0


def _text(browser: Browser, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return re.sub(r"\s+", " ", answer.content.decode())


def test_it_is_chosen_in_a_list_and_followed_to_its_end(rich: Brokerage, browse: Browse) -> None:
    row = rich.withdraw("40.00")
    [seen] = _seen(rich, row)
    petra = browse("petra")
    for page in (reverse("payments:withdrawal-list"), reverse("portal:approvals")):
        assert f'name=selected value="{seen}" data-sum="40.00' in _text(petra, page)
        assert "name=selected" not in _text(browse("pavel"), page)  # he asked for it
    form = {"selected": [str(seen)], "form_key": "one"}
    first = petra.post(reverse("portal:batch-new"), form)
    again = petra.post(reverse("portal:batch-new"), form)
    assert first["Location"] == again["Location"]
    page = first["Location"]
    assert "every 1s" in _text(petra, page)
    assert petra.get(page, headers={"HX-Request": "true"}).status_code == 200
    rich.work()
    ended = petra.get(page, headers={"HX-Request": "true"})
    assert (ended.status_code, b"every 1s" in ended.content) == (286, False)
    assert "Approved" in _text(petra, page)
    assert "Withdrawal × 1" in _text(petra, reverse("portal:batches"))
    assert browse("igor").get(page).status_code == 404
    assert petra.post(reverse("portal:batch-new"), {"selected": ["x"]}).status_code == 302
    assert petra.post(f"{page}stop/").status_code == 302


def test_approvals_are_told_by_type_mine_and_all(rich: Brokerage, browse: Browse) -> None:
    rich.withdraw("40.00")
    with rich.scope():
        version = make_rules(rich.world)
        bands_propose(actor=rich.world.actor("petra"), proposal=[(None, "senior")])
    assert version.state == "draft"
    url = reverse("portal:approvals")
    page = _text(browse("adam"), url)
    assert "Every type" in page
    assert "Withdrawal <b>1</b>" in page
    assert "Bands of approval <b>1</b>" in page
    only = _text(browse("adam"), f"{url}?kind=payments.bands")
    assert "W-" not in only.split("<tbody>")[1]
    # Petra proposed the bands: hers to decide is the withdrawal alone.
    page = _text(browse("petra"), url)
    assert "To decide <b>1</b>" in page
    assert "All that wait <b>2</b>" in page
