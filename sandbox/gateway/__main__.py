"""`python -m sandbox.gateway [--port N] [--state FILE] [--merchant ID:SECRET]`"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from sandbox.gateway.cashier import Cashier
from sandbox.gateway.server import CashierServer, deliver_by_http


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
    server = CashierServer(cashier, options.port)

    def stop(number: int, frame: FrameType | None) -> None:
        # shutdown() waits for the loop that this handler interrupted, so it needs a thread.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"gateway ready on {server.address}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.closing.set()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
