"""`python -m sandbox.stripe [--port N] [--state FILE]`"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from sandbox.gateway.server import deliver_by_http
from sandbox.stripe.box import Box
from sandbox.stripe.server import StripeServer


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.stripe", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, default=Path("var/stripe.json"))
    options = parser.parse_args()
    server = StripeServer(Box(deliver_by_http, options.state), options.port)

    def stop(number: int, frame: FrameType | None) -> None:
        # shutdown() waits for the loop that this handler interrupted, so it needs a thread.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"stripe ready on {server.address}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.closing.set()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
