"""The API: a lead comes in once, whoever calls it twice; and everything that is refused."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client as Browser

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import now
from backoffice.core.crypto import unseal
from backoffice.staff import api_auth
from backoffice.staff.models import ApiKey, ApiRequest
from backoffice.staff.services import NewApiKey, api_key_create, api_key_revoke
from backoffice.tenancy.scope import tenant_scope
from clients.models import Client
from tests.clients.factories import make_active, make_lead
from tests.world import World, load_world

LEAD = {
    "email": "bo@berg.example",
    "first_name": "Bo",
    "last_name": "Berg",
    "birth_date": "1980-02-29",
    "residence": "SE",
    "source": "website",
}
Post = Callable[..., tuple[int, dict[str, Any]]]


def _key(world: World, *permissions: str) -> NewApiKey:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        return api_key_create(
            actor=adam,
            name="Website",
            permissions=permissions or ("clients.add_client", "clients.view_client"),
        )


def _send(secret: str, body: Any, key: str = "one", **headers: str) -> tuple[int, dict[str, Any]]:
    answer = Browser().post(
        "/api/v1/clients",
        body if isinstance(body, str | bytes) else json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": key, **headers},
    )
    return answer.status_code, answer.json()


@pytest.fixture
def post(world: World) -> Post:
    secret = _key(world).secret

    def send(body: Any, key: str = "one", **headers: str) -> tuple[int, dict[str, Any]]:
        return _send(secret, body, key, **headers)

    return send


def _clients(world: World) -> list[Client]:
    with tenant_scope(world.aurora.pk):
        return list(Client.objects.all())


def test_a_lead_comes_in_and_the_request_is_kept_as_it_came(world: World, post: Post) -> None:
    status, answer = post(LEAD)
    assert status == 201
    [client] = _clients(world)
    assert answer["reference"] == client.reference
    assert (answer["state"], answer["level"], answer["allowed"]["deposit"]) == ("lead", 0, False)
    with tenant_scope(world.aurora.pk):
        row = ApiRequest.objects.get()
        assert row.status == 201
        assert row.response is not None
        assert row.response["reference"] == answer["reference"]
        body = unseal(
            bytes(row.body_sealed),
            tenant_id=world.aurora.pk,
            purpose=api_auth.PURPOSE,
            bound_to=str(row.pk),
        )
        assert json.loads(body) == LEAD
        assert b"berg" not in bytes(row.body_sealed)
        entry = AuditEntry.objects.get(action="clients.created")
        assert (entry.actor_kind, entry.actor_name) == ("api", "API key Website")


def test_the_same_request_twice_makes_one_client_and_one_answer(world: World, post: Post) -> None:
    first, second = post(LEAD), post(LEAD)
    assert first == second
    assert len(_clients(world)) == 1


def test_the_same_key_with_another_body_is_a_conflict(world: World, post: Post) -> None:
    post(LEAD)
    status, answer = post({**LEAD, "email": "other@berg.example"})
    assert (status, answer["code"]) == (409, "idempotency-conflict")
    assert len(_clients(world)) == 1


def test_another_key_of_ours_with_the_same_name_is_another_request(
    world: World, post: Post
) -> None:
    post(LEAD)
    status, _ = _send(_key(world).secret, {**LEAD, "email": "other@berg.example"})
    assert status == 201
    assert len(_clients(world)) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**LEAD, "email": "nobody"}, "email"),
        ({**LEAD, "last_name": ""}, "last_name"),
        ({**LEAD, "last_name": "x" * 81}, "last_name"),
        ({**LEAD, "last_name": "Be\x00rg"}, "last_name"),
        ({**LEAD, "kind": "robot"}, "kind"),
        ({**LEAD, "birth_date": "30.02.1980"}, "birth_date"),
        ({**LEAD, "birth_date": "2020-01-01"}, "birth_date"),
        ({**LEAD, "residence": "Sweden"}, "residence"),
        ({**LEAD, "desk": "Nowhere"}, "desk"),
        ({**LEAD, "level": 3}, "level"),
        ({**LEAD, "rights": ["withdraw"]}, "rights"),
        ({"last_name": "Berg"}, "email"),
        ([], "body"),
    ],
)
def test_bad_input_is_named_by_field_kept_raw_and_makes_no_client(
    world: World, post: Post, body: Any, field: str
) -> None:
    status, answer = post(body)
    assert (status, answer["code"]) == (422, "invalid-input")
    assert field in answer["fields"]
    assert _clients(world) == []
    with tenant_scope(world.aurora.pk):
        assert ApiRequest.objects.get().status is None


@pytest.mark.parametrize("body", ["", "{", b"\xff\xfe", '{"email": '])
def test_a_body_that_is_no_json_is_refused_and_kept(
    world: World, post: Post, body: str | bytes
) -> None:
    status, answer = post(body)
    assert status in (400, 422)
    assert set(answer) == {"code", "message", "fields"}
    with tenant_scope(world.aurora.pk):
        assert ApiRequest.objects.count() == 1
    assert _clients(world) == []


def test_without_an_idempotency_key_or_with_a_huge_body_nothing_is_kept(
    world: World, post: Post
) -> None:
    for key in ("", "x" * 81):
        status, answer = post(LEAD, key)
        assert (status, answer["code"]) == (422, "idempotency-key-missing")
    status, answer = post({**LEAD, "address": "x" * 300_000})
    assert (status, answer["code"]) == (413, "body-too-large")
    with tenant_scope(world.aurora.pk):
        assert ApiRequest.objects.count() == 0


def test_wrong_keys_are_all_answered_alike(world: World) -> None:
    key = _key(world)
    expired, revoked = _key(world), _key(world)
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        ApiKey.objects.filter(pk=expired.key.pk).update(expires_at=now() - timedelta(seconds=1))
        api_key_revoke(actor=adam, key=revoked.key)
    parts = key.secret.split("_", 3)
    wrong = [
        "",
        "nonsense",
        key.secret[:-1],
        "_".join([parts[0], str(world.borealis.pk), *parts[2:]]),
        "_".join([parts[0], "999999999999", *parts[2:]]),
        expired.secret,
        revoked.secret,
    ]
    answers = [_send(secret, LEAD) for secret in wrong]
    assert [status for status, _ in answers] == [401] * len(wrong)
    assert len({str(answer) for _, answer in answers}) == 1
    assert _clients(world) == []


def test_a_key_without_the_right_is_refused(world: World) -> None:
    status, answer = _send(_key(world, "clients.view_client").secret, LEAD)
    assert (status, answer["code"]) == (403, "not-permitted")
    assert _clients(world) == []


def test_a_session_is_no_key(world: World, browse: Callable[[str], Browser]) -> None:
    answer = browse("adam").post("/api/v1/clients", LEAD, content_type="application/json")
    assert answer.status_code == 401


def test_a_client_is_asked_about_by_reference_within_the_brokerage(world: World) -> None:
    olivia, zoe = world.actor("olivia"), world.actor("zoe")
    with tenant_scope(olivia.tenant_id, olivia):
        mine = make_active(olivia)
    with tenant_scope(zoe.tenant_id, zoe):
        make_lead(zoe)
        theirs = make_lead(zoe, email="two@mail.example").reference
    headers = {"Authorization": f"Bearer {_key(world).secret}"}
    answer = Browser().get(f"/api/v1/clients/{mine.reference}", headers=headers)
    assert answer.json()["allowed"]["withdraw"] is True
    assert "email" not in answer.json()
    other = Browser().get(f"/api/v1/clients/{theirs}", headers=headers)
    assert (other.status_code, other.json()["code"]) == (404, "not-found")


def test_the_description_names_the_key_and_the_paths(world: World) -> None:
    described = Browser().get("/api/v1/openapi.json").json()
    assert "/api/v1/clients" in described["paths"]
    assert described["components"]["securitySchemes"]["ApiKeyAuth"]["scheme"] == "bearer"


def test_the_same_request_from_eight_sides_at_once_makes_one_client(committed: None) -> None:
    world = load_world()
    secret = _key(world).secret

    def send(_: int) -> tuple[int, dict[str, Any]]:
        try:
            return _send(secret, LEAD)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {status for status, _ in answers} == {201}
    assert all(answer == answers[0] for answer in answers)
    assert len(_clients(world)) == 1
