"""A brokerage with an identity vendor in the sandbox's box, whose messages reach its webhook."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.test import Client

from kyc.models import CaseCheck, KycCase, VendorAccount, VendorCheck, VendorMessage
from kyc.vendors import services
from kyc.vendors.accounts import notify_url
from kyc.vendors.setup import vendor_connect
from sandbox.identity.box import Account, Box, Person
from sandbox.identity.server import IdentityServer
from tests.kyc.conftest import Brokerage

NAME = "aurora at the vendor"
KEY, API_KEY, SECRET = "key-of-aurora", "a key of our calls, long", "a webhook secret, long"


class Posted:
    """Delivers into the product, as HTTP would, and keeps what was sent."""

    def __init__(self) -> None:
        self.browser = Client()
        self.sent: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.sent.append((url, dict(headers), body))
        return self.post(url, headers, body)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        path = "/" + url.split("/", 3)[3]
        answer = self.browser.post(
            path, body, content_type="application/json", headers=dict(headers)
        )
        self.statuses.append(answer.status_code)
        return answer.status_code


class VendorShop:
    """``kind`` is connected as Aurora's; ``start`` asks it about a case, ``say`` lets it decide."""

    def __init__(self, house: Brokerage, server: IdentityServer, posted: Posted, kind: str) -> None:
        self.house, self.box, self.posted, self.kind = house, server.box, posted, kind
        with house.as_("adam") as adam:
            self.account = vendor_connect(
                actor=adam,
                kind=kind,
                name=kind.capitalize(),
                base_url=f"{server.address}/{kind}",
                key_id=KEY if kind in ("sumsub", "veriff") else "",
                template="basic-kyc-level",
                api_key=API_KEY,
                secret=SECRET,
            )
            self.url = notify_url(self.account)
        key = KEY if kind in ("sumsub", "veriff") else ""
        self.box.account_add(NAME, Account(kind, key, API_KEY, [SECRET], self.url))

    def start(self, case: KycCase, by: str = "carla") -> VendorCheck:
        with self.house.as_(by) as actor:
            check = services.identity_start(actor=actor, case=case, account=self.account)
        self.house.work()
        return self.fresh(check)

    def person(self, check: VendorCheck) -> Person:
        return self.box.person(check.vendor_ref)

    def say(self, check: VendorCheck, word: str, **how: Any) -> int:
        """The vendor decides, its message is posted and read; the webhook's status."""
        self.box.decide(self.person(check), word, **how)
        self.box.pump()
        self.house.work()
        return self.posted.statuses[-1] if self.posted.statuses else 0

    def fresh(self, check: VendorCheck) -> VendorCheck:
        with self.house.as_("carla"):
            return VendorCheck.objects.select_related("account").get(pk=check.pk)

    def answer(self, case: KycCase) -> CaseCheck:
        with self.house.as_("carla"):
            return CaseCheck.objects.get(case=case, name=services.CHECK)

    def messages(self) -> list[VendorMessage]:
        with self.house.as_("carla"):
            return list(VendorMessage.objects.select_related("account").order_by("id"))

    def light(self) -> VendorAccount:
        with self.house.as_("carla"):
            return VendorAccount.objects.get(pk=self.account.pk)


@contextmanager
def vendors_running() -> Iterator[tuple[IdentityServer, Posted]]:
    posted = Posted()
    server = IdentityServer(Box(posted), pumps=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server, posted
    server.shutdown()
    server.server_close()
    thread.join()


__all__ = ["NAME", "SECRET", "Posted", "VendorShop", "vendors_running"]
