"""The whole product as `make run` starts it, for tests that walk it in a browser."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 300
STOP_LIMIT_S = 60
PASSWORD = "demo-demo-demo"
READY = "The back office is at "
OURS = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}


class Product:
    """Engines, demo data, sandbox, worker, beat and web in a folder of their own."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.address = ""
        self.story: list[str] = []
        # A port of its own: the usual one may be that of a product at work on this machine.
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        self._ours = {"BACKOFFICE_VAR": str(var_dir), "PORT": port, "PYTHONUNBUFFERED": "1"}

    def start(self) -> None:
        """Returns when the web answers; `address` is where."""
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.day.leash", str(os.getpid()), "-m", "tools.run"],
            cwd=ROOT,
            env=environment | self._ours,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        limit = threading.Timer(START_LIMIT_S, self.process.terminate)
        limit.start()
        self.story = []
        self.address = self._read_until_ready()
        limit.cancel()
        assert self.address, "".join(self.story[-60:])
        # Someone has to read on, or the pipe fills and the product waits for us.
        self._reader = threading.Thread(target=self._read_on, daemon=True)
        self._reader.start()

    def stop(self) -> int:
        """As Ctrl-C does. The exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(STOP_LIMIT_S)
        self._reader.join(STOP_LIMIT_S)
        return code

    def _read_until_ready(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.story.append(line)
            if line.startswith(READY):
                return line.removeprefix(READY).strip()
        return ""

    def _read_on(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.story.extend(lines)


@contextmanager
def running_product() -> Iterator[Product]:
    with tempfile.TemporaryDirectory(prefix="backoffice-day-") as var_dir:
        product = Product(Path(var_dir))
        try:
            product.start()
            yield product
        finally:
            product.process.terminate()
            product.process.wait(STOP_LIMIT_S)
