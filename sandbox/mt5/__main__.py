"""`python -m sandbox.mt5 --port N --tcp-port M`: run the server until SIGTERM or SIGINT."""

import argparse
import asyncio
import gc
import signal
import sys
from pathlib import Path

from sandbox.mt5.auth import Manager, Right
from sandbox.mt5.clock import DaylightRule
from sandbox.mt5.configs import Group, group_for_name
from sandbox.mt5.core import Settings
from sandbox.mt5.preload import add_house_clients
from sandbox.mt5.server import HOST, Mt5Server
from sandbox.mt5.state import StateError

DEALS_PER_ACCOUNT = 200
HOUSE_CLIENTS = 12


def _manager(text: str) -> Manager:
    login, _, password = text.partition(":")
    if not login.isdecimal() or not password:
        raise argparse.ArgumentTypeError("expected LOGIN:PASSWORD")
    return Manager(int(login), password)


def _of_login(text: str) -> tuple[int, str]:
    """`LOGIN:VALUE`, for settings of one manager."""
    login, _, value = text.partition(":")
    if not login.isdecimal() or not value:
        raise argparse.ArgumentTypeError("expected LOGIN:VALUE")
    return int(login), value


def _rights(text: str) -> tuple[int, frozenset[Right]]:
    login, names = _of_login(text)
    try:
        return login, frozenset(Right(name.strip()) for name in names.split(","))
    except ValueError:
        known = ", ".join(Right)
        raise argparse.ArgumentTypeError(f"rights are {known}") from None


def _groups(text: str) -> list[Group]:
    return [group_for_name(name.strip()) for name in text.split(",") if name.strip()]


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.mt5", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="REST port (0: any free one)")
    parser.add_argument("--tcp-port", type=int, default=0, help="raw TCP port (0: any free one)")
    parser.add_argument(
        "--manager", type=_manager, action="append", metavar="LOGIN:PASSWORD",
        help="a manager account, repeatable; 1000:Password1 when none is given",
    )  # fmt: skip
    parser.add_argument(
        "--manager-rights", type=_rights, action="append", default=[], metavar="LOGIN:RIGHT,RIGHT",
        help=f"all a manager may do, instead of everything: {', '.join(Right)}",
    )  # fmt: skip
    parser.add_argument(
        "--manager-groups", type=_of_login, action="append", default=[], metavar="LOGIN:MASK,MASK",
        help="the groups a manager sees, instead of all",
    )  # fmt: skip
    parser.add_argument("--plain", action="store_true", help="REST without TLS")
    parser.add_argument("--seed", type=int, default=1, help="seed of prices and trading")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="seconds of market time in a second"
    )
    parser.add_argument(
        "--no-trading", action="store_true", help="prices stand still, nobody trades"
    )
    parser.add_argument(
        "--groups", type=_groups, metavar="NAME,NAME",
        help="groups instead of the built-in ones; the last part names the currency",
    )  # fmt: skip
    parser.add_argument(
        "--clients", type=int, default=None, metavar="N",
        help=f"clients of its own who trade all day ({HOUSE_CLIENTS}; 0 with --no-trading)",
    )  # fmt: skip
    parser.add_argument("--accounts", type=int, default=0, help="accounts to make up at the start")
    parser.add_argument("--deals", type=int, default=0, help="deals to make up for them")
    parser.add_argument(
        "--state", type=Path, metavar="FILE",
        help="keep accounts, deals, orders and positions in FILE across restarts",
    )  # fmt: skip
    parser.add_argument(
        "--certificate-dir", type=Path, metavar="DIRECTORY",
        help="keep the certificate there, so that its fingerprint stays",
    )  # fmt: skip
    parser.add_argument(
        "--require-cookie", action="store_true", help="the session cookie has to come back"
    )
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
        requires_cookie=arguments.require_cookie,
        groups=arguments.groups,
        state_path=arguments.state,
    )
    if arguments.manager:
        settings.managers = arguments.manager
    _limit(settings.managers, arguments)
    directory = arguments.certificate_dir
    if directory is None and arguments.state is not None:
        directory = arguments.state.parent
    return Mt5Server(
        settings,
        port=arguments.port,
        tcp_port=arguments.tcp_port,
        plain=arguments.plain,
        certificate_directory=directory,
        trading=not arguments.no_trading,
        speed=arguments.speed,
    )


def _limit(managers: list[Manager], arguments: argparse.Namespace) -> None:
    """Take rights and groups from managers. Raises ValueError for one who is not there."""
    by_login = {manager.login: manager for manager in managers}
    for login, _ in (*arguments.manager_rights, *arguments.manager_groups):
        if login not in by_login:
            raise ValueError(f"there is no manager {login}")
    for login, rights in arguments.manager_rights:
        by_login[login].rights = rights
    for login, masks in arguments.manager_groups:
        by_login[login].groups = masks


def fill(server: Mt5Server, arguments: argparse.Namespace) -> None:
    """Make up accounts and deals, unless the state file brought some along."""
    has_clients = len(server.core.book.users) > len(server.settings.managers)
    if (arguments.accounts or arguments.deals) and not has_clients:
        accounts = arguments.accounts or max(1, arguments.deals // DEALS_PER_ACCOUNT)
        server.preload(accounts=accounts, deals=arguments.deals)
    clients = arguments.clients
    if clients is None:
        clients = 0 if arguments.no_trading else HOUSE_CLIENTS
    if clients and not has_clients:
        add_house_clients(server.core, clients, seed=arguments.seed)
    # What is there now lives as long as the server: the collector needn't walk it.
    gc.freeze()


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
    arguments = build_parser().parse_args()
    try:
        server = make_server(arguments)
        fill(server, arguments)
        asyncio.run(serve(server))
    except (OSError, StateError, ValueError) as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
