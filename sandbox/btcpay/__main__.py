"""`python -m sandbox.btcpay [--port N] [--state FILE]`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.btcpay.box import Box
from sandbox.btcpay.server import BTCPayServer
from sandbox.common.outgoing import deliver_by_http


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.btcpay", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, default=Path("var/btcpay.json"))
    options = parser.parse_args()
    BTCPayServer(Box(deliver_by_http, options.state), options.port).run("btcpay")
    return 0


if __name__ == "__main__":
    sys.exit(main())
