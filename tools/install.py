"""`make install`: the environment `.venv` from the lock file, and nothing when it is up to date.

Runs under the machine's own Python, before anything is installed: standard library only.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.errors import SetupError

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".installed"
VENV_PYTHON = VENV / "bin" / "python"
DOWNLOAD_TIMEOUT_S = 1800


def install() -> None:
    """Bring `.venv` to what the lock file says."""
    if STAMP.exists() and STAMP.read_text() == stamp() and works(VENV_PYTHON):
        return
    uv = shutil.which("uv")
    print(f"Installing the environment into .venv ({'uv' if uv else 'venv and pip'}).", flush=True)
    if not works(VENV_PYTHON) or moved():
        create(uv)
    fill(uv)
    STAMP.write_text(stamp())


def stamp() -> str:
    """What the environment was made from, and where."""
    return f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()}\n{VENV.resolve()}\n"


def moved() -> bool:
    """Whether the folder was renamed since: the programs in it name the place they were made in."""
    return STAMP.exists() and STAMP.read_text().splitlines()[1:] != stamp().splitlines()[1:]


def works(python: Path) -> bool:
    """Whether it is a Python that runs and is new enough."""
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        result = subprocess.run([python, "-c", check], capture_output=True, timeout=60, check=False)
    except OSError:
        return False
    return result.returncode == 0


def create(uv: str | None) -> None:
    """Make an empty environment, in place of one that no longer works."""
    if VENV.is_dir() and not VENV.is_symlink():
        shutil.rmtree(VENV)
    if uv:
        run([uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(VENV)])
        return
    command = [sys.executable, "-m", "venv", str(VENV)]
    if not has_ensurepip():
        get_ensurepip()
    run(command)


def has_ensurepip() -> bool:
    """Debian ships venv and ensurepip apart from Python."""
    command = [sys.executable, "-c", "import ensurepip, venv"]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def get_ensurepip() -> None:
    package = f"python3.{sys.version_info.minor}-venv"
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise SetupError(
            "This Python has no venv module. On Debian or Ubuntu: "
            f"sudo apt-get install {package} (or install uv), then try again."
        )
    run([apt, "update", "--quiet", "--quiet"])
    run([apt, "install", "--yes", "--quiet", "--no-install-recommends", package])


def fill(uv: str | None) -> None:
    """Install exactly what is locked, each file checked against its hash."""
    if uv:
        command = [uv, "pip", "sync", "--quiet", "--require-hashes"]
        run([*command, "--python", str(VENV_PYTHON), str(LOCK)])
        return
    # The lock is whole, so pip need not look for dependencies; Python compiles what it imports.
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(
        [*command, "--require-hashes", "--no-deps", "--no-compile", "--use-pep517", "-r", str(LOCK)]
    )


def run(command: list[str]) -> None:
    """Run a command; when it fails, say which and what is likely wrong."""
    result = subprocess.run(command, cwd=ROOT, timeout=DOWNLOAD_TIMEOUT_S, check=False)
    if result.returncode != 0:
        raise SetupError(
            f"This failed: {' '.join(command)}\nIts own words are above. If they speak of a "
            "connection, a timeout or a name that can't be resolved, this machine does not reach "
            "the package index; check the network or the proxy settings and try again."
        )


if __name__ == "__main__":
    try:
        install()
    except SetupError as error:
        sys.exit(str(error))
    except subprocess.TimeoutExpired as error:
        sys.exit(f"This took longer than {error.timeout:.0f} s: {error.cmd}. Is the network slow?")
