"""The demo's Praxis: connected and offered; who opens a deposit pays on the sandbox's page."""

import os

from operations.demo import methods
from operations.demo.past import HOST, call
from operations.demo.payments import Till
from payments.methods.services import method_save
from payments.services import setup

TENANT = "aurora"


def praxis_lay(till: Till) -> None:
    """Nothing for another brokerage, or without the sandbox's Praxis."""
    port = os.environ.get("SANDBOX_PRAXIS_PORT")
    if not port or till.merchant != TENANT:
        return
    lead = till.demo.actors["admin"]
    name, key = f"API-demo-{till.merchant}", f"{till.merchant}.example"
    secret = f"secret_of_praxis_and_{till.merchant}"
    with till.scope():
        gateway = setup.gateway_connect(
            actor=lead,
            kind="praxis",
            name="Praxis",
            base_url=f"http://{HOST}:{port}",
            merchant_id=name,
            secret=secret,
            api_key=key,
        )
        values = {
            "gateway": gateway,
            "name": "Card (Praxis)",
            "makes_withdrawals": False,
            **methods.NOT_EVERYWHERE,
        }
        terms = methods.stripe(till.demo.tenant)
        method_save(actor=lead, code="praxis", values=values, terms=terms)
    call(int(port), "POST", "/control/merchants", {"id": name, "key": key, "secret": secret})
