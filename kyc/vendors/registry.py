"""Which identity vendors there are. A new one is a folder and a row."""

from backoffice.core.errors import InvalidInput
from kyc.vendors.onfido import Onfido
from kyc.vendors.persona import Persona
from kyc.vendors.port import Vendor
from kyc.vendors.sumsub import Sumsub
from kyc.vendors.veriff import Veriff

_ADAPTERS: tuple[Vendor, ...] = (Sumsub(), Onfido(), Veriff(), Persona())
KINDS: dict[str, Vendor] = {adapter.kind: adapter for adapter in _ADAPTERS}


def adapter_of(kind: str) -> Vendor:
    """Raises ``InvalidInput`` for a kind that is not there."""
    try:
        return KINDS[kind]
    except KeyError:
        raise InvalidInput(f"There is no identity vendor called {kind}.") from None
