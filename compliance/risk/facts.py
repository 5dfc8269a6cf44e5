"""What is known of clients, as the risk model asks for it: a chunk of them in one statement."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from backoffice.core.context import current_tenant_id
from backoffice.tenancy.scope import brokerage
from compliance.risk.rules import Facts

CHUNK = 2_000
FIRST = UUID(int=0)
# A tenth of what is owned counts as means of one year, beside the income.
WEALTH_SHARE = Decimal("0.1")

_READ = """
WITH worth AS (
    SELECT currency, to_base FROM payments_rate
    WHERE tenant_id = %(tenant)s AND currency <> %(base)s
    UNION ALL SELECT %(base)s, 1
), mine AS (
    SELECT * FROM clients_client
    WHERE tenant_id = %(tenant)s AND id > %(after)s
      AND (%(only)s::uuid IS NULL OR id = %(only)s) AND state NOT IN ('closed')
    ORDER BY id LIMIT %(chunk)s
)
SELECT c.id, c.reference, c.risk_band, c.risk_score, c.kind, c.nationality, c.residence,
    c.politically_exposed, coalesce(m.occupation, ''), m.means,
    CASE WHEN d.unrated THEN NULL ELSE coalesce(d.total, 0) END,
    e.evidence, coalesce(d.shares, '{}'),
    CASE WHEN c.partner_ref <> '' THEN 'partner' WHEN c.source LIKE 'API%%' THEN 'api'
         ELSE 'direct' END,
    coalesce(t.leverage, 0), a.waiting, a.escalated, a.settled,
    coalesce(h.score, 0), h.sanctioned, h.media, c.risk_floor,
    c.flags || p.flags, p.exposed, p.layered
