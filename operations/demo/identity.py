"""The demo's identity vendor: Sumsub in the sandbox, a pass, a second try, and a link unused."""

import json
import os
from typing import Any

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from kyc.models import KycCase, VendorAccount, VendorCheck
from kyc.selectors import working_case
from kyc.vendors.accounts import adapter_for, notify_url, opened
from kyc.vendors.services import STARTABLE, identity_start, message_store
from kyc.vendors.setup import vendor_connect
from operations.demo import Demo, step
from operations.demo.past import HOST, call

TENANT = "aurora"
ACCOUNT = "aurora"
APP_TOKEN, SECRET_KEY = "sbx:demo-of-aurora", "a demo key of our calls"
WEBHOOK_SECRET = "whsec_demo_of_aurora"  # noqa: S105 - the sandbox's alone
# surname, what the vendor says of them, and why
SAID = (
    ("Petrova", "approved", ""),
    ("Whitfield", "retry", "document page blurred"),
    ("Mansour", "", ""),
)


@step("identity", 80, opens_scope=True)
def identity(actor: Actor, demo: Demo) -> None:
    """Connect the vendor and let it look at three clients who wait for review."""
    port = os.environ.get("SANDBOX_IDENTITY_PORT")
    if demo.tenant.slug != TENANT or not port:
        return
    with tenant_scope(actor.tenant_id, actor):
        if VendorAccount.objects.filter(tenant_id=actor.tenant_id).exists():
            return
    demo.past.home()
    account = _connect(actor, demo, int(port))
    for surname, word, reason in SAID:
        with tenant_scope(actor.tenant_id, actor):
            case = _case_of(actor, surname)
            if case is None:
                continue
            check = identity_start(actor=demo.actors["compliance"], case=case, account=account)
        outbox.drain(actor)
        if word:
            with tenant_scope(actor.tenant_id, actor):
                ref = VendorCheck.objects.get(pk=check.pk).vendor_ref
            _control(int(port), "decide", person=ref, status=word, reason=reason)
            _hear(actor, account, int(port))
    outbox.drain(actor)


def _connect(actor: Actor, demo: Demo, port: int) -> VendorAccount:
    with tenant_scope(actor.tenant_id, actor):
        account = vendor_connect(
            actor=demo.actors["admin"],
            kind="sumsub",
            name="Sumsub",
            base_url=f"http://{HOST}:{port}/sumsub",
            key_id=APP_TOKEN,
            template="basic-kyc-level",
            api_key=SECRET_KEY,
            secret=WEBHOOK_SECRET,
        )
        url = notify_url(account)
    _control(
        port,
        "accounts",
        id=ACCOUNT,
        vendor="sumsub",
        key=APP_TOKEN,
        api_key=SECRET_KEY,
        secrets=[WEBHOOK_SECRET],
        url=url,
    )
    outbox.drain(actor)
    return account


def _case_of(actor: Actor, surname: str) -> KycCase | None:
    cases = KycCase.objects.filter(
        tenant_id=actor.tenant_id, client__last_name=surname, state__in=STARTABLE
    )
    found = cases.select_related("client").order_by("-id").first()
    return found and working_case(found.client)


def _hear(actor: Actor, account: VendorAccount, port: int) -> None:
    """Fetch what its webhook would bring: the product does not listen yet."""
    for headers, body in _control(port, "collect", account=ACCOUNT)["messages"]:
        with tenant_scope(actor.tenant_id, actor):
            assert adapter_for(account).is_genuine(opened(account), headers, body.encode())
            message_store(actor=actor, account=account, headers=headers, body=body.encode())
    outbox.drain(actor)


def _control(port: int, what: str, **data: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(call(port, "POST", f"/control/{what}", data))
    return answer
