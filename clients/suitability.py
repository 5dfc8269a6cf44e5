"""What tests leave a client to do on live accounts. The domain that holds the tests registers a
reader in ``AppConfig.ready``; who opens accounts asks here."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from clients.models import Client


@dataclass(frozen=True, slots=True)
class Suitability:
    """``stop``: why no live account may be opened, empty when it may; ``leverage_max``: 1:N that
    a test allows at most, None without a limit; ``why`` says where that is from."""

    stop: str = ""
    leverage_max: int | None = None
    why: str = ""


FREE = Suitability()
# Asked for many clients at once, in one query; who is absent from the answer is free.
Reader = Callable[[Collection[UUID]], Mapping[UUID, Suitability]]
_readers: list[Reader] = []


def register(reader: Reader) -> None:
    if reader not in _readers:
        _readers.append(reader)


def of_many(clients: Collection[UUID]) -> dict[UUID, Suitability]:
    """By client, the strictest of what readers say."""
    found: dict[UUID, Suitability] = {}
    for reader in _readers:
        for pk, one in reader(clients).items():
            found[pk] = stricter(found.get(pk, FREE), one)
    return found


def of(client: Client) -> Suitability:
    return of_many([client.pk]).get(client.pk, FREE)


def stricter(one: Suitability, other: Suitability) -> Suitability:
    """What both allow."""
    low = min(
        (each for each in (one, other) if each.leverage_max is not None),
        key=lambda each: each.leverage_max or 0,
        default=FREE,
    )
    return Suitability(one.stop or other.stop, low.leverage_max, low.why)