FROM mine c
LEFT JOIN LATERAL (
    SELECT occupation, (income + wealth * %(wealth)s) * w.to_base AS means
    FROM clients_means m LEFT JOIN worth w ON w.currency = m.currency
    WHERE m.tenant_id = c.tenant_id AND m.client_id = c.id ORDER BY m.id DESC LIMIT 1
) m ON true
LEFT JOIN LATERAL (
    SELECT sum(amount) AS total, bool_or(unrated) AS unrated,
        jsonb_object_agg(instrument, amount) AS shares FROM (
        SELECT CASE WHEN g.kind = 'btcpay' THEN 'crypto' ELSE p.instrument END AS instrument,
            coalesce(sum(d.paid_amount * w.to_base), 0) AS amount,
            bool_or(w.to_base IS NULL) AS unrated
        FROM payments_deposit d
        JOIN payments_method p ON p.tenant_id = d.tenant_id AND p.id = d.method_id
        LEFT JOIN payments_gatewayaccount g ON g.tenant_id = d.tenant_id AND g.id = d.gateway_id
        LEFT JOIN worth w ON w.currency = d.paid_currency
        WHERE d.tenant_id = c.tenant_id AND d.client_id = c.id
          AND d.state IN ('credited', 'mt_pending', 'done')
          AND d.credited_at > now() - interval '1 year'
        GROUP BY 1
    ) each
) d ON true
CROSS JOIN LATERAL (
    SELECT CASE WHEN bool_or(state = 'accepted') THEN 'accepted'
                WHEN bool_or(state = 'uploaded') THEN 'given' ELSE 'none' END AS evidence
    FROM clients_clientdocument f
    WHERE f.tenant_id = c.tenant_id AND f.client_id = c.id
      AND f.type IN ('source_of_funds', 'source_of_wealth')
) e
LEFT JOIN LATERAL (
    SELECT max(leverage) AS leverage FROM trading_account t
    WHERE t.tenant_id = c.tenant_id AND t.client_id = c.id AND t.live AND t.gone_at IS NULL
) t ON true
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state IN ('triggered', 'under_review')) AS waiting,
        count(*) FILTER (WHERE state = 'escalated') AS escalated,
        count(*) FILTER (WHERE state IN ('cleared', 'dismissed')) AS settled
    FROM compliance_alert a WHERE a.tenant_id = c.tenant_id AND a.client_id = c.id
) a
CROSS JOIN LATERAL (
    SELECT max(score) FILTER (WHERE state IN ('open', 'pending')) AS score,
        coalesce(bool_or(state = 'confirmed' AND category IN ('sanctions', 'internal')), false)
            AS sanctioned,
        coalesce(bool_or(state = 'confirmed' AND category NOT IN ('sanctions', 'internal', 'pep')),
                 false) AS media
    FROM compliance_hit h WHERE h.tenant_id = c.tenant_id AND h.client_id = c.id
) h
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(politically_exposed), false) AS exposed,
        coalesce(array_agg(flag) FILTER (WHERE flag IS NOT NULL), '{}') AS flags,
        coalesce(bool_or(t.id IS NOT NULL), false) AS layered
    FROM clients_party b
    LEFT JOIN LATERAL unnest(b.flags) AS flag ON true
    LEFT JOIN clients_tie t ON t.tenant_id = b.tenant_id AND t.party_id = b.id
        AND b.kind = 'company' AND t.role = 'owner' AND t.until_on IS NULL
    WHERE c.kind = 'company' AND b.tenant_id = c.tenant_id AND b.client_id = c.id
      AND b.state <> 'ended'
) p
ORDER BY c.id
"""


class Known(NamedTuple):
    """A client with its facts, and what its row says of risk now."""

    id: UUID
    reference: str
    band: str
    score: int | None
    facts: Facts


def facts_of(client_id: UUID) -> Known | None:
    """None for a client that is closed, or not of the tenant in scope."""
    return next(iter(_chunk(FIRST, client_id, 1)), None)


def some_after(after: UUID) -> list[Known]:
    """The next clients by id that are not closed; none: that was the last one."""
    return _chunk(after, None, CHUNK)


def everyone() -> Iterator[Known]:
    """Every client that is not closed, by id, in the scope that stands."""
    after = FIRST
    while chunk := some_after(after):
        yield from chunk
        after = chunk[-1].id


def _chunk(after: UUID, only: UUID | None, count: int) -> list[Known]:
    with connection.cursor() as cursor:
        cursor.execute(
            _READ,
            {
                "tenant": current_tenant_id(),
                "base": brokerage().base_currency,
                "after": after,
                "only": only,
                "chunk": count,
                "wealth": WEALTH_SHARE,
            },
        )
        return [_known(row) for row in cursor.fetchall()]


def _known(row: Any) -> Known:
    client_id, reference, band, score, kind, nationality, residence, pep, occupation = row[:9]
    means, deposits, evidence, shares, channel, leverage = row[9:15]
    waiting, escalated, settled, hit_score, sanctioned, media, by_hand = row[15:22]
    flags, exposed_behind, layered = row[22:]
    facts = Facts(
        kind=kind,
        nationality=nationality,
        residence=residence,
        politically_exposed=pep,
        occupation=occupation,
        means=means,
        deposits=deposits,
        evidence=evidence,
        instruments=_shares(shares),
        channel=channel,
        leverage=leverage,
        alerts=(waiting, escalated, settled),
        hit_score=hit_score,
        sanctioned=sanctioned,
        adverse_media=media,
        set_by_hand=by_hand,
        flags=frozenset(flags),
        exposed_behind=exposed_behind,
        layered=layered,
    )
    return Known(client_id, reference, band, score, facts)


def _shares(kept: Any) -> dict[str, Decimal]:
    """Of what has a rate."""
    amounts = json.loads(kept, parse_float=Decimal) if isinstance(kept, str) else kept
    found = {name: Decimal(str(amount)) for name, amount in amounts.items()}
    total = sum(found.values())
    return {name: amount / total for name, amount in found.items()} if total else {}
