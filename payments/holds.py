"""Which holds of compliance stand on a payment. Placing and releasing: services.holds."""

from backoffice.core.context import current_tenant_id
from payments.models import Deposit, PaymentHold, Withdrawal


def standing(payment: Deposit | Withdrawal) -> list[PaymentHold]:
    rows = PaymentHold.objects.filter(
        tenant_id=current_tenant_id(), subject_id=payment.pk, released_at=None
    )
    return list(rows.order_by("id"))
