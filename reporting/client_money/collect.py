"""The calculation, set-based: balances of a closed day out of the books, by client and currency.

A client's trading accounts are counted one by one, each at least at zero: what one client lacks
on one account is not taken from what is owed on another, or to another client (CASS 7.16).
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from django.db import connection

from backoffice.core.money import EXPONENTS, Money
from reporting.models import (
    ClientMoneyAccount,
    ClientMoneyFigure,
    ClientMoneyReport,
)

Group = ClientMoneyAccount.Group

_BALANCES = """
WITH scale AS (
    SELECT * FROM unnest(%(currencies)s::text[], %(exponents)s::int[]) s (currency, places)
), account AS MATERIALIZED (
    SELECT id, code, currency, owner_ref, normal FROM ledger_account
    WHERE tenant_id = %(tenant)s AND kind = 'liability' AND owner_ref LIKE 'client:%%'
), valued AS (
    SELECT v.account, v.debits, v.credits FROM ledger_valued_at(
        %(tenant)s, (SELECT coalesce(array_agg(id), '{}') FROM account), %(until)s) v
), floating AS (
    SELECT format('client:%%s:mt:%%s:%%s', t.client_id, s.name, t.login) AS code, t.currency,
           t.equity - t.balance - t.credit AS amount
    FROM trading_account t
    JOIN trading_tradingserver s ON s.tenant_id = t.tenant_id AND s.id = t.server_id
    WHERE %(equity)s AND t.tenant_id = %(tenant)s AND t.live AND t.client_id IS NOT NULL
      AND t.login IS NOT NULL AND t.equity <> t.balance + t.credit
), line AS (
    SELECT a.owner_ref, a.currency, a.code LIKE '%%:wallet' AS wallet,
           round(a.normal * (v.debits - v.credits) / 10::numeric ^ c.places, 8) AS booked,
           round(coalesce(f.amount, 0), c.places) AS floating
    FROM account a
    JOIN valued v ON v.account = a.id
    JOIN scale c ON c.currency = a.currency
    LEFT JOIN floating f ON f.code = a.code AND f.currency = a.currency
), client AS (
    SELECT owner_ref, currency,
           coalesce(sum(booked) FILTER (WHERE wallet), 0) AS wallet,
           coalesce(sum(booked) FILTER (WHERE NOT wallet), 0) AS trading,
           sum(floating) AS open_positions,
           sum(greatest(-(booked + floating), 0)) AS negatives,
           sum(greatest(booked + floating, 0)) AS counted
    FROM line GROUP BY owner_ref, currency
    HAVING bool_or(booked <> 0 OR floating <> 0)
)
INSERT INTO reporting_clientmoneybalance (tenant_id, id, report_id, currency, owner_ref, client_id,
    client_reference, wallet, trading, open_positions, negatives, counted)
SELECT %(tenant)s, uuidv7(), %(report)s, b.currency, b.owner_ref, c.id, coalesce(c.reference, ''),
       b.wallet, b.trading, b.open_positions, b.negatives, b.counted
FROM client b
LEFT JOIN clients_client c ON c.tenant_id = %(tenant)s
    AND c.id = CASE WHEN b.owner_ref ~ '^client:[0-9a-f-]{36}$'
                    THEN substr(b.owner_ref, 8)::uuid END
"""

_HOUSE = """
WITH scale AS (
    SELECT * FROM unnest(%(currencies)s::text[], %(exponents)s::int[]) s (currency, places)
), account AS MATERIALIZED (
    SELECT id, code, currency, normal FROM ledger_account
    WHERE tenant_id = %(tenant)s AND (code LIKE 'bank:client:%%' OR code LIKE 'gateway:%%:%%'
          OR code IN ('in_transit:bank', 'unallocated', 'mt:bridge'))
), valued AS (
    SELECT v.account, v.debits, v.credits FROM ledger_valued_at(
        %(tenant)s, (SELECT coalesce(array_agg(id), '{}') FROM account), %(until)s) v
)
SELECT a.code, a.currency,
       round(sum(a.normal * (v.debits - v.credits)) / 10::numeric ^ c.places, 8)
