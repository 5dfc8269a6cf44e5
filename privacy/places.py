"""Where personal data of a client stands, and what becomes of it: tables by category.

A place is a table with the way from its rows to the client, and what is written into them instead;
without ``sets`` its rows are removed. Other apps declare their own (``declare``). What stands in no
place is found by name in the last steps (``sweep``), in every table there is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.apps import apps

from backoffice.core.context import current_tenant_id
from clients.models import Client
from privacy.rules import Category

GONE = "[erased]"
_I, _T, _C = Category.IDENTITY, Category.TRANSACTIONS, Category.COMMUNICATIONS
_S, _A = Category.SCREENING, Category.AUDIT
NO_BYTES = "\\x"


@dataclass(frozen=True)
class Place:
    """``path`` is a lookup from ``model`` ("app.Model") to the client's id; ``by_text`` of who is
    written there as ``client:<id>``. ``blank`` are texts to empty, ``sets`` other columns."""

    category: Category
    model: str
    path: str
    blank: tuple[str, ...] = ()
    sets: Mapping[str, Any] = field(default_factory=dict)
    remove: bool = False
    by_text: bool = False

    @property
    def table(self) -> str:
        return str(apps.get_model(self.model)._meta.db_table)

    @property
    def key(self) -> str:
        return str(apps.get_model(self.model)._meta.pk.column)

    @property
    def values(self) -> dict[str, Any]:
        return {**dict.fromkeys(self.blank, ""), **self.sets}

    def ids(self, client: Client) -> list[UUID]:
        rows: Any = apps.get_model(self.model)._default_manager
        wanted = f"client:{client.pk}" if self.by_text else client.pk
        found = rows.filter(tenant_id=current_tenant_id(), **{self.path: wanted})
        return list(found.values_list("pk", flat=True))


PLACES = [
    # Identity
    Place(_I, "clients.HistoricalClient", "id", remove=True),
    Place(_I, "clients.Means", "client_id", remove=True),
    Place(_I, "clients.TaxResidence", "certification__client_id", remove=True),
    Place(_I, "clients.TaxCertification", "client_id", remove=True),
    Place(_I, "clients.HistoricalParty", "client_id", remove=True),
    Place(_I, "clients.Tie", "client_id", remove=True),
    Place(_I, "clients.UploadLink", "client_id", blank=("message",)),
    Place(_I, "clients.Restriction", "client_id", ("lift_reason",), {"text": GONE}),
    Place(
        _I,
        "clients.ClientDocument",
        "client_id",
        ("sha256", "number_hash", "decision_text", "issuing_country"),
        {
            "name": GONE,
            "number_sealed": NO_BYTES,
            "extraction_sealed": NO_BYTES,
            "issued_on": None,
            "expires_on": None,
        },
    ),
    Place(_I, "kyc.KycCase", "client_id", ("note", "client_text"), {"answers": {}}),
    Place(_I, "kyc.CaseCheck", "case__client_id", ("summary", "url"), {"lines": []}),
    Place(_I, "kyc.DocumentDecision", "case__client_id", ("note", "client_text")),
    Place(_I, "kyc.RiskRating", "case__client_id", sets={"reason": GONE}),
    Place(_I, "kyc.CategoryChange", "client_id", sets={"reason": GONE}),
    Place(_I, "kyc.Filling", "client_id", sets={"answers": {}}),
    Place(_I, "kyc.AnswerSet", "client_id", sets={"answers": {}, "lines": []}),
    Place(_I, "kyc.VendorCheck", "case__client_id", ("url",)),
    Place(_I, "portal.SearchEntry", "object_id", remove=True),
    # Money: rows stay, under the reference
    Place(
        _T,
        "payments.Destination",
        "client_id",
        ("holder", "bic", "town", "country", "number_hash"),
        {"label": GONE, "number_sealed": NO_BYTES},
    ),
    Place(
        _T,
        "payments.HistoricalDestination",
        "client_id",
        ("holder", "bic", "town", "country", "number_hash"),
        {"label": GONE},
    ),
    Place(
        _T,
        "payments.Deposit",
        "client_id",
        ("pay_url", "instrument_label", "instrument_hash", "instrument_country", "payer_name"),
    ),
    Place(_T, "payments.Withdrawal", "client_id", ("why",)),
    Place(_T, "payments.WithdrawalPart", "withdrawal__client_id", ("label",)),
    Place(_T, "payments.ChargebackEvidence", "chargeback__client_id", ("text", "name")),
    Place(_T, "trading.Account", "client_id", ("name",)),
    Place(_T, "trading.AccountChange", "account__client_id", sets={"secret_sealed": NO_BYTES}),
    Place(_T, "ib.Partner", "client_id", sets={"name": GONE}),
    Place(_T, "ib.HistoricalPartner", "client_id", sets={"name": GONE}),
    # What was said
    Place(_C, "clients.Note", "client_id", remove=True),
    # What was checked
    *(
        Place(_S, f"compliance.{name}", "client_id", remove=True)
        for name in ("Hit", "Screening", "PartyScreening", "Alert", "AlertSnooze", "RiskAssessment")
    ),
]


def declare(*places: Place) -> None:
    """Places of apps that this one must not know (``AppConfig.ready``)."""
    PLACES.extend(place for place in places if place not in PLACES)


def of(category: str) -> Iterator[Place]:
    return (place for place in PLACES if place.category == category)


#: Objects that are about the client, by the way to them: what others say of these is the client's.
_ABOUT = (
    ("kyc.KycCase", "client_id"),
    ("clients.Party", "client_id"),
    ("kyc.VendorCheck", "case__client_id"),
    ("clients.ClientDocument", "client_id"),
    ("payments.Destination", "client_id"),
    ("payments.Deposit", "client_id"),
    ("payments.Withdrawal", "client_id"),
    ("payments.WithdrawalPart", "withdrawal__client_id"),
    ("payments.Transfer", "client_id"),
    ("payments.WalletAdjustment", "client_id"),
    ("payments.Conversion", "client_id"),
    ("payments.Bonus", "client_id"),
    ("payments.Chargeback", "client_id"),
    ("trading.Account", "client_id"),
    ("trading.BalanceOperation", "account__client_id"),
    ("compliance.Hit", "client_id"),
    ("compliance.Alert", "client_id"),
    ("ib.Partner", "client_id"),
    ("privacy.ErasureRequest", "client_id"),
    ("privacy.LegalHold", "client_id"),
)


def about(client: Client) -> list[UUID]:
    """Ids of the client and of everything that is about them alone."""
    found = [client.pk]
    for label, path in _ABOUT:
        rows: Any = apps.get_model(label)._default_manager
        mine = rows.filter(tenant_id=current_tenant_id(), **{path: client.pk})
        found += mine.values_list("pk", flat=True)
    return found
