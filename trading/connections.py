"""From a server's row to a connection, and what the contact was like.

Read the row inside a tenant scope, talk outside of it: calls block and are never in a transaction.
"""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.crypto import seal, unseal
from backoffice.core.errors import InvalidInput
from backoffice.tenancy.scope import tenant_scope
from trading.bridge.errors import BridgeError, CommandRefused
from trading.bridge.mt5.connection import (
    BundleTrust,
    PinTrust,
    PlainLoopback,
    SystemTrust,
    Trust,
    is_loopback,
)
from trading.bridge.mt5.session import Mt5Settings
from trading.bridge.port import TradingPlatform
from trading.bridge.registry import Mt5Server, registry
from trading.bridge.server_time import DstRule, ServerClock
from trading.models import Platform, TradingServer

ResultT = TypeVar("ResultT")
PURPOSE = "trading server password"
PORT_DEFAULT = 443


def seal_password(server: TradingServer, password: str) -> bytes:
    assert server.tenant_id is not None
    return seal(
        password.encode(), tenant_id=server.tenant_id, purpose=PURPOSE, bound_to=str(server.pk)
    )


def settings_of(server: TradingServer) -> Mt5Server:
    """How to reach ``server``. Raises ``InvalidInput`` for an address or trust that can't be."""
    if server.platform != Platform.MT5:
        raise InvalidInput("This platform has no bridge yet.")
    parts = urlsplit(server.url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise InvalidInput(fields={"url": "Write it as https://host:port."})
    assert server.tenant_id is not None
    password = unseal(
        bytes(server.password_sealed),
        tenant_id=server.tenant_id,
        purpose=PURPOSE,
        bound_to=str(server.pk),
    ).decode()
    return Mt5Server(
        Mt5Settings(
            host=parts.hostname,
            port=parts.port or PORT_DEFAULT,
            login=server.manager_login,
            password=password,
            trust=_trust(server, parts.scheme, parts.hostname),
            read_timeout_s=float(server.read_timeout_s),
        ),
        clock=ServerClock(server.timezone_offset_minutes * 60, DstRule(server.dst_rule)),
    )


def _trust(server: TradingServer, scheme: str, host: str) -> Trust:
    if scheme == "http":
        if not is_loopback(host):
            raise InvalidInput(fields={"url": "Without TLS only this machine itself is allowed."})
        return PlainLoopback()
    if server.tls_fingerprint:
        try:
            return PinTrust(server.tls_fingerprint)
        except ValueError as error:
            raise InvalidInput(fields={"tls_fingerprint": str(error)}) from None
    return BundleTrust(server.tls_ca_bundle) if server.tls_ca_bundle else SystemTrust()


def platform_of(server: TradingServer) -> TradingPlatform:
    """This process's connection to ``server``; it connects at its first use."""
    return registry.platform((server.tenant_id, server.pk), settings_of(server))


def server_read(actor: Actor, server_id: UUID) -> TradingServer:
    """The server's row, read in a scope of its own."""
    with tenant_scope(actor.tenant_id, actor):
        return TradingServer.objects.get(tenant_id=actor.tenant_id, pk=server_id)


def speak(
    actor: Actor, server: TradingServer, talk: Callable[[TradingPlatform], ResultT]
) -> ResultT:
    """Talk to a server outside any scope and keep what the contact was like. Raises as ``talk``."""
    platform = platform_of(server)
    try:
        result = talk(platform)
    except CommandRefused:
        _note(actor, server, platform, "")  # it answered, so it is well
        raise
    except BridgeError as error:
        _note(actor, server, platform, str(error))
        raise
    _note(actor, server, platform, "")
    return result


NOTED_EVERY_S = 10.0


def _note(actor: Actor, server: TradingServer, platform: TradingPlatform, error: str) -> None:
    """Write the health light; not at every call, since it is the row that everybody reads."""
    moment = now()
    recent = (
        server.last_ok_at is not None
        and (moment - server.last_ok_at).total_seconds() < NOTED_EVERY_S
    )
    troubled = server.last_error_at is not None and (
        server.last_ok_at is None or server.last_error_at > server.last_ok_at
    )
    if not error and recent and not troubled:
        return
    latency = platform.health().latency_ms
    if error:
        values = {"last_error": error[:300], "last_error_at": moment}
    else:
        values = {"last_ok_at": moment, "latency_ms": None if latency is None else round(latency)}
    with tenant_scope(actor.tenant_id, actor):
        TradingServer.objects.filter(tenant_id=actor.tenant_id, pk=server.pk).update(**values)
    for name, value in values.items():
        setattr(server, name, value)
