"""Payment files on two connections at one moment: each payout leaves once."""

from collections.abc import Iterator

import pytest

from backoffice.core.clock import today
from backoffice.core.errors import StateConflict
from payments.models import PaymentFile, PaymentFileItem
from payments.payment_files import files
from payments.services.holds import payment_hold
from sandbox.gateway.server import CashierServer
from tests.payments.files import FileShop
from tests.payments.money import Brokerage
from tests.payments.test_race_for_money import _at_once, _scoped
from tests.world import load_world


@pytest.fixture
def shop(committed: None, cashier: CashierServer) -> Iterator[FileShop]:
    yield FileShop(Brokerage(load_world(), cashier))


def test_two_who_prepare_and_two_who_download_send_it_once(shop: FileShop) -> None:
    row = shop.approved()
    prepare = _scoped(
        shop.shop,
        files.file_prepare,
        actor=shop.shop.actor,
        gateway=shop.gateway,
        references=[row.reference],
        execution_on=files.next_bank_day(today()),
    )
    refused = [isinstance(each, StateConflict) for each in _at_once(prepare, prepare)]
    assert sorted(refused) == [False, True]
    with shop.shop.scope():
        file = PaymentFile.objects.get()
        assert PaymentFileItem.objects.count() == 1
    shop.release(file)
    work = _scoped(shop.shop, files.file_hand_over, actor=shop.shop.actor, file=file)
    first, second = _at_once(work, work)
    assert first[1] == second[1]
    assert (shop.file(file).downloads, shop.state(row)) == (2, "submitted")


def test_a_download_beside_a_hold_and_one_beside_a_cancellation(shop: FileShop) -> None:
    held, other = shop.approved("100.00"), shop.approved("50.00")
    file, second = (shop.release(shop.prepare(row)) for row in (held, other))
    carla = shop.shop.world.actor("carla")
    found = _at_once(
        _scoped(shop.shop, files.file_hand_over, actor=shop.shop.actor, file=file),
        _scoped(shop.shop, payment_hold, actor=carla, payment=held, reason="pattern"),
        _scoped(shop.shop, files.file_hand_over, actor=shop.shop.actor, file=second),
        _scoped(shop.shop, files.file_cancel, actor=shop.shop.actor, file=second, reason="no"),
    )
    refused = [isinstance(each, StateConflict) for each in found]
    assert refused[0] != refused[1]
    # Either it left and can't be held any more, or it is held and nothing left.
    state = "submitted" if refused[1] else "compliance"
    assert (shop.state(held), shop.file(file).downloads) == (state, 0 if refused[0] else 1)
    assert refused[2] != refused[3]
    ended = shop.file(second).state
    assert (ended, shop.state(other)) in {("handed_over", "submitted"), ("cancelled", "approved")}
