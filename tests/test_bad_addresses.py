"""What anyone may type behind a question mark or into a field: a clear answer, never a failure."""

import base64
import json
import logging
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import cycle
from logging import config
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.portal.lists import ListPage
from backoffice.settings import base
from backoffice.staff.services import api_key_create
from backoffice.tenancy.scope import tenant_scope
from tests.addresses import addresses
from tests.world import World

Browse = Callable[[str], Client]
PAGES = sorted(
    reverse(address.name)
    for address in addresses()
    if address.needs is not None and not address.arguments
)
ID = "019abc00-0000-7000-8000-000000000001"
NUMBERS = ("NaN", "1e309", "'; --", "9" * 400)
NUL = "a\x00b"


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _cursor(value: object, pk: str) -> str:
    return _packed(json.dumps([value, pk]).encode())


@pytest.fixture
def adam(world: World, browse: Browse) -> Client:
    client = browse("adam")
    client.raise_request_exception = False
    return client


def _lists(adam: Client) -> Iterator[tuple[str, ListPage]]:
    for path in PAGES:
        context = adam.get(path).context
        page = context.get("list") if context else None
        if isinstance(page, ListPage):
            yield path, page


def test_no_list_fails_on_an_order_or_a_filter_that_is_none(adam: Client) -> None:
    failed = []
    for path, page in _lists(adam):
        order = next((column.order for column in page.columns if column.order), "id")
        fields = list(page.filters.base_filters) if page.filters else []
        queries = [
            {"sort": f"--{order}"},
            {"sort": order, "after": _cursor("not a date", ID)},
            dict(zip(["q", *fields], cycle(NUMBERS), strict=False)),
        ]
        failed += [(path, query) for query in queries if adam.get(path, query).status_code != 200]
    assert failed == []


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        _cursor(None, "not an id"),
        _cursor(None, NUL),
        _cursor({"a": [1]}, ID),
        _cursor(float("nan"), ID),
        _packed(b"[" * 1_400),
        _packed(b"[" * 1_000_000),
        _packed(b'"ab"'),
        _packed(b"5"),
    ],
    ids=range(10),
)
def test_a_place_in_a_list_that_is_none_opens_its_first_page(adam: Client, cursor: str) -> None:
    for order in ("", "created_at"):
        for side in ("after", "before"):
            answer = adam.get("/clients/", {side: cursor, "sort": order})
            assert answer.status_code == 200
            assert answer.context["newer_url"] == ""


def test_what_the_database_can_not_hold_is_refused_before_it_is_asked(adam: Client) -> None:
    form = {"list": "clients.list", "name": NUL, "query": ""}
    for answer in (adam.get("/search/", {"q": NUL}), adam.post("/views/save/", form)):
        assert answer.status_code == 400
        assert b"could not be read" in answer.content


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ('"a\\u0000b"', (422, "invalid-input")),
        ('"\\ud800"', (400, "bad-request")),
        ("[" * 100_000, (400, "bad-request")),
    ],
    ids=range(3),
)
def test_the_api_refuses_text_that_is_none(world: World, name: str, said: Any) -> None:
    boss = world.actor("adam")
    with tenant_scope(boss.tenant_id, boss):
        secret = api_key_create(actor=boss, name="W", permissions=["clients.add_client"]).secret
    answer = Client(raise_request_exception=False).post(
        "/api/v1/clients",
        f'{{"email": "bo@berg.example", "last_name": "Berg", "desk": {name}}}',
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": uuid4().hex},
    )
    assert (answer.status_code, answer.json()["code"]) == said


@pytest.mark.parametrize(
    "path",
    ["/upload/1.ab.SECRET/", "/invited/MQ/SECRET/", "/accounts/password/reset/key/1-SECRET/"],
)
def test_an_address_that_is_a_secret_stands_in_no_log(
    capsys: pytest.CaptureFixture[str], path: str
) -> None:
    made = config.DictConfigurator(deepcopy(base.LOGGING)).configure_filter(
        deepcopy(base.LOGGING["filters"]["secrets"])
    )
    assert base.LOGGING["handlers"]["console"]["filters"] == ["secrets"]
    handler = logging.StreamHandler()
    handler.addFilter(made)
    handler.handle(logging.LogRecord("django", 30, "", 0, "Gone: %s", (path,), None))
    written = capsys.readouterr().err
    assert "SECRET" not in written
    assert written.startswith(f"Gone: {path.rsplit('/', 2)[0]}/...")
