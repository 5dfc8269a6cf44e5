"""No payment stands still unseen: for each state that is not an end, who moves it on and after how
long it is put before a person. ``tests/payments/test_watch_states.py`` holds the tables to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.transitions import Machine
from backoffice.portal.timeline import EVENTS_MAX, Event
from backoffice.workflow import queues
from backoffice.workflow.models import Transition, WorkItem
from payments.adjustment_states import WALLET_ADJUSTMENT, AdjustmentState
from payments.bonus_states import BONUS, BONUS_RULE, BonusState, RuleState
from payments.chargeback_states import ANSWER, CHARGEBACK, AnswerState, ChargebackState
from payments.conversion_states import CONVERSION, ConversionState
from payments.gateways.registry import KINDS
from payments.models import (
    Bonus,
    BonusRule,
    Chargeback,
    ChargebackAnswer,
    Conversion,
    Deposit,
    PaymentFile,
    Transfer,
    WalletAdjustment,
    Withdrawal,
    WithdrawalPart,
)
from payments.payment_file_states import PAYMENT_FILE, PaymentFileState
from payments.states import (
    DEPOSIT,
    PART,
    TRANSFER,
    WITHDRAWAL,
    DepositState,
    PartState,
    TransferState,
    WithdrawalState,
)

_D, _W, _P, _T = DepositState, WithdrawalState, PartState, TransferState
_C, _A = ChargebackState, AnswerState
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SWEEP_MAX = 500
HELD = "held"  # compliance's own queue


@dataclass(frozen=True, slots=True)
class Watch:
    """``by`` moves it on; when it has stood for ``after`` it is put into ``queue``. ``since``: a
    field that the time is counted from, instead of the entry into the state."""

    by: str
    after: timedelta
    queue: str
    since: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    machine: Machine
    model: Any
    states: Mapping[str, Watch]
    # States out of which only the outside leads, and nothing of ours waits meanwhile.
    resting: Mapping[str, str]


def _table(states: Mapping[Any, Watch]) -> dict[str, Watch]:
    return {str(state): watch for state, watch in states.items()}


_ASKED = Watch("outbox payments.deposit_expire asks the gateway", 4 * DAY, "deposits", "expires_at")
_PEOPLE = 5 * MINUTE  # the service puts it there at once; this is for the one that it missed
_SENT = "outbox payments.look asks the gateway, the statement tells of a bank's"

DEPOSITS = Watched(
    DEPOSIT,
    Deposit,
    _table(
        {
            _D.CREATED: Watch("outbox payments.deposit_start", 15 * MINUTE, "deposits"),
            _D.REDIRECTED: _ASKED,
            _D.PENDING: _ASKED,
            _D.AUTHORIZED: _ASKED,
            _D.PAID: Watch("the notice itself", 15 * MINUTE, "deposits"),
            _D.REVIEW: Watch("people", _PEOPLE, "deposits"),
            _D.AMOUNT_MISMATCH: Watch("people", _PEOPLE, "deposits"),
            _D.HELD: Watch("compliance", _PEOPLE, HELD),
            _D.CREDITED: Watch("outbox payments.deposit_credited", 15 * MINUTE, "deposits"),
            _D.MT_PENDING: Watch("its transfer", HOUR, "deposits"),
            _D.RETURNING: Watch("outbox payments.deposit_refund", HOUR, "deposits"),
        }
    ),
    {
        str(_D.EXPIRED): "money that comes late is credited by its notice or the statement",
        str(_D.DECLINED): "money that comes late is credited by its notice or the statement",
        str(_D.CANCELLED): "money that comes late is credited by its notice or the statement",
    },
)
WITHDRAWALS = Watched(
    WITHDRAWAL,
    Withdrawal,
    _table(
        {
            _W.REQUESTED: Watch("the transfer off its account", HOUR, "withdrawals"),
            _W.HELD: Watch("the request itself", 15 * MINUTE, "withdrawals"),
            _W.REVIEW: Watch("people", _PEOPLE, "withdrawals"),
            _W.COMPLIANCE: Watch("compliance", _PEOPLE, HELD),
            _W.APPROVED: Watch("outbox payments.submit", 15 * MINUTE, "withdrawals"),
            _W.SUBMITTING: Watch("outbox payments.submit", 15 * MINUTE, "withdrawals"),
            _W.SUBMITTED: Watch(_SENT, 3 * DAY, "withdrawals"),
            _W.IN_PROGRESS: Watch(_SENT, 3 * DAY, "withdrawals"),
            _W.UNKNOWN: Watch("outbox payments.look", 2 * HOUR, "withdrawals"),
            _W.PAYING: Watch("its parts", 4 * DAY, "withdrawals"),
            _W.PART_FAILED: Watch("people", _PEOPLE, "withdrawals"),
        }
    ),
    {str(_W.PAID): "a bank may still send it back; its statement tells"},
)
PARTS = Watched(
    PART,
    WithdrawalPart,
    _table(
        {
            _P.PLANNED: Watch("outbox payments.part_submit", HOUR, "withdrawals"),
            _P.SUBMITTING: Watch("outbox payments.part_submit", 15 * MINUTE, "withdrawals"),
            _P.SUBMITTED: Watch(_SENT, 3 * DAY, "withdrawals"),
            _P.IN_PROGRESS: Watch(_SENT, 3 * DAY, "withdrawals"),
            _P.UNKNOWN: Watch("outbox payments.part_look", 2 * HOUR, "withdrawals"),
            _P.FAILED: Watch("people", _PEOPLE, "withdrawals"),
        }
    ),
    {str(_P.PAID): "a bank may still send it back; its statement tells"},
)
_LEG = "outbox trading.operation_send and operation_look, and the sweep of operations"
TRANSFERS = Watched(
    TRANSFER,
    Transfer,
    _table(
        {
            _T.REQUESTED: Watch("the request itself", 15 * MINUTE, "transfers"),
            _T.DEBITING: Watch(_LEG, 30 * MINUTE, "transfers"),
            _T.BRIDGED: Watch("the first leg's end", 15 * MINUTE, "transfers"),
            _T.CREDITING: Watch(_LEG, 30 * MINUTE, "transfers"),
            _T.RETURNING: Watch(_LEG, 30 * MINUTE, "transfers"),
            _T.STRANDED: Watch("people", _PEOPLE, "transfers"),
        }
    ),
    {},
)
CHARGEBACKS = Watched(
    CHARGEBACK,
    Chargeback,
    _table(
        {
            _C.NOTED: Watch("the event itself", 15 * MINUTE, "chargebacks"),
            _C.INQUIRY: Watch("people, then the bank", 45 * DAY, "chargebacks"),
            _C.OPEN: Watch("people", _PEOPLE, "chargebacks"),
            _C.EVIDENCE: Watch(
                "the bank; outbox payments.chargeback_look asks every day", 120 * DAY, "chargebacks"
            ),
        }
    ),
    {str(_C.INQUIRY_CLOSED): "money that is taken after all is told by the gateway"},
)
_ANSWER = "outbox payments.chargeback_answer, which asks the gateway what it has"
ANSWERS = Watched(
    ANSWER,
    ChargebackAnswer,
    _table(
        {
            _A.QUEUED: Watch(_ANSWER, 15 * MINUTE, "chargebacks"),
            _A.SENDING: Watch(_ANSWER, 15 * MINUTE, "chargebacks"),
            _A.UNKNOWN: Watch(_ANSWER, HOUR, "chargebacks"),
        }
    ),
    {},
)
_F = PaymentFileState
FILES = Watched(
    PAYMENT_FILE,
    PaymentFile,
    {},
    {
        str(_F.PREPARED): "each of its payouts is watched by itself, as approved and not sent",
        str(_F.RELEASED): "each of its payouts is watched by itself, as approved and not sent",
        str(_F.HANDED_OVER): "each of its payouts is watched by itself, as sent",
        str(_F.ACKNOWLEDGED): "each of its payouts is watched by itself, as sent",
    },
)
ADJUSTMENTS = Watched(
    WALLET_ADJUSTMENT,
    WalletAdjustment,
    {},
    {str(AdjustmentState.ASKED): "no money waits; it is on the approvals page until it is decided"},
)
CONVERSIONS = Watched(
    CONVERSION,
    Conversion,
    {},
    {
        str(ConversionState.OFFERED): "no money waits; the outbox ends it when its time is over",
        str(ConversionState.WAITING): "no money waits; it is on the approvals page until then",
    },
)
_ON_THE_WIRE = "its balance operation is looked for by trading until its outcome is known"
BONUSES = Watched(
    BONUS,
    Bonus,
    {},
    {
        str(BonusState.ASKED): "no money waits; it is on the approvals page until it is decided",
        str(BonusState.ACTIVE): "it is credit on an account; the clock looks at it",
        str(BonusState.GRANTING): _ON_THE_WIRE,
        str(BonusState.REMOVING): _ON_THE_WIRE,
        str(BonusState.RELEASING): _ON_THE_WIRE,
    },
)
BONUS_RULES = Watched(
    BONUS_RULE,
    BonusRule,
    {},
    {
        str(RuleState.PROPOSED): "it is on the approvals page until it is decided",
        str(RuleState.IN_FORCE): "it gives bonuses until it is retired",
    },
)
_PAYMENTS = (DEPOSITS, WITHDRAWALS, PARTS, TRANSFERS, CHARGEBACKS, ANSWERS)
WATCHED = (*_PAYMENTS, FILES, ADJUSTMENTS, CONVERSIONS, BONUSES, BONUS_RULES)
# What goes to its bank in a file waits for people, not for the outbox.
BY_FILE = sorted(kind for kind, adapter in KINDS.items() if adapter.pays_by_file)
FILE_AFTER = DAY
# What waits in the queue of the payment that it is of.
OWNERS: dict[Any, str] = {WithdrawalPart: "withdrawal", ChargebackAnswer: "chargeback"}


def sweep(actor: Actor) -> int:
    """Open an item for each payment that stands still, close those of payments that came to their
    end; how many were opened."""
    opened = 0
    for watched in WATCHED:
        rows = watched.model.objects.filter(tenant_id=actor.tenant_id, state__in=watched.states)
        # Most states stand empty at any moment: asked at once, instead of one by one in full.
        for state in rows.order_by("state").values_list("state", flat=True).distinct():
            watch = watched.states[state]
            for row in _standing(actor, watched.model, state, watch):
                _open(actor, row, watch)
                opened += 1
    for watched in (DEPOSITS, WITHDRAWALS, TRANSFERS):
        _close(actor, watched)
    return opened


def since(
    actor: Actor, pk: Any, state: str, events: Sequence[Event] | None = None
) -> datetime | None:
    """When a payment came into its state. A page that has read the payment's timeline gives it."""
    if events is not None:
        known = next((event for event in events if event.entered == (pk, state)), None)
        if known is not None or len(events) < EVENTS_MAX:
            return known.moment if known else None
    found: datetime | None = (
        Transition.objects.filter(tenant_id=actor.tenant_id, subject_id=pk, target=state)
        .order_by("-id")
        .values_list("at", flat=True)
        .first()
    )
    return found


