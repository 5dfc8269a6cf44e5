"""Which kinds of gateway there are. A new one is a folder and a row."""

from backoffice.core.errors import InvalidInput
from payments.gateways.bank_wire import BankFile, BankWire
from payments.gateways.btcpay import BTCPay
from payments.gateways.cashier import Cashier
from payments.gateways.port import Gateway
from payments.gateways.praxis import Praxis
from payments.gateways.stripe import Stripe

_ADAPTERS: tuple[Gateway, ...] = (
    *(Cashier(), Praxis(), Stripe(), BTCPay()),
    *(BankWire(), BankFile()),
)
KINDS: dict[str, Gateway] = {adapter.kind: adapter for adapter in _ADAPTERS}


def adapter_of(kind: str) -> Gateway:
    """Raises ``InvalidInput`` for a kind that is not there."""
    try:
        return KINDS[kind]
    except KeyError:
        raise InvalidInput(f"There is no kind of gateway called {kind}.") from None
