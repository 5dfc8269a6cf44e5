"""`make reset`: stop what runs here and delete its data."""

import contextlib
import json
import shutil
import signal
import sys

import psutil

from tools.engines import DEFAULT_VAR_DIR, stop_engines
from tools.errors import SetupError
from tools.processes import AlreadyHeldError, exclusive_lock, wait_gone

STOP_TIMEOUT_S = 60.0


def stop_run() -> None:
    """Ask a running supervisor to end, and wait for it."""
    try:
        with exclusive_lock(DEFAULT_VAR_DIR / "run.lock", wait=False):
            return
    except AlreadyHeldError:
        pid = json.loads((DEFAULT_VAR_DIR / "run.json").read_text())["pid"]
    with contextlib.suppress(psutil.NoSuchProcess):
        supervisor = psutil.Process(pid)
        supervisor.send_signal(signal.SIGTERM)
        if not wait_gone(supervisor, STOP_TIMEOUT_S):
            raise SetupError(f"Process {pid} does not stop. Stop it by hand, then try again.")


def reset() -> None:
    """Delete the data of `make run` and of the tests; the environment stays."""
    if not DEFAULT_VAR_DIR.exists():
        return
    stop_run()
    stop_engines(DEFAULT_VAR_DIR / "test")
    stop_engines(DEFAULT_VAR_DIR)
    shutil.rmtree(DEFAULT_VAR_DIR)
    print("Stopped, and var/ is gone. `make run` starts afresh.")


if __name__ == "__main__":
    try:
        reset()
    except SetupError as error:
        sys.exit(str(error))