def _standing(actor: Actor, model: Any, state: str, watch: Watch) -> list[Any]:
    """Rows in ``state`` for too long that no open item shows."""
    subject = f"{OWNERS[model]}_id" if model in OWNERS else "pk"
    shown = WorkItem.objects.filter(
        tenant_id=actor.tenant_id, queue=watch.queue, subject_id=OuterRef(subject), closed_at=None
    )
    limit = now() - watch.after
    rows: QuerySet[Any] = model.objects.filter(tenant_id=actor.tenant_id, state=state).filter(
        ~Exists(shown), created_at__lt=limit
    )
    if watch.since:
        rows = rows.filter(**{f"{watch.since}__lt": limit})
    else:
        entered = (
            Transition.objects.filter(
                tenant_id=actor.tenant_id, subject_id=OuterRef("pk"), target=state
            )
            .order_by("-id")
            .values("at")[:1]
        )
        rows = rows.annotate(entered=Coalesce(Subquery(entered), "created_at"))
        rows = rows.filter(entered__lt=limit)
    if (model, state) in ((Withdrawal, _W.APPROVED), (WithdrawalPart, _P.PLANNED)):
        soon = ~Q(gateway__kind__in=BY_FILE) | Q(entered__lt=now() - FILE_AFTER)
        rows = rows.filter(soon)
    if model is WithdrawalPart and state == _P.PLANNED:
        rows = rows.filter(hold_id__isnull=False)  # before that its withdrawal is what waits
    return list(rows.order_by("id")[:SWEEP_MAX])


def _open(actor: Actor, row: Any, watch: Watch) -> None:
    owner = OWNERS.get(type(row))
    subject = getattr(row, owner) if owner else row
    queues.item_open(
        actor=actor,
        queue=watch.queue,
        subject=subject,
        desk_id=subject.client.desk_id,
        urgent=watch.after != _PEOPLE,
    )


def _close(actor: Actor, watched: Watched) -> None:
    """Close what still stands in a queue although its payment came to rest, or to other people."""
    for code in sorted({watch.queue for watch in watched.states.values()}):
        states = [state for state, watch in watched.states.items() if watch.queue == code]
        waits = watched.model.objects.filter(
            tenant_id=actor.tenant_id, pk=OuterRef("subject_id"), state__in=states
        )
        items = WorkItem.objects.filter(
            ~Exists(waits),
            tenant_id=actor.tenant_id,
            queue=code,
            subject_type=watched.machine.name,
            closed_at=None,
        )
        for subject_id in items.values_list("subject_id", flat=True)[:SWEEP_MAX]:
            queues.item_close(actor=actor, queue=code, subject_id=subject_id)
