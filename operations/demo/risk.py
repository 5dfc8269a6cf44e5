"""What the demo's clients declared of their means, the risk model, and a draft of another."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from clients.means import means_declare
from clients.models import Client, FundsSource, Means, Occupation
from clients.states import ClientState
from compliance.risk.defaults import FIRST
from compliance.risk.models import RiskModel
from compliance.risk.services import everyone_assess
from compliance.risk.trials import trial_ask
from compliance.risk.versions import model_install, model_write
from operations.demo import Demo, step

# occupation, employer, income, wealth, deposits of a year, where it comes from
DECLARED: Sequence[tuple[str, str, int, int, int, tuple[str, ...]]] = (
    (Occupation.EMPLOYEE, "Harbour Logistics", 42_000, 15_000, 4_000, (FundsSource.SALARY,)),
    (Occupation.SELF_EMPLOYED, "Studio North", 61_000, 40_000, 9_000, (FundsSource.BUSINESS,)),
    (Occupation.RETIRED, "", 24_000, 180_000, 6_000, (FundsSource.PENSION, FundsSource.SAVINGS)),
    (Occupation.OWNER, "Three restaurants", 150_000, 600_000, 50_000, (FundsSource.BUSINESS,)),
    (Occupation.FINANCE, "A savings bank", 88_000, 95_000, 12_000, (FundsSource.SALARY,)),
    (Occupation.STUDENT, "", 6_000, 2_000, 1_000, (FundsSource.SALARY,)),
    (Occupation.CASH_BUSINESS, "Car wash", 55_000, 30_000, 20_000, (FundsSource.BUSINESS,)),
)


@step("means and risk", 92, opens_scope=True)
def risk(actor: Actor, demo: Demo) -> None:
    """Two of three clients declared their means; everyone is assessed by the product's model."""
    with tenant_scope(actor.tenant_id, actor):
        if RiskModel.objects.filter(tenant_id=actor.tenant_id).exists():
            return
        rows = Client.objects.filter(tenant_id=actor.tenant_id).exclude(state=ClientState.CLOSED)
        for number, client in enumerate(rows.order_by("id")):
            if number % 3 and not Means.objects.filter(client=client).exists():
                _declare(demo, client, number)
        model_install(actor=demo.actors["mlro"])
    everyone_assess(actor=actor, why="the first reckoning")
    with tenant_scope(actor.tenant_id, actor):
        stricter = replace(FIRST, weights={**FIRST.weights, "means": 20}, medium=32)
        row = model_write(
            actor=demo.actors["compliance"], model=stricter, note="Deposits weigh more."
        )
        trial_ask(actor=demo.actors["compliance"], row=row)


def _declare(demo: Demo, client: Client, number: int) -> None:
    occupation, employer, income, wealth, deposits, sources = DECLARED[number % len(DECLARED)]
    means_declare(
        actor=demo.actors["operations"],
        client=client,
        occupation=occupation,
        employer=employer,
        currency=demo.tenant.base_currency,
        income=Decimal(income),
        wealth=Decimal(wealth),
        deposits=Decimal(deposits),
        sources=sources,
        purpose="Trading currencies with own savings.",
        declared_on=today(demo.tenant.timezone),
    )
