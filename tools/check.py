"""`make check`: every check, with its time; all run, and the failed ones are listed at the end."""

import base64
import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tools.engines import ROOT

AT_ONCE = 2
STEP_TIMEOUT_S = 900
BIN = Path(sys.executable).parent

# What production is started with, but for its real values: `check --deploy` must be content.
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "backoffice.settings.production",
    "SECRET_KEY": secrets.token_urlsafe(48),
    "ALLOWED_HOSTS": "backoffice.example.com",
    "DATABASE_URL": "postgres://backoffice_app:x@database.example.com/backoffice",
    "DATABASE_OWNER_URL": "postgres://backoffice_owner:x@database.example.com/backoffice",
    "REDIS_URL": "redis://redis.example.com/0",
    "FIELD_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
    "AUDIT_SIGNING_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
}


@dataclass(frozen=True)
class Step:
    name: str
    command: tuple[str | Path, ...]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    step: Step
    passed: bool
    seconds: float
    output: str


def tracked(pattern: str) -> tuple[str, ...]:
    """The files of the repository that match, without those that are deleted in the work tree."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", pattern]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(name for name in result.stdout.splitlines() if (ROOT / name).exists())


def python_folders() -> tuple[str, ...]:
    """The folders at the top that hold Python."""
    return tuple(sorted({name.split("/")[0] for name in tracked("*.py")}))


def steps() -> list[Step]:
    """The longest first, so that they overlap with the others."""
    manage = (sys.executable, "manage.py")
    return [
        Step("mypy", (BIN / "mypy", *python_folders())),
        Step(
            "manage.py check --deploy",
            (*manage, "check", "--deploy", "--fail-level", "WARNING"),
            PRODUCTION,
        ),
        Step("import-linter", (BIN / "lint-imports",)),
        Step("makemigrations --check", (*manage, "makemigrations", "--check", "--dry-run")),
        Step("ruff check", (BIN / "ruff", "check")),
        Step("ruff format", (BIN / "ruff", "format", "--check")),
        Step(
            "djade",
            (BIN / "djade", "--target-version", "5.2", "--check", *tracked("templates/*.html")),
        ),
    ]


def carry_out(step: Step) -> Outcome:
    started = time.monotonic()
    try:
        result = subprocess.run(
            step.command,
            cwd=ROOT,
            env=os.environ | step.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STEP_TIMEOUT_S,
            check=False,
        )
        passed, output = result.returncode == 0, result.stdout
    except subprocess.TimeoutExpired:
        passed, output = False, f"It took longer than {STEP_TIMEOUT_S} s."
    except OSError as error:
        passed, output = False, f"It does not start: {error}"
    return Outcome(step, passed, time.monotonic() - started, output)


def main() -> int:
    failed = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for outcome in pool.map(carry_out, steps()):
            verdict = "ok" if outcome.passed else "FAILED"
            print(f"{outcome.step.name:<28} {verdict:<6} {outcome.seconds:6.1f} s", flush=True)
            if not outcome.passed:
                print(outcome.output, flush=True)
                failed.append(outcome.step.name)
    if failed:
        print(f"{len(failed)} of {len(steps())} checks failed: {', '.join(failed)}.")
        return 1
    print("All checks passed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
