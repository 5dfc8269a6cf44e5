from collections.abc import Sequence

import django_filters

from backoffice.portal.filters import ReferenceFilter
from clients.countries import CHOICES
from clients.models import RiskBand
from kyc.models import KycCase
from kyc.states import CaseState


class CaseFilters(django_filters.FilterSet):  # type: ignore[misc]
    reference = ReferenceFilter(label="Reference")
    client = ReferenceFilter(label="Client reference", field_name="client__reference")
    state = django_filters.ChoiceFilter(label="State", choices=CaseState.choices)
    level = django_filters.NumberFilter(label="Level", field_name="level__number")
    risk = django_filters.ChoiceFilter(
        label="Risk", field_name="client__risk_band", choices=RiskBand.choices
    )
    residence = django_filters.ChoiceFilter(
        label="Residence", field_name="client__residence", choices=CHOICES
    )

    class Meta:
        model = KycCase
        fields: Sequence[str] = []
