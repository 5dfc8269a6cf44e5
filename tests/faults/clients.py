"""Clients of the brokerage's website and a colleague in the portal, over HTTP: who gets no answer
asks again with the same key, as a website or a browser does."""

import json
import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import urllib3
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse

from backoffice.staff.services import api_key_create
from tests.payments.both import Both

ANSWER_S = 10.0
RIGHTS = ("payments.view_payment", "payments.work_payment", "payments.request_withdrawal")
CSRF = "x" * 32


@dataclass
class Wish:
    """One request, and what came of it: a status, or nothing yet."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """A 5xx says nothing about what was done."""
        return 200 <= self.status < 500


class Clients:
    def __init__(self, both: Both, address: str, seed: random.Random) -> None:
        self.both, self.random = both, seed
        self.wishes: list[Wish] = []
        self._address = address
        self._pool = urllib3.PoolManager(retries=False, timeout=ANSWER_S)
        with both.scope():
            adam = both.world.actor("adam")
            secret = api_key_create(actor=adam, name="Website", permissions=RIGHTS).secret
        browser = Browser()
        browser.force_login(both.world.user("petra"))
        session = browser.cookies[settings.SESSION_COOKIE_NAME].value
        self._website = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        self._portal = {
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={CSRF}",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def amount(self) -> str:
        return f"{self.random.randint(10_00, 90_00) / 100:.2f}"

    def deposit(self) -> Wish:
        return self._website_asks("deposits", account=self._account())

    def withdrawal(self) -> Wish:
        target = str(self.both.target.pk)
        return self._website_asks("withdrawals", account=self._account(), destination=target)

    def transfer(self) -> Wish:
        """A colleague moves money from the wallet to the account, or back."""
        ends = {"source": "", "target": str(self.both.account.pk)}
        if self.random.random() < 0.5:
            ends = {"source": ends["target"], "target": ""}
        form = {
            **ends,
            "amount": self.amount(),
            "currency": "EUR",
            "key": uuid4().hex,
            "csrfmiddlewaretoken": CSRF,
        }
        path = reverse("payments:transfer-new", args=[self.both.client.pk])
        return self._kept(Wish(path, self._portal, urlencode(form).encode()))

    def send(self, wish: Wish) -> None:
        """Once more, unless it is answered."""
        if wish.answered:
            return
        try:
            answer = self._pool.request(
                "POST", f"{self._address}{wish.path}", headers=wish.headers, body=wish.body,
                redirect=False,
            )  # fmt: skip
        except urllib3.exceptions.HTTPError:
            return
        wish.status = answer.status
        if answer.status < 500 and "json" in answer.headers.get("Content-Type", ""):
            wish.answer = answer.json()

    def _website_asks(self, what: str, **more: str) -> Wish:
        facts = {
            "client": self.both.client.reference,
            "method": "card",
            "amount": self.amount(),
            "currency": "EUR",
            **more,
        }
        headers = {**self._website, "Idempotency-Key": uuid4().hex}
        return self._kept(Wish(f"/api/v1/{what}", headers, json.dumps(facts).encode()))

    def _account(self) -> str:
        """From the wallet or to it as often as with the account."""
        return self.both.account.reference if self.random.random() < 0.5 else ""

    def _kept(self, wish: Wish) -> Wish:
        self.wishes.append(wish)
        return wish
