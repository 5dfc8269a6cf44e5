"""What of payments stands with its outcome unknown: for those who close a day over it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from backoffice.core.context import Actor
from payments.models import Transfer, Withdrawal, WithdrawalPart
from payments.states import PartState, TransferState, WithdrawalState


@dataclass(frozen=True, slots=True)
class Unresolved:
    """``what`` in words, in the plural; ``since``: how long the oldest has been there."""

    what: str
    url_name: str
    count: int
    since: datetime | None


def unresolved(actor: Actor, until: datetime) -> list[Unresolved]:
    """Payments made before ``until`` of which nobody knows, now, whether they happened."""
    mine = {"tenant_id": actor.tenant_id, "created_at__lt": until}
    oldest = {"count": Count("pk"), "since": Min("created_at")}
    found = (
        (
            "payouts",
            "payments:withdrawal-list",
            Withdrawal.objects.filter(**mine, state=WithdrawalState.UNKNOWN).aggregate(**oldest),
        ),
        (
            "parts of payouts",
            "payments:withdrawal-list",
            WithdrawalPart.objects.filter(**mine, state=PartState.UNKNOWN).aggregate(**oldest),
        ),
        (
            "transfers that nobody took",
            "payments:transfer-list",
            Transfer.objects.filter(**mine, state=TransferState.STRANDED).aggregate(**oldest),
        ),
    )
    return [
        Unresolved(what, url_name, row["count"], row["since"])
        for what, url_name, row in found
        if row["count"]
    ]
