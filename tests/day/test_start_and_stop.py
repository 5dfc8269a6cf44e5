"""`make run` starts everything, stops everything, and keeps the data for the next time."""

import json
import urllib.request

import psutil
import pytest

from tests.day.product import Product
from tools.processes import is_alive
from tools.services import PRODUCT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def _programs(product: Product) -> list[psutil.Process]:
    started = json.loads((product.var_dir / "programs.json").read_text())
    return [psutil.Process(pid) for pid, _ in started if psutil.pid_exists(pid)]


def test_it_stops_without_a_trace_and_starts_again_with_its_data(product: Product) -> None:
    programs = _programs(product)
    assert len(programs) >= len(PRODUCT)
    key = (product.var_dir / "secret_key").read_text()
    assert product.stop() == 0, "".join(product.story[-30:])
    assert not [program for program in programs if is_alive(program)]
    assert not (product.var_dir / "postgres/postmaster.pid").exists()

    product.start()  # also what the other tests of this group go on with
    assert "Everyone's password: " in "".join(product.story)
    assert (product.var_dir / "secret_key").read_text() == key
    with urllib.request.urlopen(f"{product.address}/accounts/login/", timeout=30) as page:  # noqa: S310
        assert b"<form" in page.read()
