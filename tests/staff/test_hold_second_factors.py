"""Mandatory second factors: one-time codes, recovery codes, passkeys, limits, and their traces."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client, override_settings
from playwright.sync_api import Browser, Page, expect

from backoffice.audit.models import AuditEntry
from backoffice.portal.timeline import audit_events
from backoffice.settings import base
from backoffice.staff.models import Membership
from backoffice.tenancy.scope import tenant_scope
from tests.world import World

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"  # noqa: S105 - tests/world.py
SECRET = re.compile(r'name="[^"]*secret[^"]*"[^>]*value="([A-Z2-7]{32})"|\b([A-Z2-7]{32})\b')
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _mandatory() -> Iterator[None]:
    cache.clear()
    with override_settings(MFA_MANDATORY=True):
        yield
    cache.clear()


def _password(client: Client, name: str = "sam", password: str = PASSWORD) -> Any:
    return client.post(LOGIN, {"login": f"{name}@aurora.example", "password": password})


def _code(secret: str, step: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step)))


def _with_codes() -> tuple[Client, str]:
    """Sam has signed in and set one-time codes up."""
    client = Client()
    _password(client)
    found = SECRET.search(client.get("/accounts/2fa/totp/activate/").content.decode())
    assert found
    secret = found[1] or found[2]
    answer = client.post("/accounts/2fa/totp/activate/", {"code": _code(secret)})
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    return client, secret


def _told(world: World, action: str) -> list[tuple[str, str]]:
    with tenant_scope(world.aurora.pk):
        rows = AuditEntry.objects.filter(tenant=world.aurora, action=action).order_by("id")
        return [(row.actor_name, row.subject_label) for row in rows]


def test_with_mandatory_factors_a_password_alone_opens_no_page(world: World) -> None:
    client = Client()
    assert _password(client)["Location"] == "/"
    for path in ("/", "/clients/", "/staff/", "/search/?q=x", "/exports/"):
        assert client.get(path)["Location"] == "/accounts/2fa/"
    assert client.post("/exports/ask/", {"list": "audit.trail"})["Location"] == "/accounts/2fa/"


def test_one_time_codes_are_set_up_and_then_asked_for(world: World) -> None:
    client, secret = _with_codes()
    assert client.get("/").status_code == 200
    stored = Authenticator.objects.get(user=world.user("sam"), type="totp").data["secret"]
    assert secret not in stored  # sealed at rest
    again = Client()
    assert _password(again)["Location"].startswith("/accounts/2fa/authenticate/")
    assert again.get("/")["Location"].startswith(LOGIN)  # the password alone has not signed in
    assert again.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert again.get("/")["Location"].startswith(LOGIN)
    cache.clear()  # the code of this half minute was used to set them up
    assert again.post("/accounts/2fa/authenticate/", {"code": _code(secret)})["Location"] == "/"
    assert again.get("/").status_code == 200


def test_a_recovery_code_signs_in_once(world: World) -> None:
    client, _ = _with_codes()
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert "Recovery" in page
    codes = Authenticator.objects.get(user=world.user("sam"), type="recovery_codes")
    codes = codes.wrap().get_unused_codes()
    assert len(codes) == 10
    assert all(code in page for code in codes)
    first, second = Client(), Client()
    for visitor, opens in ((first, True), (second, False)):
        _password(visitor)
        visitor.post("/accounts/2fa/authenticate/", {"code": codes[0]})
        assert (visitor.get("/").status_code == 200) is opens
    assert _told(world, "staff.sign_in_failed") == [("sign-in", "Sam")]


def test_what_happens_at_the_door_is_in_the_trail(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        client, _ = _with_codes()
    client.post("/accounts/logout/")
    _password(Client(), password="wrong horse")  # noqa: S106
    assert _told(world, "staff.signed_in") == [("Sam", "Sam")]
    assert _told(world, "staff.signed_out") == [("Sam", "Sam")]
    assert _told(world, "staff.sign_in_failed") == [("sign-in", "Sam")]
    with tenant_scope(world.aurora.pk):
        member = Membership.objects.get(tenant=world.aurora, user=world.user("sam"))
        told = [event.text for event in audit_events(world.actor("adam"), member.pk)]
    assert "Refused Sam: wrong password" in told
    assert "Set up one-time codes for signing in" in told
    with tenant_scope(world.borealis.pk):
        assert not AuditEntry.objects.filter(
            tenant=world.borealis, action__startswith="staff.sign"
        ).exists()


def test_guessing_a_password_is_slowed_down_and_the_right_one_waits_too(world: World) -> None:
    with override_settings(ACCOUNT_RATE_LIMITS=base.ACCOUNT_RATE_LIMITS):
        visitor = Client()
        for _ in range(5):
            assert _password(visitor, password="wrong horse").status_code == 200  # noqa: S106
        answer = _password(visitor)
        assert "Too many failed login attempts" in answer.content.decode()
        assert visitor.get("/")["Location"].startswith(LOGIN)


def test_one_address_may_not_try_to_sign_in_without_end(world: World) -> None:
    with override_settings(ACCOUNT_RATE_LIMITS={"login": "3/m/ip"}):
        statuses = [_password(Client(), name).status_code for name in ("a", "b", "c", "d")]
    assert statuses == [200, 200, 200, 429]


def test_while_nothing_counts_tries_nobody_signs_in_and_is_told_so(world: World) -> None:
    away = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
    with override_settings(CACHES=away, ACCOUNT_RATE_LIMITS=base.ACCOUNT_RATE_LIMITS):
        visitor = Client()
        answer = _password(visitor)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "Try again in a minute" in answer.content.decode()
    assert visitor.get("/")["Location"].startswith(LOGIN)


def test_a_deployment_without_mandatory_factors_fails_its_check() -> None:
    with (
        override_settings(MFA_MANDATORY=False),
        pytest.raises(SystemCheckError, match="staff.E001"),
    ):
        call_command("check", deploy=True, tags=["security"])


@pytest.mark.parametrize(
    ("settings", "check"),
    [
        ({"MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": True}, "staff.E002"),
        ({"ACCOUNT_RATE_LIMITS": {}}, "staff.E004"),
        ({"RATE_LIMITS": {}}, "staff.E004"),
    ],
)
def test_a_deployment_with_an_open_door_fails_its_check(
    settings: dict[str, Any], check: str
) -> None:
    with override_settings(**settings), pytest.raises(SystemCheckError, match=check):
        call_command("check", deploy=True, tags=["security"])


def test_production_settings_ask_everyone_for_a_second_factor() -> None:
    """The real settings, in a process of their own, as a deployment starts them."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "backoffice.settings.production",
        "SECRET_KEY": "x" * 60,
        "FIELD_KEYS": "A" * 43 + "=",
        "AUDIT_SIGNING_KEY": "A" * 43 + "=",
        "ALLOWED_HOSTS": "portal.example",
        "DATABASE_URL": "postgres://x@127.0.0.1:1/x",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    said = (
        "from django.conf import settings as s; print(s.MFA_MANDATORY, s.MFA_SUPPORTED_TYPES,"
        " s.MFA_PASSKEY_LOGIN_ENABLED, getattr(s, 'MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN', False),"
        " s.SESSION_COOKIE_SECURE, sorted(s.RATE_LIMITS))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", said],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert answer.stdout.strip() == (
        "True ['totp', 'webauthn', 'recovery_codes'] True False True"
        " ['answers', 'invitation', 'upload', 'upload_link']"
    )


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """Chromium with a virtual authenticator that verifies its user, and no complaint allowed."""
    page = browser.new_page()
    page.set_default_timeout(15_000)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


@pytest.mark.browser
def test_a_passkey_is_registered_and_signs_in_by_itself(
    committed: None, live_server: Any, visitor: Page
) -> None:
    page, site = visitor, live_server.url.replace("127.0.0.1", "localhost")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    authenticator = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": authenticator})
    page.goto(f"{site}{LOGIN}")
    page.fill("input[name=login]", "sam@aurora.example")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{site}/accounts/2fa/")
    page.goto(f"{site}/accounts/2fa/webauthn/add/")
    page.fill("input[name=name]", "My laptop")
    page.check("input[name=passwordless]")
    page.click("#mfa_webauthn_add")
    expect(page.locator("body")).to_contain_text("ecovery")  # its codes come with it
    page.goto(f"{site}/accounts/2fa/webauthn/")
    expect(page.locator("body")).to_contain_text("My laptop")
    page.goto(f"{site}/")
    expect(page.locator(".side-brand")).to_contain_text("Aurora Markets")
    page.context.clear_cookies()
    page.goto(f"{site}{LOGIN}")
    page.click("#passkey_login")
    page.wait_for_url(f"{site}/")
    expect(page.locator(".side-brand")).to_contain_text("Aurora Markets")
