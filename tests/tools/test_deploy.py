"""What production is started with: the compose file, the image, the secrets."""

import base64
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from backoffice.core.database.url import database_from_url
from backoffice.settings.base import INSTALLED_APPS

ROOT = Path(__file__).parents[2]
ENTRYPOINT = ROOT / "deploy/entrypoint.sh"
SECRETS_OF_ALL = {"secret_key", "field_keys", "audit_signing_key", "database_url"}
SECRETS_OF_ALL |= {"redis_url", "email_password"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def run(command: list[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_each_service_holds_no_more_secrets_than_it_needs(compose: dict[str, Any]) -> None:
    held = {name: set(service["secrets"]) for name, service in compose["services"].items()}
    assert held == {
        "web": SECRETS_OF_ALL,
        "worker": SECRETS_OF_ALL | {"database_backup_url"},
        "beat": SECRETS_OF_ALL,
        "migrate": SECRETS_OF_ALL | {"database_owner_url"},
        "database": {"postgres_password", "owner_password", "app_password", "backup_password"},
        "redis": {"redis_password"},
    }


def test_each_secret_is_a_file_outside_the_repository(compose: dict[str, Any]) -> None:
    files = [secret["file"] for secret in compose["secrets"].values()]
    assert len(files) == 13
    ignored = run(["git", "-C", ROOT, "check-ignore", *files])
    assert ignored.stdout.split() == files


def test_every_secret_that_a_service_reads_is_handed_to_it(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service["environment"].items() if "environment" in service else ():
            if name.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_containers_of_the_product_can_change_nothing_but_their_files(
    compose: dict[str, Any],
) -> None:
    for name in ("web", "worker", "beat", "migrate"):
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["volumes"] == ["files:/var/lib/backoffice"]
    assert [line for line in (ROOT / "Dockerfile").read_text().splitlines() if "USER" in line] == [
        "USER backoffice"
    ]


def test_only_the_portal_is_reached_and_only_from_this_machine(compose: dict[str, Any]) -> None:
    ports = {name: s["ports"] for name, s in compose["services"].items() if "ports" in s}
    assert ports == {"web": ["127.0.0.1:${BACKOFFICE_PORT:-8000}:8000"]}


def test_compose_takes_the_file() -> None:
    commands = [["docker", "compose"], ["docker-compose"]]
    found = [c for c in commands if shutil.which(c[0]) and run([*c, "version"]).returncode == 0]
    if not found:
        pytest.skip("compose is not on this machine")
    result = run([*found[0], "-f", ROOT / "docker-compose.yml", "config", "--quiet"])
    assert (result.returncode, result.stderr) == (0, "")


def test_the_image_carries_every_app_and_neither_tests_nor_sandbox() -> None:
    kept = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    apps = {app.split(".")[0] for app in INSTALLED_APPS if (ROOT / app.split(".")[0]).is_dir()}
    assert apps | {"manage.py", "templates", "static", "deploy"} <= kept
    assert not kept & {"tests", "sandbox", "tools"}


def test_a_secret_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("it's a $ecret\n")
    result = run(
        [ENTRYPOINT, "sh", "-c", 'echo "$SECRET_KEY"'], SECRET_KEY_FILE=str(tmp_path / "key")
    )
    assert result.stdout == "it's a $ecret\n"


def test_a_secret_without_its_file_starts_nothing(tmp_path: Path) -> None:
    result = run([ENTRYPOINT, "echo", "started"], REDIS_URL_FILE=str(tmp_path / "absent"))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == f"REDIS_URL_FILE names {tmp_path}/absent, which can't be read.\n"


def test_every_variable_that_the_settings_read_is_in_the_manual() -> None:
    manual = (ROOT / "docs/deploy.md").read_text()
    read = set()
    for path in (ROOT / "backoffice/settings").glob("*.py"):
        read |= set(re.findall(r"""environ(?:\.get\(|\[)["']([A-Z_]+)""", path.read_text()))
    assert len(read) > 15
    assert {name for name in read if f"`{name}`" not in manual} == set()


def test_what_stands_in_the_query_of_a_database_address_reaches_libpq() -> None:
    database = database_from_url(
        "postgres://app:p%40ss@db.example.com:6432/books?sslmode=verify-full&sslrootcert=%2Fca.pem"
    )
    assert database["PASSWORD"] == "p@ss"
    assert (database["HOST"], database["PORT"]) == ("db.example.com", "6432")
    assert database["OPTIONS"] == {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}


def test_secrets_are_made_once_and_fit_each_other(tmp_path: Path) -> None:
    script = tmp_path / "make_secrets.sh"
    shutil.copy(ROOT / "deploy/make_secrets.sh", script)
    assert run([script]).returncode == 0
    folder = tmp_path / "secrets"
    secrets = {path.name: path.read_text() for path in folder.iterdir()}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(secrets) == len(set(secrets.values())) == 13
    assert secrets["database_url"] == (
        f"postgres://backoffice_app:{secrets['app_password']}@database/backoffice"
    )
    for name in ("field_keys", "audit_signing_key"):
        assert len(base64.b64decode(secrets[name], validate=True)) == 32
    assert run([script]).returncode == 0
    assert {path.name: path.read_text() for path in folder.iterdir()} == secrets
