"""One connection per process and server."""

from dataclasses import replace

from sandbox.mt5.server import Mt5Server as SandboxServer
from tests.trading.mt5_brokerage import CLOCK, PASSWORD
from trading.bridge.mt5.connection import PinTrust
from trading.bridge.mt5.session import Mt5Settings
from trading.bridge.registry import Mt5Server, Registry


def described(server: SandboxServer) -> Mt5Server:
    trust = PinTrust(server.fingerprint_sha256)
    settings = Mt5Settings(
        host="127.0.0.1", port=server.port, login=1000, password=PASSWORD, trust=trust
    )
    return Mt5Server(settings, clock=CLOCK)


def test_the_same_server_is_one_connection_and_closing_ends_it() -> None:
    with SandboxServer() as server:
        registry = Registry()
        first = registry.platform(("tenant", 1), described(server))
        first.time()
        assert registry.platform(("tenant", 1), described(server)) is first
        assert first.health().sign_ins == 1
        assert list(registry.open_platforms()) == [("tenant", 1)]
        registry.close()
        assert not first.health().connected
        assert registry.open_platforms() == {}


def test_two_tenants_never_share_a_connection() -> None:
    with SandboxServer() as server:
        registry = Registry()
        anna, ben = (registry.platform((tenant, 1), described(server)) for tenant in "ab")
        assert anna is not ben
        registry.close()


def test_changed_settings_replace_the_connection() -> None:
    with SandboxServer() as server:
        registry = Registry()
        before = described(server)
        old = registry.platform("key", before)
        old.time()
        new = registry.platform(
            "key", replace(before, settings=replace(before.settings, read_timeout_s=5.0))
        )
        assert new is not old
        assert not old.health().connected
        assert new.time().agrees
        registry.close()
