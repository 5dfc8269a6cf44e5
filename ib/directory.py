"""The tree and the agreements of one brokerage, read into the form that the rules work on."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from backoffice.core.context import Actor
from ib.models import AgreementVersion, Partner, PartnerAgreement, Placement
from ib.rules import Directory, PartnerFacts, Period, Rate, Terms
from ib.states import PartnerState, VersionState


def directory_of(actor: Actor) -> Directory:
    """Everything at once: four queries, some thousands of rows in a large brokerage."""
    mine: dict[str, Any] = {"tenant_id": actor.tenant_id}
    partners = Partner.objects.filter(**mine).values_list("id", "reference", "client_id", "state")
    placements = Placement.objects.filter(**mine)
    agreements = PartnerAgreement.objects.filter(**mine)
    versions: dict[UUID, list[Terms]] = defaultdict(list)
    published = AgreementVersion.objects.filter(state=VersionState.PUBLISHED, **mine)
    for row in published.select_related("agreement"):
        versions[row.agreement_id].append(terms_of(row))
    return Directory(
        partners={
            pk: PartnerFacts(pk, reference, client_id, state == PartnerState.ACTIVE)
            for pk, reference, client_id, state in partners
        },
        parents=_periods(placements.values_list("partner_id", "parent_id", "from_at", "until_at")),
        agreements=_periods(
            agreements.values_list("partner_id", "agreement_id", "from_at", "until_at")
        ),
        versions=versions,
    )


def _periods(rows: Iterable[Any]) -> dict[UUID, list[Period]]:
    found: dict[UUID, list[Period]] = defaultdict(list)
    for owner, target, from_at, until_at in rows:
        found[owner].append(Period(target, from_at, until_at))
    return found


def terms_of(version: AgreementVersion) -> Terms:
    """A version as the rules read it, published or not."""
    return Terms(
        id=version.pk,
        agreement_id=version.agreement_id,
        number=version.number,
        effective_from=version.effective_from,
        currency=version.agreement.currency,
        rates=rates_of(version.rates),
        minimum_holding_s=version.minimum_holding_s,
        pays_self_referral=version.pays_self_referral,
    )


def rates_of(stored: Iterable[Any]) -> tuple[Rate, ...]:
    """From the JSON of ``AgreementVersion.rates``."""
    return tuple(
        Rate(row["pattern"], tuple(Decimal(amount) for amount in row["amounts"])) for row in stored
    )


def rates_stored(rates: Iterable[Rate]) -> list[dict[str, Any]]:
    """As they stand in ``AgreementVersion.rates``: decimals as text, exactly."""
    return [
        {"pattern": rate.pattern, "amounts": [f"{amount:f}" for amount in rate.amounts]}
        for rate in rates
    ]
