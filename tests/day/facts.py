"""What the product's own parts say beside its pages: the sandbox's controls, the books."""

import http.client
import json
import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.day.product import OURS, ROOT, Product

LIMIT_S = 90
MARK = "@@ "
PRELUDE = """
import json
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo
from backoffice.core.context import system_actor
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from ledger import selectors as books
tenant = Tenant.objects.get(slug="aurora")
actor = system_actor(tenant.pk, "day")
"""
# The books' mirror, the balance that the server itself names, and what was traded in between.
ACCOUNT = """
from trading.connections import platform_of
from trading.models import Account
with tenant_scope(tenant.pk, actor):
    account = Account.objects.select_related("server").get(login=LOGIN)
    code = f"client:{account.client_id}:mt:{account.server.name}:{account.login}"
    mirror = sum(balance.posted.amount for balance in books.balances(tenant.pk, code))
    platform = platform_of(account.server)
sweep = platform.deals_of(LOGIN, platform.deal_window(account.created_at - timedelta(hours=1)))
traded = sum(d.profit + d.swap + d.commission + d.fee for d in sweep.deals if d.is_trade)
print("@@", json.dumps({
    "mirror": f"{mirror:.2f}",
    "mirror_and_trades": f"{mirror + traded:.2f}",
    "on_server": f"{platform.account_state(LOGIN).balance:.2f}",
}))
"""
# What all clients together had at the end of a report's day, from the lines of the books.
CLIENT_BALANCES = """
from reporting.models import ClientMoneyReport
with tenant_scope(tenant.pk, actor):
    day = ClientMoneyReport.objects.get(pk="REPORT").day
    until = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(tenant.timezone))
    sums = {}
    for balance in books.balances(tenant.pk, "client:"):
        if balance.account.normal > 0:
            continue  # what a client owes is nothing that is held for them
        held = books.balance_valued_at(tenant.pk, balance.account, until)
        sums[held.currency] = sums.get(held.currency, 0) + max(held.amount, 0)
print("@@", json.dumps([f"{sums[code]:,.2f}" for code in sorted(sums)]))
"""


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


def ports(product: Product) -> dict[str, int]:
    found: dict[str, int] = json.loads((product.var_dir / "ports.json").read_text())
    return found


def bank(product: Product) -> str:
    return f"http://127.0.0.1:{ports(product)['sandbox_bank']}/"


def cashier(product: Product) -> str:
    """Where the cashier settles with its merchants, and reports what it did."""
    return f"http://127.0.0.1:{ports(product)['sandbox_gateway']}/merchants"


def card_bank(product: Product) -> str:
    """Where the banks of those who pay by card decide."""
    return f"http://127.0.0.1:{ports(product)['sandbox_stripe']}/disputes"


def _control(product: Product, what: str, **data: Any) -> dict[str, Any]:
    """One of the sandbox server's own controls, which no real server has."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # loopback, no secret
    port = ports(product)["sandbox_mt5"]
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    try:
        connection.request(
            "POST", f"/sandbox/{what}", json.dumps(data), {"X-Sandbox-Control": "yes"}
        )
        answer = connection.getresponse()
        body: dict[str, Any] = json.loads(answer.read())
    finally:
        connection.close()
    assert answer.status == http.client.OK, body
    return body


def trade(product: Product, login: int) -> None:
    """The client buys and sells at the market, as from a terminal."""
    opened = _control(product, "positions", login=login, symbol="EURUSD", side="buy", lots="0.01")
    _control(product, "positions/close", position=int(opened["deal"]["PositionID"]))


def _run(product: Product, *arguments: str) -> str:
    """A command of ``manage.py`` on the running product's own database."""
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    environment["BACKOFFICE_VAR"] = str(product.var_dir)
    done = subprocess.run(
        [sys.executable, "-m", "tools.engines", "exec", "--", sys.executable, "manage.py"]
        + list(arguments),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _ask(product: Product, code: str) -> Any:
    printed = _run(product, "shell", "--no-imports", "-c", PRELUDE + code)
    [line] = [line for line in printed.splitlines() if line.startswith(MARK)]
    return json.loads(line.removeprefix(MARK))


def verify(product: Product, command: str) -> None:
    """``ledger_verify`` and ``audit_verify`` leave with an error when anything is wrong."""
    _run(product, command)


def account(product: Product, login: int) -> dict[str, str]:
    """``mirror`` of the ledger, ``on_server`` as MT5 says, ``mirror_and_trades`` beside it."""
    found: dict[str, str] = _ask(product, ACCOUNT.replace("LOGIN", str(login)))
    return found


def client_balances(product: Product, report_url: str) -> list[str]:
    """As the report of that address should show them, one per currency in their order."""
    report = report_url.rstrip("/").rsplit("/", 1)[-1]
    found: list[str] = _ask(product, CLIENT_BALANCES.replace("REPORT", report))
    return found
