"""The public door of the partner domain for those who write."""

from ib.services.accrual import Accrued, accrual_run, recalculate, recalculation_ask
from ib.services.agreements import (
    agreement_create,
    version_propose,
    version_publish,
    version_return,
    version_save,
)
from ib.services.partners import (
    agreement_assign,
    attribution_apply,
    client_attribute,
    client_detach,
    partner_create,
    partner_move,
    partner_place,
)
from ib.services.payables import payable_post, payables_post
from ib.services.payouts import payout_pay, payout_propose, payout_refuse

__all__ = [
    "Accrued",
    "accrual_run",
    "agreement_assign",
    "agreement_create",
    "attribution_apply",
    "client_attribute",
    "client_detach",
    "partner_create",
    "partner_move",
    "partner_place",
    "payable_post",
    "payables_post",
    "payout_pay",
    "payout_propose",
    "payout_refuse",
    "recalculate",
    "recalculation_ask",
    "version_propose",
    "version_publish",
    "version_return",
    "version_save",
]
