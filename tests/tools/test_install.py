"""Installation as a newcomer meets it: which Python, what is skipped, what is said."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import install, system
from tools.errors import SetupError

ROOT = Path(__file__).parents[2]


def find_python(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools/find_python.sh")],
        env={"PATH": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_a_new_enough_python_is_found_behind_an_old_one(tmp_path: Path) -> None:
    program(tmp_path, "python3", "exit 1")
    (tmp_path / "python3.12").symlink_to(sys.executable)
    assert find_python(tmp_path).stdout == "python3.12\n"


def test_an_old_python_is_refused_with_what_to_do(tmp_path: Path) -> None:
    program(tmp_path, "python3", '[ "$1" = --version ] && echo Python 3.9.2 && exit 0; exit 1')
    result = find_python(tmp_path)
    assert result.returncode == 1
    assert "Python 3.11 or newer is needed, and this machine has: Python 3.9.2." in result.stderr


def test_a_named_python_is_taken_or_refused(tmp_path: Path) -> None:
    assert find_python(tmp_path, PYTHON=sys.executable).stdout == f"{sys.executable}\n"
    program(tmp_path, "old", "exit 1")
    result = find_python(tmp_path, PYTHON=str(tmp_path / "old"))
    assert result.returncode == 1
    assert "is not Python 3.11 or newer" in result.stderr


@pytest.fixture
def empty_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of nothing, in a folder of its own."""
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "VENV_PYTHON", tmp_path / ".venv/bin/python")
    monkeypatch.setattr(install, "STAMP", tmp_path / ".venv/.installed")
    monkeypatch.setattr(install, "LOCK", tmp_path / "requirements.lock")
    (tmp_path / "requirements.lock").write_text("")
    return tmp_path


@pytest.mark.parametrize("tool", ["uv", "venv and pip"])
def test_an_installation_is_made_once(
    tool: str,
    empty_lock: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if tool == "uv" and shutil.which("uv") is None:
        pytest.skip("uv is not on this machine")
    if tool != "uv":
        monkeypatch.setenv("PATH", os.defpath)
    install.install()
    assert f"({tool})" in capsys.readouterr().out
    assert install.works(empty_lock / ".venv/bin/python")
    install.install()
    assert capsys.readouterr().out == ""


def test_a_broken_environment_is_made_again(empty_lock: Path) -> None:
    python = empty_lock / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/nowhere/python3")
    install.STAMP.write_text(install.stamp())
    install.install()
    assert install.works(python)


def test_an_environment_that_was_moved_is_made_again(empty_lock: Path) -> None:
    install.install()
    trace = empty_lock / ".venv/made-elsewhere"
    trace.touch()
    install.STAMP.write_text(install.stamp().splitlines()[0] + "\n/elsewhere/.venv\n")
    install.install()
    assert install.works(empty_lock / ".venv/bin/python")
    assert not trace.exists()


def test_a_file_that_is_not_what_was_locked_is_refused(
    empty_lock: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wheel = ROOT / "does-not-exist.whl"
    (empty_lock / "requirements.lock").write_text(f"x @ file://{wheel} --hash=sha256:{'0' * 64}\n")
    with pytest.raises(SetupError, match="This failed"):
        install.install()
    assert not install.STAMP.exists()


def test_the_lock_carries_hashes_and_no_address_of_an_index() -> None:
    for name in ("requirements.lock", "deploy/requirements.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert all("==" in line and line.endswith("\\") for line in pinned)
        assert "--hash=sha256:" in text


def test_what_production_installs_is_part_of_what_was_tested() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text().splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line}

    tested, production = pins("requirements.lock"), pins("deploy/requirements.lock")
    assert production < tested


def test_pdf_needs_are_met_on_a_machine_that_runs_the_tests() -> None:
    assert system.can_make_pdf()


def test_a_missing_library_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "PDF_TRIAL", "raise SystemExit(1)")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    with pytest.raises(SetupError, match="sudo apt-get install libpango-1.0-0"):
        system.ensure_pdf()


def test_the_chromium_found_is_one_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "broken", "exit 127")
    program(tmp_path, "chromium", "echo Chromium 1.0")
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "broken"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert system.chromium_path() == str(tmp_path / "chromium")


def test_the_lighter_chromium_is_taken_where_both_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path, "chromium", "echo Chromium 1.0")
    assert system.chromium_path() == str(tmp_path / "chromium")
    program(tmp_path, "chromium-headless-shell", "echo Chromium 1.0")
    assert system.chromium_path() == str(tmp_path / "chromium-headless-shell")
