"""`python -m sandbox.mt5 --port N --tcp-port M`: run the server until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys

from sandbox.mt5.auth import Manager
from sandbox.mt5.clock import DaylightRule
from sandbox.mt5.core import Settings
from sandbox.mt5.server import HOST, Mt5Server


def _manager(text: str) -> Manager:
    login, _, password = text.partition(":")
    if not login.isdecimal() or not password:
        raise argparse.ArgumentTypeError("expected LOGIN:PASSWORD")
    return Manager(int(login), password)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.mt5", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="REST port (0: any free one)")
    parser.add_argument("--tcp-port", type=int, default=0, help="raw TCP port (0: any free one)")
    parser.add_argument(
        "--manager", type=_manager, action="append", metavar="LOGIN:PASSWORD",
        help="a manager account, repeatable; 1000:Password1 when none is given",
    )  # fmt: skip
    parser.add_argument("--plain", action="store_true", help="REST without TLS")
    parser.add_argument("--seed", type=int, default=1, help="seed of prices and trading")
    parser.add_argument(
        "--timezone-offset", type=int, default=120, metavar="MINUTES",
        help="winter offset of the server's clock from UTC",
    )  # fmt: skip
    parser.add_argument(
        "--dst", type=DaylightRule, choices=list(DaylightRule), default=DaylightRule.EU,
        help="daylight saving by European or American dates, or none",
    )  # fmt: skip
    parser.add_argument(
        "--documented-case", action="store_true",
        help='scalar answers as documented ("Total") instead of as live servers send them',
    )  # fmt: skip
    return parser


def make_server(arguments: argparse.Namespace) -> Mt5Server:
    settings = Settings(
        seed=arguments.seed,
        offset_minutes=arguments.timezone_offset,
        daylight=arguments.dst,
        documented_case=arguments.documented_case,
    )
    if arguments.manager:
        settings.managers = arguments.manager
    return Mt5Server(
        settings, port=arguments.port, tcp_port=arguments.tcp_port, plain=arguments.plain
    )


async def serve(server: Mt5Server) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await server.start()
    certificate = f" certificate={server.certificate_path}" if server.certificate else ""
    print(f"ready: rest={server.url} tcp={HOST}:{server.tcp_port}{certificate}", flush=True)
    await stopping.wait()
    await server.stop()


def main() -> int:
    server = make_server(build_parser().parse_args())
    try:
        asyncio.run(serve(server))
    except OSError as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
