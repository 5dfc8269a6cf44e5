from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet

from clients import selectors
from clients.countries import CHOICES
from clients.models import Client, ClientKind, Desk, RiskBand
from clients.states import ClientState


def _desks(request: Any) -> QuerySet[Desk]:
    return Desk.objects.order_by("name")


class ClientFilters(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(label="Name, e-mail, reference", method="by_words")
    state = django_filters.ChoiceFilter(label="State", choices=ClientState.choices)
    kind = django_filters.ChoiceFilter(label="Kind", choices=ClientKind.choices)
    risk_band = django_filters.ChoiceFilter(label="Risk", choices=RiskBand.choices)
    residence = django_filters.ChoiceFilter(label="Residence", choices=CHOICES)
    level = django_filters.NumberFilter(label="Level")
    desk = django_filters.ModelChoiceFilter(label="Desk", queryset=_desks)
    partner_ref = django_filters.CharFilter(label="Partner", lookup_expr="exact")

    class Meta:
        model = Client
        fields: Sequence[str] = []

    def by_words(self, rows: QuerySet[Client], name: str, value: str) -> QuerySet[Client]:
        return selectors.matching(rows, value)
