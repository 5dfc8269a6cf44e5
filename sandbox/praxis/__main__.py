"""`python -m sandbox.praxis [--port N] [--state FILE]`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.praxis.box import Box, ask_by_http
from sandbox.praxis.server import PraxisServer


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.praxis", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, default=Path("var/praxis.json"))
    options = parser.parse_args()
    PraxisServer(Box(ask_by_http, options.state), options.port).run("praxis")
    return 0


if __name__ == "__main__":
    sys.exit(main())
