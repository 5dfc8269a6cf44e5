"""The demo's past happens now, under clocks that are set back together.

Everything that the seeding says was done weeks ago is done by the product's own services, at a
moment that every part of the stage agrees on: this process, the database's functions, the trading
server, the gateway and the bank. So audit entries, journals and deals carry one time, in one order.

Production's kernel has no door for this: its functions ask ``clock_timestamp()`` and nothing else.
For as long as the seeding lasts, the owner of the database lets them find another function of that
name first. The runtime role can't do that.
"""

import http.client
import json
import os
import ssl
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from backoffice.core import clock

PLAIN = "public, pg_temp"
SHIFTED = "demo_clock, pg_catalog, public, pg_temp"
LAY = """
CREATE SCHEMA IF NOT EXISTS demo_clock;
GRANT USAGE ON SCHEMA demo_clock TO PUBLIC;
CREATE OR REPLACE FUNCTION demo_clock.clock_timestamp() RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$
    SELECT pg_catalog.clock_timestamp()
         + coalesce(nullif(current_setting('demo.shift', true), ''), '0')::interval
$$;
SELECT ledger_make_partitions((now() - interval '3 months')::date, now()::date);
"""
FUNCTIONS = """
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND %s = ANY (p.proconfig)
"""
HOST = "127.0.0.1"
PARTS = ("MT5", "GATEWAY", "STRIPE", "BTCPAY", "BANK")


class Past:
    """The clocks of the stage. Closed, or never moved, they show the present."""

    def __init__(self) -> None:
        self._here = ExitStack()
        self._laid = False
        self._shift = timedelta(0)
        self._told: dict[str, timedelta] = {}
        self._mt5: http.client.HTTPSConnection | None = None

    def go(self, moment: datetime) -> None:
        """Set the clocks of this process and of the database to ``moment``; from there they run
        on. The sandbox's parts are set when they are ``needed``."""
        if not self._laid:
            self._laid = True
            _owner(LAY, PLAIN, SHIFTED)
        self._set(moment - (clock.now() - self._shift))

    def needed(self, *parts: str) -> None:
        """Set the clocks of these parts of the sandbox (``PARTS``) to the moment that it is."""
        for part in parts:
            port = os.environ.get(f"SANDBOX_{part}_PORT")
            if port and self._told.get(part, timedelta(0)) != self._shift:
                self._told[part] = self._shift
                self._tell(part, int(port))

    def home(self) -> None:
        """Back to the present, all of them."""
        if self._shift:
            self._set(timedelta(0))
        self.needed(*PARTS)

    def close(self) -> None:
        """The present again, and the database as it was, also after a seeding that broke off."""
        self.home()
        _owner("", SHIFTED, PLAIN, "DROP SCHEMA IF EXISTS demo_clock CASCADE")
        self._laid = False
        if self._mt5 is not None:
            self._mt5.close()
            self._mt5 = None

    def _set(self, shift: timedelta) -> None:
        self._here.close()
        self._here.enter_context(clock.travelled(shift))
        self._shift = shift
        seconds = f"{shift.total_seconds():.6f} seconds"
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('demo.shift', %s, false)", [seconds])

    def _tell(self, part: str, port: int) -> None:
        said = {"shift_s": self._shift.total_seconds()}
        if part != "MT5":
            call(port, "POST", "/clock" if part == "BANK" else "/control/clock", said)
            return
        if self._mt5 is None:
            self._mt5 = http.client.HTTPSConnection(HOST, port, timeout=10, context=trusting())
        headers = {"X-Sandbox-Control": "yes", "Content-Type": "application/json"}
        self._mt5.request("POST", "/sandbox/clock", json.dumps(said), headers)
        self._mt5.getresponse().read()


class Present(Past):
    """Clocks that stay where they are, for a step that runs outside of a seeding."""

    def go(self, moment: datetime) -> None:
        pass

    def needed(self, *parts: str) -> None:
        pass


def call(port: int, method: str, path: str, data: dict[str, Any] | None = None) -> bytes:
    """One call to a sandbox, on a connection of its own: a kept one may be closed by the other
    side just when the next request leaves."""
    there = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        there.request(method, path, json.dumps(data) if data is not None else None)
        answer = there.getresponse()
        content = answer.read()
    finally:
        there.close()
    if answer.status >= http.HTTPStatus.BAD_REQUEST:
        raise RuntimeError(f"The sandbox refused {path}: {content[:300]!r}")
    return content


def trusting() -> ssl.SSLContext:
    """For the sandbox's controls: loopback, and no secret is sent."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _owner(before: str, found: str, wanted: str, after: str = "") -> None:
    """As the owner: let the kernel's functions that search ``found`` search ``wanted``."""
    with psycopg.connect(settings.DATABASE_OWNER_URL) as owner:
        if before:
            owner.execute(before.encode())
        rows: list[Any] = owner.execute(FUNCTIONS, [f"search_path={found}"]).fetchall()
        for (function,) in rows:
            owner.execute(f"ALTER FUNCTION {function} SET search_path = {wanted}".encode())
        if after:
            owner.execute(after.encode())
