"""What clients declare of work, income and wealth: each declaration is a row of its own."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import today
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.tenancy.scope import brokerage
from clients import actions, followers
from clients.locks import client_locked
from clients.models import Client, FundsSource, Means, Occupation
from clients.states import ClientState

AMOUNT_MAX = Decimal(10) ** 12
AGE_YEARS_MAX = 10


def means_of(client: Client) -> list[Means]:
    """Every declaration, the one that holds first."""
    rows = Means.objects.filter(tenant_id=current_tenant_id(), client=client)
    return list(rows.order_by("-id"))


@transaction.atomic
def means_declare(
    *,
    actor: Actor,
    client: Client,
    occupation: str,
    currency: str,
    income: Decimal,
    wealth: Decimal,
    deposits: Decimal,
    sources: Collection[str],
    employer: str = "",
    purpose: str = "",
    declared_on: date | None = None,
) -> Means:
    """Keep a new declaration; the ones before stay. Amounts are a year's (income, deposits) or
    what is owned (wealth), in ``currency``. ``InvalidInput`` names each field."""
    row = client_locked(actor, client.pk)
    if row.state == ClientState.CLOSED:
        raise StateConflict("The client is closed. Nothing was changed.")
    day = declared_on or today(brokerage().timezone)
    made = Means(
        tenant_id=actor.tenant_id,
        client=row,
        occupation=occupation,
        employer=" ".join(employer.split()),
        currency=currency.upper(),
        income=income,
        wealth=wealth,
        deposits=deposits,
        sources=[str(each) for each in FundsSource if each in set(sources)],
        purpose=" ".join(purpose.split()),
        declared_on=day,
        recorded_by_ref=actor.ref,
        recorded_by=actor.name,
    )
    problems = _problems(made, sources)
    if problems:
        raise InvalidInput(fields=problems)
    made.save(force_insert=True)
    data = {
        "occupation": made.get_occupation_display(),
        "income": str(income),
        "wealth": str(wealth),
        "deposits": str(deposits),
        "currency": made.currency,
        "day": day,
    }
    audit(actor=actor, action=actions.MEANS_DECLARED, subject=row, data=data)
    followers.tell("means_declared", row)
    return made


def _problems(row: Means, sources: Collection[str]) -> dict[str, str]:
    found = {}
    if row.occupation not in Occupation.values:
        found["occupation"] = "Choose one of the groups."
    if row.currency not in brokerage().currencies:
        found["currency"] = "Choose one of the brokerage's currencies."
    for name in ("income", "wealth", "deposits"):
        amount = getattr(row, name)
        if not 0 <= amount <= AMOUNT_MAX:
            found[name] = "Between nothing and a million millions."
        elif amount != round(amount, 2):
            found[name] = "At most two decimals."
    if not sources or set(sources) - set(FundsSource.values):
        found["sources"] = "Say where the money comes from."
    for name in ("employer", "purpose"):
        most = getattr(Means._meta.get_field(name), "max_length", 0)
        if len(getattr(row, name)) > most:
            found[name] = f"At most {most} characters fit."
    now_there = today(brokerage().timezone)
    if row.declared_on > now_there:
        found["declared_on"] = "This day has not come yet."
    elif (now_there - row.declared_on).days > 366 * AGE_YEARS_MAX:
        found["declared_on"] = f"More than {AGE_YEARS_MAX} years ago: ask again."
    return found
