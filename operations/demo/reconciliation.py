"""The demo's bank accounts."""

from backoffice.core.context import Actor
from operations.demo import Demo, step
from reconciliation.files import account_add
from reconciliation.models import BankAccount

ACCOUNTS = {
    "aurora": (
        ("Client money EUR", "CY17002001280000001200527600", "EUR"),
        ("Client money USD", "DE89370400440532013000", "USD"),
    ),
    "borealis": (("Client money GBP", "GB29NWBK60161331926819", "GBP"),),
}


@step("bank accounts", 40)
def bank_accounts(actor: Actor, demo: Demo) -> None:
    for name, iban, currency in ACCOUNTS[demo.tenant.slug]:
        if not BankAccount.objects.filter(
            tenant_id=actor.tenant_id, iban=iban, currency=currency
        ).exists():
            account_add(
                actor=demo.actors["payments"], name=name, iban=iban, currency=currency, bank="Demo"
            )
