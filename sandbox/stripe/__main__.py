"""`python -m sandbox.stripe [--port N] [--state FILE]`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.common.outgoing import deliver_by_http
from sandbox.stripe.box import Box
from sandbox.stripe.server import StripeServer


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.stripe", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, default=Path("var/stripe.json"))
    options = parser.parse_args()
    StripeServer(Box(deliver_by_http, options.state), options.port).run("stripe")
    return 0


if __name__ == "__main__":
    sys.exit(main())
