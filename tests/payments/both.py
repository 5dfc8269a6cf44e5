"""The cashier's brokerage with a trading server and an account of the client there."""

from decimal import Decimal
from typing import Any

from payments.models import Transfer
from payments.services.transfers import transfer_request
from tests.payments.money import Brokerage, eur
from tests.trading.house import House
from trading import services as trading
from trading.models import Account


class Both(Brokerage):
    """``account`` is the client's, opened when the test needs one."""

    house: House
    account: Account

    def open(self, **more: Any) -> Account:
        with self.house.scope() as actor:
            account = trading.account_open(
                actor=actor, client=self.client, group=self.house.group(**more), leverage=30
            )
        self.work()
        return self.house.account(account)

    def move(
        self, amount: str, source: Account | None, target: Account | None, **more: Any
    ) -> Transfer:
        with self.scope():
            row = transfer_request(
                actor=self.actor,
                client=self.client,
                source=source,
                target=target,
                money=more.pop("money", eur(amount)),
                **more,
            )
        self.work()
        return self.moved(row)

    def moved(self, row: Transfer) -> Transfer:
        with self.scope():
            return Transfer.objects.get(pk=row.pk)

    def mirror(self, account: Account) -> Any:
        return self.balance(f"client:{self.client.pk}:mt:Live 1:{account.login}")

    def bridge(self) -> Any:
        return self.balance("mt:bridge")

    def there(self, account: Account) -> Any:
        """What the trading server itself says, in major units."""
        return Decimal(self.house.user(account.login).balance) / 100
