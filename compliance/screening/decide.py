"""What a score leads to. Thresholds are a tenant's data within bounds that sanctions law sets."""

from dataclasses import dataclass
from enum import StrEnum

from backoffice.core.errors import InvalidInput

from .match import Match


class Category(StrEnum):
    """What being on the list means; each source belongs to one."""

    SANCTIONS = "sanctions"
    PEP = "pep"
    ADVERSE_MEDIA = "adverse_media"
    INTERNAL = "internal"


class Outcome(StrEnum):
    BLOCK = "block"
    REVIEW = "review"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores 0..1. `block` with corroboration blocks and opens a case; from `review` on a person
    looks; from `review_agreeing` on too, when birth year or country agrees."""

    block: float = 0.92
    review: float = 0.80
    review_agreeing: float = 0.70

    def __post_init__(self) -> None:
        if not 0.5 <= self.review_agreeing <= self.review <= self.block <= 1.0:
            raise InvalidInput(
                "Thresholds must run 0.50 <= review with agreement <= review <= block <= 1.00."
            )


SANCTIONS_THRESHOLDS = Thresholds()


def tenant_thresholds(category: Category, thresholds: Thresholds) -> Thresholds:
    """The thresholds when the tenant may set them. For sanctions each may only be tightened:
    a lower score blocks or is looked at, never a higher one."""
    if category != Category.SANCTIONS:
        return thresholds
    floor = SANCTIONS_THRESHOLDS
    for field in ("block", "review", "review_agreeing"):
        if getattr(thresholds, field) > getattr(floor, field):
            raise InvalidInput(
                f"For sanctions the threshold {field.replace('_', ' ')!r} may be at most "
                f"{getattr(floor, field):.2f}: it can be made stricter, not looser.",
                fields={field: f"At most {getattr(floor, field):.2f}."},
            )
    return thresholds


@dataclass(frozen=True, slots=True)
class Decision:
    outcome: Outcome
    reason: str

    @property
    def opens_case(self) -> bool:
        return self.outcome == Outcome.BLOCK


def decide(
    match: Match, category: Category, thresholds: Thresholds = SANCTIONS_THRESHOLDS
) -> Decision:
    """Only sanctions and the tenant's own do-not-onboard list block; the rest is for a person."""
    score = f"{match.score:.2f}"
    blocks = category in (Category.SANCTIONS, Category.INTERNAL)
    if match.score >= thresholds.block and match.corroborated and blocks:
        return Decision(Outcome.BLOCK, f"Score {score}, and more than the name agrees.")
    if match.score >= thresholds.review:
        return Decision(Outcome.REVIEW, f"Score {score}.")
    agrees = category == Category.SANCTIONS and match.corroborated
    if match.score >= thresholds.review_agreeing and agrees:
        return Decision(Outcome.REVIEW, f"Score {score}, and birth year or country agrees.")
    return Decision(Outcome.CLEAR, f"Score {score} is below what is looked at.")
