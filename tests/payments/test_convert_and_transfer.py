"""To a trading account in another currency: exchanged first, then moved; two facts, each whole."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.errors import InvalidInput
from clients.errors import ActionStopped
from payments.conversions.services import conversion_accept, conversion_offer
from payments.models import Conversion, Transfer
from sandbox.gateway.server import CashierServer
from sandbox.mt5.faults import FaultKind
from tests.payments.both import Both
from tests.payments.factories import quote_currencies
from tests.payments.money import eur
from tests.trading.house import BALANCE, STD_USD, house_of
from tests.world import World
from trading.models import Account

Browse = Callable[[str], Browser]


@pytest.fixture
def both(world: World, cashier: CashierServer) -> Iterator[Both]:
    with house_of(world) as house:
        house.setup()
        found = Both(world, cashier)
        found.house = house
        found.account = found.open(name=STD_USD)
        found.funded("1000.00")
        with found.scope():
            quote_currencies(world)
        yield found


def exchanged(both: Both, account: Account | None = None, amount: str = "100.00") -> Conversion:
    with both.scope():
        row = conversion_offer(
            actor=both.actor,
            client=both.client,
            give=eur(amount),
            currency="USD",
            account=account or both.account,
        )
        conversion_accept(actor=both.actor, conversion=row)
    both.work()
    with both.scope():
        return Conversion.objects.select_related("transfer").get(pk=row.pk)


def test_what_is_got_goes_on_to_the_account_as_a_transfer_of_its_own(
    both: Both, browse: Browse
) -> None:
    row = exchanged(both)
    assert row.transfer is not None
    assert (row.state, row.transfer.state, row.note) == ("booked", "done", "")
    assert (both.wallet(), both.wallet("USD")) == (900, 0)
    assert both.there(both.account) == Decimal("107.85")
    assert both.journals(row.reference) == ["conversion"]
    assert both.journals(row.transfer.reference) == ["transfer_out", "transfer_in"]
    page = browse("pavel").get(reverse("payments:conversion", args=[row.pk])).content.decode()
    assert row.transfer.reference in page
    moved = browse("pavel").get(reverse("payments:transfer", args=[row.transfer.pk]))
    assert row.reference in moved.content.decode()
    assert both.sound()


def test_what_the_account_does_not_take_stays_in_the_wallet_in_its_currency(
    both: Both, browse: Browse
) -> None:
    both.house.fail(BALANCE, FaultKind.RETCODE, retcode=3)
    row = exchanged(both)
    assert row.transfer is not None
    assert (row.state, row.transfer.state) == ("booked", "returned")
    assert (both.wallet(), both.wallet("USD"), both.there(both.account)) == (
        900,
        Decimal("107.85"),
        0,
    )
    page = browse("pavel").get(reverse("payments:conversion", args=[row.pk])).content.decode()
    assert "The account did not take it: 107.85 USD is in the wallet." in page
    assert both.sound()


def test_what_can_not_set_out_stays_in_the_wallet_and_the_page_says_so(both: Both) -> None:
    with both.scope():
        row = conversion_offer(
            actor=both.actor,
            client=both.client,
            give=eur("100.00"),
            currency="USD",
            account=both.account,
        )
    both.restrict("trade", "a margin call is open")
    with both.scope():
        done = conversion_accept(actor=both.actor, conversion=row)
        assert Transfer.objects.count() == 0
    assert (done.state, done.transfer) == ("booked", None)
    assert done.note.startswith("107.85 USD stays in the wallet: Trade is stopped")
    assert (both.wallet(), both.wallet("USD")) == (900, Decimal("107.85"))
    with pytest.raises(ActionStopped), both.scope():
        conversion_offer(
            actor=both.actor,
            client=both.client,
            give=eur("100.00"),
            currency="USD",
            account=both.account,
        )
    assert both.sound()


def test_an_account_in_a_third_currency_is_refused_before_anything_moves(both: Both) -> None:
    mine = both.open()  # in EUR
    with pytest.raises(InvalidInput) as caught:
        exchanged(both, mine)
    assert "USD" in caught.value.fields["account"]
    assert (both.wallet(), both.wallet("USD")) == (1000, 0)
