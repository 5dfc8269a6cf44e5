"""A client hands in documents without signing in, and every way in which that is refused."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signing import Signer
from django.test import Client as Browser
from django.test import override_settings

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import now
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from clients import links
from clients.links import NewUploadLink
from clients.models import ClientDocument, UploadLink
from tests.clients.factories import make_lead, picture
from tests.world import World


@pytest.fixture
def made(world: World) -> NewUploadLink:
    olivia = world.actor("olivia")
    with tenant_scope(olivia.tenant_id, olivia):
        client = make_lead(olivia)
        return links.upload_link_create(
            actor=olivia, client=client, types=["passport", "utility_bill"], uses_max=2
        )


def _post(token: str, content: bytes | None = None, type: str = "passport") -> tuple[int, str]:
    file = SimpleUploadedFile("photo.jpg", picture() if content is None else content)
    answer = Browser().post(f"/upload/{token}/", {"type": type, "file": file})
    return answer.status_code, answer.content.decode()


def _count(world: World) -> int:
    with tenant_scope(world.aurora.pk):
        return ClientDocument.objects.count()


def test_the_page_says_what_is_asked_and_nothing_about_the_client(made: NewUploadLink) -> None:
    answer = Browser().get(f"/upload/{made.token}/")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Aurora Markets" in text
    assert "Passport" in text
    assert "Utility bill" in text
    assert "Eriksson" not in text
    assert re.search(r", until \d+ \w+ \d{4}, \d\d:\d\d UTC\.", text)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]


def test_the_page_names_the_clock_of_the_brokerage(world: World, made: NewUploadLink) -> None:
    with tenant_scope(world.aurora.pk):
        Tenant.objects.filter(pk=world.aurora.pk).update(timezone="Asia/Nicosia")
    text = Browser().get(f"/upload/{made.token}/").content.decode()
    assert re.search(r", until \d+ \w+ \d{4}, \d\d:\d\d EES?T\.", text)


def test_a_file_comes_in_as_the_clients_and_uses_the_link(
    made: NewUploadLink, world: World
) -> None:
    status, text = _post(made.token)
    assert (status, "Your file came in: Passport" in text) == (200, True)
    with tenant_scope(world.aurora.pk):
        row = ClientDocument.objects.get()
        assert row.uploaded_by_ref == f"client:{row.client.reference}"
        assert UploadLink.objects.get().uses == 1
        entry = AuditEntry.objects.get(action="clients.document_uploaded")
        assert entry.actor_kind == "client"


def test_the_same_file_twice_is_one_and_counts_once(made: NewUploadLink, world: World) -> None:
    assert [_post(made.token)[0] for _ in range(2)] == [200, 200]
    assert _count(world) == 1
    with tenant_scope(world.aurora.pk):
        assert UploadLink.objects.get().uses == 1


def test_a_used_up_link_takes_no_more(made: NewUploadLink, world: World) -> None:
    for text in ("one", "two"):
        assert _post(made.token, picture(text=text))[0] == 200
    status, text = _post(made.token, picture(text="three"))
    assert (status, "As many files as this link takes" in text) == (410, True)
    assert _count(world) == 2


@pytest.mark.parametrize(
    ("content", "type", "sentence"),
    [
        (b"", "passport", "empty"),
        (b"MZ\x90\x00 program", "passport", "neither a photo"),
        (b"<svg onload=alert(1)>", "passport", "SVG"),
        (None, "selfie", "selfie is not one of the available choices"),
    ],
)
def test_a_bad_file_gets_a_sentence_and_keeps_the_link_open(
    made: NewUploadLink, world: World, content: bytes | None, type: str, sentence: str
) -> None:
    status, text = _post(made.token, content, type)
    assert status == 422
    assert sentence in text
    assert _count(world) == 0
    assert _post(made.token)[0] == 200


def test_an_expired_or_withdrawn_link_is_closed(made: NewUploadLink, world: World) -> None:
    with time_machine.travel(now() + timedelta(days=8)):
        answer = Browser().get(f"/upload/{made.token}/")
        assert answer.status_code == 410
        assert "This link ended on" in answer.content.decode()
        assert _post(made.token)[0] == 410
    olivia = world.actor("olivia")
    with tenant_scope(olivia.tenant_id, olivia):
        links.upload_link_revoke(actor=olivia, link=made.link)
    status, text = _post(made.token)
    assert (status, "This link was withdrawn." in text) == (410, True)
    assert _count(world) == 0


def test_made_up_tokens_read_all_the_same(made: NewUploadLink, world: World) -> None:
    value, _, signature = made.token.rpartition(":")
    tenant, link, secret = value.split(".")
    sign = Signer(salt="clients.upload-link", sep=":").sign
    forged = [
        "nonsense",
        f"{value}:{'A' * len(signature)}",
        sign("not.enough"),
        sign(f"{world.borealis.pk}.{link}.{secret}"),
        sign(f"999999.{link}.{secret}"),
        sign(f"{tenant}.{link}.another-secret"),
        sign(f"{tenant}.{'0' * 32}.{secret}"),
    ]
    answers = [Browser().get(f"/upload/{token}/") for token in forged]
    assert [answer.status_code for answer in answers] == [410] * len(forged)
    assert len({answer.content for answer in answers}) == 1


def test_the_form_is_protected_against_posts_of_other_sites(made: NewUploadLink) -> None:
    browser = Browser(enforce_csrf_checks=True)
    file = SimpleUploadedFile("p.jpg", picture())
    answer = browser.post(f"/upload/{made.token}/", {"type": "passport", "file": file})
    assert answer.status_code == 403


def test_an_address_that_guesses_links_is_slowed_down(made: NewUploadLink) -> None:
    cache.clear()
    with override_settings(RATE_LIMITS={"upload_link": "3/m/ip"}):
        guesses = [Browser().get(f"/upload/guess{number}/").status_code for number in range(4)]
        assert guesses == [410, 410, 410, 429]
        assert Browser().get(f"/upload/{made.token}/").status_code == 429
        elsewhere = Browser().get(f"/upload/{made.token}/", REMOTE_ADDR="203.0.113.7")
        assert elsewhere.status_code == 200
    cache.clear()


def test_one_link_takes_so_many_tries_whatever_their_address(
    made: NewUploadLink, world: World
) -> None:
    cache.clear()
    with override_settings(RATE_LIMITS={"upload": "2/m/key"}):
        statuses = [_post(made.token, b"MZ not a photo")[0] for _ in range(2)]
        statuses.append(_post(made.token)[0])
    cache.clear()
    assert statuses == [422, 422, 429]
    assert _count(world) == 0
