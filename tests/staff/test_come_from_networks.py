"""Whose word is taken for an address, and which addresses come in."""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client, RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.errors import InvalidInput
from backoffice.staff.network import admitted, client_ip, read_ranges
from tests.world import World

Browse = Callable[[str], Client]
PROXY = "172.18.0.1"


def _seen(peer: str, forwarded: str = "") -> str:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return client_ip(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("198.51.100.9", "203.0.113.7", "198.51.100.9"),  # no proxy of ours: not believed
        (PROXY, "203.0.113.7", "203.0.113.7"),
        (PROXY, "10.0.0.1, 203.0.113.7", "203.0.113.7"),  # what the client wrote stays on the left
        (PROXY, "203.0.113.7, 172.18.0.9", "203.0.113.7"),  # two proxies of ours
        (PROXY, "2001:db8::7", "2001:db8::7"),
        (PROXY, "::ffff:203.0.113.7", "203.0.113.7"),
        (PROXY, "nonsense", PROXY),
        (PROXY, "203.0.113.7, nonsense", PROXY),
        (PROXY, "", PROXY),
        ("", "203.0.113.7", ""),
    ],
)
def test_only_a_trusted_proxy_says_where_a_request_comes_from(
    peer: str, forwarded: str, seen: str
) -> None:
    with override_settings(TRUSTED_PROXIES=["172.16.0.0/12"]):
        assert _seen(peer, forwarded) == seen


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_header_brings_the_reading_of_addresses_down(peer: str, forwarded: str) -> None:
    with override_settings(TRUSTED_PROXIES=["0.0.0.0/1", "::/1"]):
        request = RequestFactory().get("/")
        request.META |= {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}
        client_ip(request)


def test_a_network_that_is_none_fails_the_checks() -> None:
    with (
        override_settings(TRUSTED_PROXIES=["the proxy"]),
        pytest.raises(SystemCheckError, match="staff.E003"),
    ):
        call_command("check", tags=["security"])


@pytest.mark.parametrize(
    ("ip", "ranges", "comes_in"),
    [
        ("203.0.113.7", [], True),
        ("203.0.113.7", ["203.0.113.0/24"], True),
        ("203.0.114.7", ["203.0.113.0/24"], False),
        ("2001:db8::5", ["203.0.113.0/24", "2001:db8::/48"], True),
        ("::ffff:203.0.113.7", ["203.0.113.7"], True),
        ("", ["203.0.113.7"], False),
    ],
)
def test_an_address_comes_in_by_its_network(ip: str, ranges: list[str], comes_in: bool) -> None:
    assert admitted(ip, ranges) is comes_in


def test_lines_are_read_as_networks_with_a_name() -> None:
    text = "203.0.113.0/24 Limassol office\n\n 2001:DB8::/48\n203.0.113.0/24 again\n198.51.100.7/32"
    assert [str(line) for line in read_ranges(text)] == [
        "203.0.113.0/24 again",
        "2001:db8::/48",
        "198.51.100.7",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("office", "Line 1: office is not an address"),
        ("10.0.0.0/8\n203.0.113.9/24", "Line 2: 203.0.113.9/24 lies inside 203.0.113.0/24."),
        ("0.0.0.0/0", "that is everyone"),
        ("::/0 all", "that is everyone"),
        ("10.0.0.1\n" * 201, "At most 200 lines"),
    ],
)
def test_a_line_that_is_no_network_is_refused_with_its_number(text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_ranges(text)
    assert says in refused.value.fields["ranges"]


def test_an_address_outside_the_allow_list_is_refused(world: World, browse: Browse) -> None:
    world.aurora.ip_allow_list = ["203.0.113.0/24", "2001:db8::/48"]
    world.aurora.save(update_fields=["ip_allow_list"])
    client = browse("adam")
    assert client.get("/").status_code == 403
    assert client.get("/", REMOTE_ADDR="203.0.113.7").status_code == 200
    assert client.get("/", REMOTE_ADDR="2001:db8::7").status_code == 200
    spoofed = client.get("/", headers={"X-Forwarded-For": "203.0.113.7"})
    assert spoofed.status_code == 403
    with override_settings(TRUSTED_PROXIES=["127.0.0.1/32"]):
        assert client.get("/", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 200
        assert client.get("/", headers={"X-Forwarded-For": "203.0.114.7"}).status_code == 403
