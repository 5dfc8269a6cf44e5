"""The levels, requirements and reasons that a brokerage starts with. Data to begin from."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from clients.models import ClientAction, ClientKind, DocumentType
from kyc import actions
from kyc.models import Level, ReasonCode, ReasonUse, Requirement, RequirementKind

SCREENING = "screening"
_D, _A = DocumentType, ClientAction
IDENTITY = (_D.PASSPORT, _D.ID_CARD, _D.RESIDENCE_PERMIT, _D.DRIVING_LICENCE)
ADDRESS = (_D.UTILITY_BILL, _D.BANK_STATEMENT)
ADDRESS_AGE_DAYS_MAX = 90
FUNDS = (_D.SOURCE_OF_FUNDS, _D.SOURCE_OF_WEALTH, _D.BANK_STATEMENT)


@dataclass(frozen=True)
class LevelTemplate:
    number: int
    name: str
    rights: tuple[ClientAction, ...]
    limits: dict[str, str] = field(default_factory=dict)


LEVELS = (
    LevelTemplate(0, "Registered", (_A.LOGIN,)),
    LevelTemplate(
        1,
        "Identified",
        (_A.LOGIN, _A.OPEN_ACCOUNT, _A.DEPOSIT, _A.TRADE),
        {"deposit_total": "2000.00"},
    ),
    LevelTemplate(2, "Verified", tuple(_A), {"deposit_per_month": "50000.00"}),
    LevelTemplate(3, "Enhanced", tuple(_A)),
)
QUESTIONS = [
    {"code": "income", "text": "What is your yearly income?"},
    {"code": "wealth", "text": "What do you own, without your home?"},
    {"code": "occupation", "text": "What do you do for a living?"},
    {"code": "deposits", "text": "How much do you mean to deposit within a year?"},
]
REASONS_FILE = Path(__file__).with_name("reasons.toml")


@transaction.atomic
def levels_install(*, actor: Actor) -> list[Level]:
    """Lay what is missing of the first levels, requirements and reasons. Safe to repeat."""
    tenant_id = actor.tenant_id
    found = {}
    for template in LEVELS:
        found[template.number], _ = Level.objects.get_or_create(
            tenant_id=tenant_id,
            number=template.number,
            defaults={
                "name": template.name,
                "rights": [str(action) for action in template.rights],
                "limits": template.limits,
                "review_months": {"low": 36, "medium": 24, "high": 12},
            },
        )
    for number, level in found.items():
        _install_requirements(tenant_id, number, level)
    for order, reason in enumerate(tomllib.loads(REASONS_FILE.read_text())["reason"]):
        ReasonCode.objects.get_or_create(
            tenant_id=tenant_id,
            use=ReasonUse(reason["use"]),
            code=reason["code"],
            defaults={
                "label": reason["label"],
                "texts": {"en": reason["en"], "de": reason["de"]},
                "order": order,
            },
        )
    audit(actor=actor, action=actions.LEVELS_INSTALLED)
    return list(found.values())


def _install_requirements(tenant_id: int, number: int, level: Level) -> None:
    person, company = ClientKind.PERSON, ClientKind.COMPANY
    if number >= 1:
        _require(tenant_id, level, person, "identity", "Identity document", 1, IDENTITY)
        _require(
            tenant_id, level, company, "incorporation", "Incorporation", 1, (_D.INCORPORATION,)
        )
        for kind in (person, company):
            _require(tenant_id, level, kind, SCREENING, "Screening", 9)
    if number >= 2:
        _require(
            tenant_id, level, person, "address", "Proof of address", 2, ADDRESS,
            age_days_max=ADDRESS_AGE_DAYS_MAX,
        )  # fmt: skip
        _require(tenant_id, level, company, "owners", "Shareholders", 2, (_D.SHAREHOLDERS,))
    if number >= 3:
        for kind in (person, company):
            _require(tenant_id, level, kind, "funds", "Source of funds", 3, FUNDS)
        _require(tenant_id, level, person, "means", "Economic profile", 4, questions=QUESTIONS)


def _require(
    tenant_id: int,
    level: Level,
    client_kind: ClientKind,
    code: str,
    label: str,
    order: int,
    types: tuple[DocumentType, ...] = (),
    *,
    age_days_max: int | None = None,
    questions: list[dict[str, str]] | None = None,
) -> None:
    kind = RequirementKind.DOCUMENT if types else RequirementKind.CHECK
    if questions:
        kind = RequirementKind.QUESTIONNAIRE
    Requirement.objects.get_or_create(
        tenant_id=tenant_id,
        level=level,
        kind=kind,
        client_kind=client_kind,
        code=code,
        defaults={
            "label": label,
            "types": [str(kind) for kind in types],
            "order": order,
            "age_days_max": age_days_max,
            "questions": questions or [],
        },
    )
