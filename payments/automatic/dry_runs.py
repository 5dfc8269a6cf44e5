"""A version tried on withdrawals of the past: how many it would have approved, and what became of
those. Facts are as they stood when each was asked for; today's rates stand for those of then."""

import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, NotPermitted
from backoffice.core.money import Money
from backoffice.portal.selectors import id_floor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import moves, outbox
from backoffice.workflow.models import ApprovalBand, OutboxItem
from payments import actions
from payments.automatic import rules
from payments.automatic.decisions import rules_of
from payments.automatic.facts import DAY, approver_words, days_since
from payments.automatic.rules import Facts, Rule
from payments.automatic.states import DRY_RUN, DryRunState
from payments.automatic.versions import MANAGE
from payments.evaluation import base_currency
from payments.models import DryRun, RuleVersion
from payments.services.bands import DECIDES, ONE
from payments.sources import CREDITED, GONE
from payments.states import PartState, WithdrawalState

TOPIC = "payments.dry_run"
DAYS = (7, 30, 90)
ROWS_MAX = 20_000  # the newest of the period
CHUNK = 1_000
LISTED_MAX = 200
REASONS_MAX = 10


class Past(NamedTuple):
    """A withdrawal as it was asked for, and what became of it."""

    id: UUID
    reference: str
    at: datetime
    client_id: UUID
    client: str
    amount: Decimal
    currency: str
    amount_base: Decimal | None
    method: str
    category: str
    level: int
    risk_band: str
    client_since: datetime
    destination_since: datetime
    paid_before: int
    net: Decimal | None
    checks: str | None  # as JSON: [[code, colour, title, note], ...]
    refused: bool
    held: bool
    returned: bool
    charged_back: bool


# The newest first, a chunk at a time. Level and risk are those of the client's history then.
_CHUNK = """
WITH worth AS (
    SELECT currency, to_base FROM payments_rate
    WHERE tenant_id = %(tenant)s AND currency <> %(base)s
    UNION ALL SELECT %(base)s, 1
),
asked AS (
    SELECT * FROM payments_withdrawal
    WHERE tenant_id = %(tenant)s AND id < %(before)s AND id >= %(first)s
      AND created_at >= %(since)s AND hold_id IS NOT NULL
    ORDER BY id DESC LIMIT %(chunk)s
)
SELECT w.id, w.reference, w.created_at, w.client_id, c.reference, w.amount, w.currency,
    w.amount_base, m.code, c.category, coalesce(h.level, c.level),
    coalesce(h.risk_band, c.risk_band), c.created_at, d.added_at, used.count, net.total,
    w.decision -> 'checks',
    w.state = 'rejected', held.so, w.state = %(returned)s OR back.so, disputed.so
FROM asked w
JOIN clients_client c ON c.tenant_id = w.tenant_id AND c.id = w.client_id
JOIN payments_destination d ON d.tenant_id = w.tenant_id AND d.id = w.destination_id
JOIN payments_method m ON m.tenant_id = w.tenant_id AND m.id = w.method_id
LEFT JOIN LATERAL (
    SELECT level, risk_band FROM clients_historicalclient h
    WHERE h.tenant_id = w.tenant_id AND h.id = w.client_id AND h.history_date <= w.created_at
    ORDER BY h.history_date DESC, h.history_id DESC LIMIT 1
) h ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS count FROM payments_withdrawal p
    WHERE p.tenant_id = w.tenant_id AND p.destination_id = w.destination_id
      AND p.paid_at < w.created_at
) used
CROSS JOIN LATERAL (
    SELECT CASE WHEN bool_and(worth.to_base IS NOT NULL)
        THEN sum(flow.amount * worth.to_base) END AS total
    FROM (
        SELECT paid_currency AS currency, paid_amount AS amount FROM payments_deposit p
        WHERE p.tenant_id = w.tenant_id AND p.client_id = w.client_id
          AND p.state = ANY (%(credited)s) AND p.credited_at < w.created_at
        UNION ALL
        SELECT p.currency, -coalesce(p.paid_amount, p.amount) FROM payments_withdrawal p
        WHERE p.tenant_id = w.tenant_id AND p.client_id = w.client_id
          AND p.state <> ALL (%(gone)s) AND p.created_at < w.created_at
        UNION ALL SELECT w.currency, -w.amount
    ) flow LEFT JOIN worth USING (currency)
) net
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM payments_paymenthold p
        WHERE p.tenant_id = w.tenant_id AND p.subject_id = w.id) AS so
) held
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM payments_withdrawalpart p
        WHERE p.tenant_id = w.tenant_id AND p.withdrawal_id = w.id
          AND p.state = %(part_returned)s) AS so
) back
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM payments_chargeback p
        WHERE p.tenant_id = w.tenant_id AND p.client_id = w.client_id
          AND p.taken_at > w.created_at) AS so
) disputed
ORDER BY w.id DESC
"""