FROM account a JOIN valued v ON v.account = a.id JOIN scale c ON c.currency = a.currency
GROUP BY a.code, a.currency, c.places ORDER BY a.code, a.currency
"""

_TOTALS = """
SELECT currency, count(*) FILTER (WHERE counted > 0), sum(wallet), sum(trading),
       sum(open_positions), sum(negatives), sum(counted)
FROM reporting_clientmoneybalance WHERE tenant_id = %s AND report_id = %s GROUP BY currency
"""


@dataclass(frozen=True)
class Policy:
    gateway_counts: bool
    positions_at_equity: bool
    prudent_percent: Decimal


def group_of(code: str) -> Group:
    """Where a house account's money is, by its code in the chart of accounts."""
    if code.startswith("bank:client:"):
        return Group.BANK
    if code.startswith("gateway:"):
        return Group.GATEWAY
    if code == "unallocated":
        return Group.UNALLOCATED
    return Group.BRIDGE if code == "mt:bridge" else Group.TRANSIT


def collect(report: ClientMoneyReport, policy: Policy) -> list[ClientMoneyFigure]:
    """Write the balances, accounts and figures of ``report``; returns the figures by currency.

    ``report.equity_at`` None counts open positions at nothing but their booked balance.
    """
    facts = {
        "tenant": report.tenant_id,
        "report": report.pk,
        "until": report.ends_at,
        "equity": report.equity_at is not None,
        "currencies": list(EXPONENTS),
        "exponents": list(EXPONENTS.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_BALANCES, facts)
        cursor.execute(_HOUSE, facts)
        house = cursor.fetchall()
        cursor.execute(_TOTALS, [report.tenant_id, report.pk])
        totals = {row[0]: row[1:] for row in cursor.fetchall()}
    accounts = ClientMoneyAccount.objects.bulk_create(
        ClientMoneyAccount(
            tenant_id=report.tenant_id,
            report=report,
            group=group_of(code),
            code=code,
            currency=currency,
            balance=balance,
        )
        for code, currency, balance in house
        if balance or code.startswith("bank:")
    )
    currencies = sorted(set(totals) | {account.currency for account in accounts})
    figures = [_figure(report, policy, each, totals.get(each), accounts) for each in currencies]
    return ClientMoneyFigure.objects.bulk_create(figures)


def _figure(
    report: ClientMoneyReport,
    policy: Policy,
    currency: str,
    totals: tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal] | None,
    accounts: list[ClientMoneyAccount],
) -> ClientMoneyFigure:
    nothing = Decimal(0)
    if totals is None:
        totals = (0, nothing, nothing, nothing, nothing, nothing)
    clients, wallets, trading, floating, negatives, counted = totals

    def held(group: Group) -> Decimal:
        found = (a.balance for a in accounts if (a.group, a.currency) == (group, currency))
        return sum(found, nothing)

    # Between wallet and account more can be on its way out than in; only what clients are owed
    # counts, as with their own balances.
    bridge = max(held(Group.BRIDGE), nothing)
    prudent = Money.rounded(counted * policy.prudent_percent / 100, currency, ROUND_CEILING).amount
    requirement = counted + bridge + held(Group.UNALLOCATED) + prudent
    resource = held(Group.BANK) + (held(Group.GATEWAY) if policy.gateway_counts else nothing)
    return ClientMoneyFigure(
        tenant_id=report.tenant_id,
        report=report,
        currency=currency,
        clients=clients,
        wallets=wallets,
        trading=trading,
        open_positions=floating,
        negatives=negatives,
        client_balances=counted,
        bridge=bridge,
        unallocated=held(Group.UNALLOCATED),
        prudent=prudent,
        requirement=requirement,
        bank=held(Group.BANK),
        gateway=held(Group.GATEWAY),
        in_transit=held(Group.TRANSIT),
        resource=resource,
        difference=resource - requirement,
    )
