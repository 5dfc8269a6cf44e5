"""The programs that `make run` runs, one row each, in the order they start."""

import sys
from dataclasses import dataclass

CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "backoffice.celery")
# Tasks that come and go, a few every second.
CELERY_ROUTINE = r": INFO/"


@dataclass(frozen=True, kw_only=True)
class Service:
    """A row. `{name}` in the command stands for the port of that name, `{host}` for
    the address that the portal listens on, `{var}` for the folder of all data.

    Ports are remembered between runs, and every program is told all of them as NAME_PORT.
    `ready` is a regular expression that a line of its output matches once it can be used;
    lines that match `routine` go to the log and not to the terminal. A row whose `module` does
    not exist is passed over.
    """

    name: str
    module: str
    command: tuple[str, ...]
    ports: tuple[str, ...] = ()
    ready: str | None = None
    routine: str | None = None


SANDBOXES = (
    Service(
        name="mt5",
        module="sandbox.mt5.__main__",
        command=(
            *(sys.executable, "-m", "sandbox.mt5"),
            *("--port", "{sandbox_mt5}", "--tcp-port", "{sandbox_mt5_tcp}"),
            # The demo's own clients trade; its accounts survive a restart like the rest does.
            *("--clients", "0", "--state", "{var}/sandbox/mt5.sqlite"),
            *("--certificate-dir", "{var}/sandbox"),
        ),
        ports=("sandbox_mt5", "sandbox_mt5_tcp"),
        ready=r"(?i)\bready\b",
    ),
    Service(
        name="gateway",
        module="sandbox.gateway.__main__",
        command=(
            *(sys.executable, "-m", "sandbox.gateway", "--port", "{sandbox_gateway}"),
            *("--state", "{var}/sandbox/gateway.json"),
        ),
        ports=("sandbox_gateway",),
        ready=r"(?i)\bready\b",
    ),
    Service(
        name="stripe",
        module="sandbox.stripe.__main__",
        command=(
            *(sys.executable, "-m", "sandbox.stripe", "--port", "{sandbox_stripe}"),
            *("--state", "{var}/sandbox/stripe.json"),
        ),
        ports=("sandbox_stripe",),
        ready=r"(?i)\bready\b",
    ),
    Service(
        name="btcpay",
        module="sandbox.btcpay.__main__",
        command=(
            *(sys.executable, "-m", "sandbox.btcpay", "--port", "{sandbox_btcpay}"),
            *("--state", "{var}/sandbox/btcpay.json"),
        ),
        ports=("sandbox_btcpay",),
        ready=r"(?i)\bready\b",
    ),
    Service(
        name="praxis",
        module="sandbox.praxis.__main__",
        command=(
            *(sys.executable, "-m", "sandbox.praxis", "--port", "{sandbox_praxis}"),
            *("--state", "{var}/sandbox/praxis.json"),
        ),
        ports=("sandbox_praxis",),
        ready=r"(?i)\bready\b",
    ),
    Service(
        name="identity",
        module="sandbox.identity.__main__",
        command=(
            *(sys.executable, "-m", "sandbox.identity", "--port", "{sandbox_identity}"),
            *("--state", "{var}/sandbox/identity.json"),
        ),
        ports=("sandbox_identity",),
        ready=r"(?i)\bready\b",
    ),
    Service(
        name="bank",
        module="sandbox.bank.__main__",
        command=(
            *(sys.executable, "-m", "sandbox.bank", "--port", "{sandbox_bank}"),
            *("--state", "{var}/sandbox/bank.json"),
        ),
        ports=("sandbox_bank",),
        ready=r"(?i)\bready\b",
    ),
)

PRODUCT = (
    Service(
        name="worker",
        module="backoffice.celery",
        command=(
            *(*CELERY, "worker", "--loglevel", "INFO", "--concurrency", "2"),
            *("--without-gossip", "--without-mingle"),
        ),
        ready=r"\bready\.",
        routine=CELERY_ROUTINE,
    ),
    Service(
        name="beat",
        module="backoffice.celery",
        command=(*CELERY, "beat", "--loglevel", "INFO", "--schedule", "{var}/beat-schedule"),
        routine=CELERY_ROUTINE,
    ),
    Service(
        name="web",
        module="backoffice.wsgi",
        command=(
            *(sys.executable, "-m", "gunicorn", "backoffice.wsgi"),
            *("--bind", "{host}:{web}", "--workers", "2", "--threads", "4"),
            *("--graceful-timeout", "5", "--no-control-socket", "--log-level", "warning"),
        ),
        ports=("web",),
    ),
)