@transaction.atomic
def dry_run_ask(*, actor: Actor, version: RuleVersion, days: int) -> DryRun:
    """Try ``version`` on the withdrawals of the last ``days``; a worker does it."""
    if not actor.can(MANAGE):
        raise NotPermitted
    if days not in DAYS:
        raise InvalidInput(fields={"days": "Choose one of the periods."})
    row = DryRun.objects.create(
        tenant_id=actor.tenant_id,
        version=version,
        days=days,
        asked_by_ref=actor.ref,
        asked_by=actor.name,
    )
    moves.begin(row, DRY_RUN, actor=actor)
    data = {"version": version.number, "days": days}
    audit(actor=actor, action=actions.RULES_TRIED, subject=version, label=str(version), data=data)
    outbox.put(TOPIC, subject_id=row.pk)
    return row


@outbox.handles(TOPIC, slow=True)
def dry_run_make(actor: Actor, item: OutboxItem) -> None:
    """Read the past, write the result: a repeat finds it done."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        rows = DryRun.objects.select_for_update(no_key=True).select_related("version")
        row = rows.get(tenant_id=actor.tenant_id, pk=item.subject_id)
        if row.state != DryRunState.WAITING:
            return
        past = list(_read(row.created_at - timedelta(days=row.days)))
        row.result = tried(rules_of(row.version), past, row.days)
        row.done_at = now()
        moves.move(row, DRY_RUN, DryRunState.DONE, actor=actor, update_fields=["result", "done_at"])


def _read(since: datetime) -> Iterator[Past]:
    """The newest first, at most ``ROWS_MAX``."""
    before, read = UUID(int=2**128 - 1), 0
    while read < ROWS_MAX:
        chunk = _chunk(since, before)
        yield from chunk
        read += len(chunk)
        if len(chunk) < CHUNK:
            return
        before = chunk[-1].id


def _chunk(since: datetime, before: UUID) -> list[Past]:
    with connection.cursor() as cursor:
        cursor.execute(
            _CHUNK,
            {
                "tenant": current_tenant_id(),
                "base": base_currency(),
                "since": since,
                "first": id_floor(since),
                "before": before,
                "chunk": CHUNK,
                "credited": [str(state) for state in CREDITED],
                "gone": [str(state) for state in GONE],
                "returned": str(WithdrawalState.RETURNED),
                "part_returned": str(PartState.RETURNED),
            },
        )
        return [Past(*line) for line in cursor.fetchall()]


def tried(version: Sequence[Rule], past: Sequence[Past], days: int) -> dict[str, Any]:
    """What ``version`` would have said of each, in their order: what it approves counts for the
    limits of the 24 hours after."""
    base, approvers = base_currency(), _approvers()
    lately = Lately()
    approved: list[tuple[Past, str]] = []
    left: Counter[str] = Counter()
    for one in sorted(past, key=lambda each: (each.at, each.id)):
        lately.forget(one.at - DAY)
        verdict = rules.evaluate(version, _facts(one, base, approvers, lately))
        if verdict.approves:
            lately.add(one)
            approved.append((one, verdict.rule))
        else:
            failed = next((line for line in verdict.conditions if not line.holds), None)
            title = failed.title if failed and failed.limit else verdict.why
            left[capital(title.split(":")[0])] += 1
    return _result(approved, left, len(past), base, days)


class Lately:
    """How many and how much was approved in the 24 hours before, of each client and of all."""

    def __init__(self) -> None:
        self._rows: deque[Past] = deque()
        self._counts: Counter[UUID | None] = Counter()
        self._sums: defaultdict[UUID | None, Decimal] = defaultdict(Decimal)

    def add(self, one: Past) -> None:
        self._rows.append(one)
        self._count(one, 1)

    def forget(self, until: datetime) -> None:
        while self._rows and self._rows[0].at <= until:
            self._count(self._rows.popleft(), -1)

    def _count(self, one: Past, sign: int) -> None:
        for whose in (one.client_id, None):
            self._counts[whose] += sign
            self._sums[whose] += sign * (one.amount_base or Decimal(0))

    def of(self, client_id: UUID | None) -> tuple[int, Decimal]:
        """None: of all."""
        return self._counts[client_id], self._sums[client_id]


def _facts(one: Past, base: str, approvers: "Approvers", lately: Lately) -> Facts:
    client_count, client_sum = lately.of(one.client_id)
    tenant_count, tenant_sum = lately.of(None)
    found = [("unknown", "bad", "Its checks of then are not known")]
    if one.checks is not None:
        found = [
            (code, colour, f"{title}: {note}" if note else title)
            for code, colour, title, note in json.loads(one.checks)
            if colour != "good"
        ]
    return Facts(
        base=base,
        amount=one.amount_base,
        method=one.method,
        category=one.category,
        risk_band=one.risk_band,
        level=one.level,
        account_days=days_since(one.client_since, one.at),
        destination_days=days_since(one.destination_since, one.at),
        paid_before=one.paid_before,
        net=one.net,
        client_count=client_count,
        client_sum=client_sum,
        tenant_count=tenant_count,
        tenant_sum=tenant_sum,
        approver=approvers(one.amount_base),
        checks=tuple(found),
    )


def _sum(rows: Sequence[Past]) -> Decimal:
    return sum((each.amount_base or Decimal(0) for each in rows), Decimal(0))


class Approvers:
    """Who decides an amount by the bands of now, as ``facts.approver_of`` without a query each."""

    def __init__(self, bands: Sequence[tuple[Decimal | None, Sequence[str]]]) -> None:
        self.bands = bands

    def __call__(self, amount: Decimal | None) -> str:
        if amount is None:
            return ""
        fits = (steps for limit, steps in self.bands if limit is None or amount <= limit)
        return approver_words(next(fits, [ONE]))


def _approvers() -> Approvers:
    rows = ApprovalBand.objects.filter(tenant_id=current_tenant_id(), kind=DECIDES)
    return Approvers(list(rows.order_by("amount_max").values_list("amount_max", "steps")))


OUTCOMES = {
    "refused": "a person refused",
    "held": "compliance held",
    "returned": "the bank sent back",
    "charged_back": "a chargeback followed",
}


def _result(
    approved: Sequence[tuple[Past, str]], left: Counter[str], considered: int, base: str, days: int
) -> dict[str, Any]:
    count = {name: sum(getattr(one, name) for one, _ in approved) for name in OUTCOMES}
    total = Money.rounded(_sum([one for one, _ in approved]), base)
    bad = [f"{count[name]:,} of them {words}" for name, words in OUTCOMES.items() if count[name]]
    words = f"{days} days, {considered:,} withdrawals: {len(approved):,} would be approved, {total}"
    # What went wrong first, then the newest.
    order = sorted(approved, key=lambda pair: (not _went_wrong(pair[0]), -pair[0].at.timestamp()))
    return {
        "words": "; ".join([words, *(bad or ["none of them went wrong"])]),
        "considered": considered,
        "is_cut": considered >= ROWS_MAX,
        "approved": len(approved),
        "amount": str(total.amount),
        "currency": base,
        "outcomes": count,
        "rules": dict(Counter(rule for _, rule in approved)),
        "left": left.most_common(REASONS_MAX),
        "rows": [_listed(one, rule) for one, rule in order[:LISTED_MAX]],
    }


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _went_wrong(one: Past) -> bool:
    return any(getattr(one, name) for name in OUTCOMES)


def _listed(one: Past, rule: str) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "reference": one.reference,
        "client": one.client,
        "amount": str(one.amount),
        "currency": one.currency,
        "at": one.at.isoformat(),
        "rule": rule,
        "outcomes": [name for name in OUTCOMES if getattr(one, name)],
    }
