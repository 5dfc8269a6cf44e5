"""Small dealings with the operating system that the engines and the supervisor share."""

import contextlib
import fcntl
import os
import pwd
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TypedDict

import psutil

from tools.errors import SetupError

SERVICE_ACCOUNT = "backoffice-local"
LOG_BYTES_MAX = 20_000_000


class AlreadyHeldError(SetupError):
    """Another process holds the lock."""


def own_folder(folder: Path) -> Path:
    """Make the folder that holds our data, and return its full path.

    Raises SetupError when it is another user's: what two users write there, neither can read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        with contextlib.suppress(KeyError):
            raise SetupError(
                f"{folder} belongs to the user {pwd.getpwuid(owner).pw_name}. Run as that user "
                "(sudo is never needed), or remove it."
            )
        raise SetupError(f"{folder} belongs to another user, number {owner}. Remove it.")
    return folder.resolve()


def free_port(preferred: int | None = None) -> int:
    """A TCP port on the loopback address that nobody uses: the preferred one when it is free."""
    for candidate in (preferred, 0):
        if candidate is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", candidate))
                return int(probe.getsockname()[1])
    raise SetupError("This machine has no free port on 127.0.0.1.")


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending; one earlier generation is kept once it is too large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def log_tail(path: Path, lines: int = 20) -> str:
    """The last lines of a log, or an empty string when there is none."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


@contextlib.contextmanager
def exclusive_lock(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock that the kernel gives back when the process ends, however it ends.

    Raises AlreadyHeldError at once when wait is false and another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyHeldError(f"{path} is held by another process.") from None
        yield


def service_account() -> pwd.struct_passwd | None:
    """The account that the engines run as when we are root, made on first use; None otherwise.

    PostgreSQL refuses to run as root.
    """
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SERVICE_ACCOUNT)
    if shutil.which("useradd") is None:
        raise SetupError(
            "PostgreSQL does not run as root, and this machine has no useradd to make an account "
            f"for it. Make a system account named {SERVICE_ACCOUNT}, or run as another user."
        )
    # The account may live in a directory service or appear twice at once; only the end counts.
    command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SERVICE_ACCOUNT]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    try:
        return pwd.getpwnam(SERVICE_ACCOUNT)
    except KeyError:
        raise SetupError(
            f"Can't make the account {SERVICE_ACCOUNT}: {result.stderr.strip()}"
        ) from None


def give_to(account: pwd.struct_passwd | None, folder: Path) -> None:
    """Make a folder that only its owner may enter, owned by the account the engine runs as."""
    folder.mkdir(parents=True, exist_ok=True)
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    folder.chmod(0o700)


def let_through(account: pwd.struct_passwd | None, path: Path) -> None:
    """Let the account pass through the folders above a path (to pass, not to list them)."""
    if account is None:
        return
    for folder in path.resolve().parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH and folder.stat().st_uid != account.pw_uid:
            print(f"Letting the account {account.pw_name} pass through {folder} (chmod o+x).")
            folder.chmod(mode | stat.S_IXOTH)


def spawn(
    arguments: Sequence[str | Path],
    *,
    log: IO[bytes],
    account: pwd.struct_passwd | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that Ctrl-C in the terminal does not reach it."""
    process = subprocess.Popen(
        [str(argument) for argument in arguments],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        start_new_session=True,
        **as_account(account),
    )
    _started.append(process)
    return process


# Engines may outlive the object that started them; what is kept here is never collected early.
_started: list[subprocess.Popen[bytes]] = []


class Credentials(TypedDict):
    """The arguments of subprocess that say which account a command runs as."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


def as_account(account: pwd.struct_passwd | None) -> Credentials:
    """Run as the account, or as ourselves when there is none."""
    if account is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that ended and waits for its parent to notice does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def find_process(pid: int, executable: str) -> psutil.Process | None:
    """The living process with this id, if it runs the named executable: ids are reused."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if is_alive(process) and process.name() == executable:
            return process
    return None


def stop_process(process: psutil.Process, signal_number: int, timeout_s: float) -> None:
    """Ask a process to stop, and kill it when it has not within the time."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal_number)
        if not wait_gone(process, timeout_s):
            process.kill()
            wait_gone(process, timeout_s)
    for started in _started:
        started.poll()


def wait_gone(process: psutil.Process, timeout_s: float) -> bool:
    """Wait until the process has ended; False when it has not within the time."""
    deadline = time.monotonic() + timeout_s
    while is_alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
