"""Where a request comes from, and which addresses a brokerage's people may come from. Pure rules.

Behind a proxy the peer is the proxy. ``TRUSTED_PROXIES`` names the networks whose
``X-Forwarded-For`` is believed: the client is the rightmost address that is not itself a proxy of
ours, so what a client writes into the header by itself is never taken for its address.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from django.conf import settings
from django.http import HttpRequest

from backoffice.core.errors import InvalidInput

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
HOPS_MAX = 10
RANGES_MAX = 200
NAME_CHARS_MAX = 60


def client_ip(request: HttpRequest) -> str:
    """The address of whoever asks; empty when the server knows none."""
    peer = parsed(str(request.META.get("REMOTE_ADDR", "")))
    if peer is None:
        return ""
    proxies = networks(tuple(settings.TRUSTED_PROXIES))
    found = peer
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")[-HOPS_MAX:]):
        address = parsed(hop)
        if address is None or not _within(found, proxies):
            break
        found = address
    return str(found)


def parsed(text: str) -> Address | None:
    """An address as it is written by servers and proxies; IPv4 inside IPv6 as IPv4."""
    try:
        address = ip_address(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=512)
def networks(ranges: tuple[str, ...]) -> tuple[Network, ...]:
    """Raises ``ValueError`` for what is no network."""
    return tuple(ip_network(text) for text in ranges)


def _within(address: Address, ranges: Iterable[Network]) -> bool:
    return any(address in network for network in ranges)


def admitted(ip: str, ranges: Sequence[str]) -> bool:
    """Whether an address may come in: an empty list admits everyone."""
    if not ranges:
        return True
    address = parsed(ip)
    return address is not None and _within(address, networks(tuple(ranges)))


@dataclass(frozen=True)
class NamedRange:
    """A line of the list: a network in its one written form, and whose it is."""

    network: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.network} {self.name}".strip()


def read_ranges(text: str) -> list[NamedRange]:
    """Lines such as ``203.0.113.0/24 Limassol office``. Raises ``InvalidInput`` by line."""
    found: dict[str, NamedRange] = {}
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > RANGES_MAX:
        raise InvalidInput(fields={"ranges": f"At most {RANGES_MAX} lines."})
    for number, line in enumerate(lines, start=1):
        written, _, name = line.partition(" ")
        try:
            network = _network(written)
        except ValueError as error:
            raise InvalidInput(fields={"ranges": f"Line {number}: {error}"}) from None
        found[str(network)] = NamedRange(_written(network), name.strip()[:NAME_CHARS_MAX])
    return list(found.values())


def _network(text: str) -> Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text} is not an address or a network such as 203.0.113.0/24.") from None
    if network.prefixlen == 0:
        raise ValueError("that is everyone. Leave the list empty to let everyone in.")
    if str(network.network_address) != text.partition("/")[0].lower() and "/" in text:
        raise ValueError(f"{text} lies inside {network}. Write {network}, or the address alone.")
    return network


def _written(network: Network) -> str:
    """One address without its /32 or /128."""
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if single else str(network)
