"""`python -m sandbox.identity [--port N] [--state FILE]`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.common.outgoing import deliver_by_http
from sandbox.identity.box import Box
from sandbox.identity.server import IdentityServer


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.identity", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, default=Path("var/identity.json"))
    options = parser.parse_args()
    IdentityServer(Box(deliver_by_http, options.state), options.port).run("identity")
    return 0


if __name__ == "__main__":
    sys.exit(main())
