"""`python -m sandbox.gateway [--port N] [--state FILE] [--merchant ID:SECRET]`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.common.outgoing import deliver_by_http
from sandbox.gateway.cashier import Cashier
from sandbox.gateway.server import CashierServer


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.gateway", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, default=Path("var/gateway.json"))
    parser.add_argument("--merchant", action="append", default=[])
    options = parser.parse_args()
    cashier = Cashier(deliver_by_http, options.state)
    for text in options.merchant:
        merchant, _, secret = text.partition(":")
        cashier.merchant_add(merchant, secret)
    CashierServer(cashier, options.port).run("gateway")
    return 0


if __name__ == "__main__":
    sys.exit(main())
