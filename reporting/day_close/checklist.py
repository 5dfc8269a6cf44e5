"""The checklist of a day: what is looked at before it is closed, each with a light.

Red keeps the day open. Amber may stay as it is when the person who asks for the close writes why.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.urls import reverse

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.money import EXPONENTS, Money
from backoffice.portal.figures import day_text
from backoffice.tenancy.scope import brokerage
from ledger import selectors as ledger
from ledger.totals import booked_since
from payments.evaluation import base_amount
from payments.unresolved import unresolved
from reconciliation import trading_plane
from reconciliation.account_days import AccountDay, account_days, signed
from reconciliation.days import breaks_standing, by_age, plane_run_of
from reconciliation.models import SignOff
from reporting.client_money.services import report_changed
from reporting.day_close.policy import cut_off_of, policy_of
from reporting.models import BooksCheck, BusinessDay, ClientMoneyReport, DayPolicy
from reporting.states import DayState, ReportState, VerifyState
from trading import results

# A first close covers the books from their beginning; older deals were booked by their nights.
TRADING_DAYS_MAX = 7
UNALLOCATED, IN_TRANSIT = "unallocated", "in_transit:bank"
VERIFIED_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the checklist: ``says`` is a sentence with its figures, ``url`` what is behind
    it."""

    GOOD: ClassVar[str] = "good"
    CARRY: ClassVar[str] = "attention"
    STOPS: ClassVar[str] = "bad"

    code: str
    label: str
    light: str
    says: str
    url: str = ""

    @property
    def stops(self) -> bool:
        return self.light == self.STOPS

    @property
    def carried(self) -> bool:
        return self.light == self.CARRY


def checklist(actor: Actor, row: BusinessDay, policy: DayPolicy | None = None) -> list[Check]:
    """Every line, as things stand now."""
    policy = policy or policy_of(actor.tenant_id)
    return [
        _cut_off(actor, row, policy),
        _before(actor, row),
        *_accounts(actor, row),
        _breaks(actor, row, policy),
        _unresolved(actor, row),
        *_house_money(actor, row, policy),
        *_trading(actor, row),
        _client_money(actor, row),
        _books(actor, row),
    ]


def _check(code: str, label: str, light: str, says: str, url: str = "", *args: Any) -> Check:
    return Check(code, label, light, says, reverse(url, args=args) if url else "")


def _cut_off(actor: Actor, row: BusinessDay, policy: DayPolicy) -> Check:
    zone = brokerage().timezone
    moment = cut_off_of(policy, row.day, zone)
    over = now() >= moment
    says = f"{'Passed' if over else 'Not before'} {moment:%-d %B, %H:%M} ({zone})."
    return _check("cut_off", "Cut-off", Check.GOOD if over else Check.STOPS, says)


def _before(actor: Actor, row: BusinessDay) -> Check:
    label = "Days before it"
    older = BusinessDay.objects.filter(tenant_id=actor.tenant_id, day__lt=row.day)
    first = older.exclude(state=DayState.CLOSED).order_by("day").first()
    if first is None:
        return _check("before", label, Check.GOOD, "All are closed.")
    says = f"{day_text(first.day)} is not closed; days close in order."
    return _check("before", label, Check.STOPS, says, "reporting:day", first.pk)


def _accounts(actor: Actor, row: BusinessDay) -> Iterable[Check]:
    """A line for each account at a bank or with a gateway: its statement, and its sign-off."""
    standing = signed(actor, row.day)
    for each in account_days(actor, row.day):
        place = each.place
        label = place.label if place.bank else f"{place.label}, {place.currency}"
        url = reverse(
            "reconciliation:sign-off", args=[row.day.isoformat(), place.pk, place.currency]
        )
        light, says = _account(each, standing.get((place.code, place.currency)))
        yield Check(f"account:{place.pk}:{place.currency}", label, light, says, url)


def _account(row: AccountDay, found: SignOff | None) -> tuple[str, str]:
    statement = row.found.statement if row.found else None
    if statement is not None and row.found is not None and not row.found.adds_up:
        return Check.STOPS, "Its statement does not add up."
    closing = f"Statement {row.closing}, books {row.ledger_closing}"
    if row.closing is None:
        missing = "No statement of the day is in; " if row.place.bank is not None else ""
        closing = f"{missing}books {row.ledger_closing}"
    closing = closing[0].upper() + closing[1:]
    if found is None:
        return Check.CARRY, f"{closing}; not signed off."
    if row.changed(found):
        return Check.STOPS, f"{closing}; changed since {found.signed_by} signed it off."
    because = f": {found.reason}" if found.reason else ""
    return Check.GOOD, f"{closing}; signed off by {found.signed_by}{because}"


def _breaks(actor: Actor, row: BusinessDay, policy: DayPolicy) -> Check:
    label, url = "Breaks", "reconciliation:breaks"
    found = breaks_standing(actor, row.day)
    if not found:
        return _check("breaks", label, Check.GOOD, "None is open.", url)
    large = sum(_material(each.amount, each.currency, policy) for each in found)
    ages = "; ".join(
        f"{each} ({', '.join(str(amount) for amount in each.amounts)})" for each in by_age(found)
    )
    says = f"{_count(len(found), 'break')} open, by age: {ages}."
    if large:
        says += (
            f" {large} above {policy.materiality:,.2f} {_base(actor)}: those are resolved first."
        )
    return _check("breaks", label, Check.STOPS if large else Check.CARRY, says, url)


def _material(amount: Decimal, currency: str, policy: DayPolicy) -> bool:
    """Whether it is above what may stay open; without a rate nobody can say that it is not."""
    if currency not in EXPONENTS:
        return True
    worth = base_amount(Money.rounded(abs(amount), currency))
    return worth is None or worth > policy.materiality


def _unresolved(actor: Actor, row: BusinessDay) -> Check:
    label = "Unknown outcomes"
    found = unresolved(actor, row.ends_at)
    operations = results.operations_unknown(actor, row.ends_at)
    parts = [f"{each.count} {each.what}" for each in found]
    if operations:
        parts.append(_count(operations, "balance operation"))
    if not parts:
        says = "No payment or operation of the day is in doubt."
        return _check("unknown", label, Check.GOOD, says)
    url = found[0].url_name if found else "trading:operations"
    return _check("unknown", label, Check.CARRY, f"In doubt: {', '.join(parts)}.", url)


def _house_money(actor: Actor, row: BusinessDay, policy: DayPolicy) -> Iterator[Check]:
    """What stands on the accounts where nothing should stay for long."""
    accounts = ledger.accounts_of(actor.tenant_id, [UNALLOCATED, IN_TRANSIT])
    loose, moving = accounts.get(UNALLOCATED, []), accounts.get(IN_TRANSIT, [])
    ended = ledger.balances_valued_at(actor.tenant_id, [*loose, *moving], row.ends_at)
    yield _unallocated(ended[: len(loose)])
    then = row.ends_at - timedelta(days=policy.transit_days)
    began = ledger.balances_valued_at(actor.tenant_id, moving, then)
    yield _in_transit(began, ended[len(loose) :], policy)


def _unallocated(standing: Iterable[Money]) -> Check:
    label = "Unallocated money"
    found = [money for money in standing if money]
    if not found:
        return _check("unallocated", label, Check.GOOD, "None at the end of the day.")
    says = f"{_list(found)} of clients whom nobody knows yet."
    return _check("unallocated", label, Check.CARRY, says, "reconciliation:breaks")


def _in_transit(began: Iterable[Money], ended: Iterable[Money], policy: DayPolicy) -> Check:
    """What was on its way at both ends of the time allowed, one way, has been there for all of it
    at least."""
    label = "Money in transit"
    allowed = _count(policy.transit_days, "day")
    stale = [
        min(abs(now_there), abs(before))
        for before, now_there in zip(began, ended, strict=True)
        if before.amount * now_there.amount > 0
    ]
    if not stale:
        return _check("transit", label, Check.GOOD, f"Nothing for longer than {allowed}.")
    says = f"{_list(stale)} for more than {allowed}."
    return _check("transit", label, Check.CARRY, says, "reconciliation:lines")


def _trading(actor: Actor, row: BusinessDay) -> Iterable[Check]:
    servers = results.accounts_read_at(actor)
    if not servers:
        yield _check("trading", "Trading accounts", Check.GOOD, "No trading server is in use.")
        return
    late = [name for name, at in servers.items() if at is None or at < row.ends_at]
    run = plane_run_of(actor, row.day)
    label = "Balances against trading servers"
    if late:
        says = f"Not read since the day ended: {', '.join(late)}."
        yield _check("trading", label, Check.STOPS, says)
    elif run is None:
        says = "Not compared since the day ended; that is done every night."
        yield _check("trading", label, Check.STOPS, says)
    else:
        same = f"{run.differing} of them differ" if run.differing else "all agreed"
        says = f"Compared {run.ran_at:%-d %B, %H:%M} UTC: {same}."
        light = Check.CARRY if run.differing else Check.GOOD
        yield _check("trading", label, light, says, "reconciliation:breaks")
    days = (row.day - row.first_day).days + 1
    missing = sum(
        trading_plane.unposted(actor, row.day - timedelta(days=back))
        for back in range(min(days, 7))
    )
    label = "Results of trading"
    if missing:
        says = f"{_count(missing, 'account')} traded otherwise than the books say."
        yield _check("trading_net", label, Check.STOPS, says, "trading:deals")
    else:
        yield _check("trading_net", label, Check.GOOD, "Booked for every account.")


def report_of(actor: Actor, day: date) -> ClientMoneyReport | None:
    rows = ClientMoneyReport.objects.filter(tenant_id=actor.tenant_id, day=day)
    return rows.exclude(state=ReportState.REPLACED).first()


def _client_money(actor: Actor, row: BusinessDay) -> Check:
    label = "Client money report"
    report = report_of(actor, row.day)
    if report is None:
        says = "Not prepared yet; it comes by itself after the cut-off."
        return _check("client_money", label, Check.STOPS, says, "reporting:client-money")
    url = ("reporting:client-money-report", report.pk)
    if report.state != ReportState.SIGNED:
        says = f"{report.reference} waits for its reviewer's signature."
        return _check("client_money", label, Check.STOPS, says, *url)
    if report_changed(actor, report):
        says = f"The books of the day changed since {report.reference} was made: run it again."
        return _check("client_money", label, Check.STOPS, says, *url)
    return _check(
        "client_money",
        label,
        Check.GOOD,
        f"{report.reference}, signed by {report.signed_by}.",
        *url,
    )


def last_check(actor: Actor, row: BusinessDay) -> BooksCheck | None:
    rows = BooksCheck.objects.filter(tenant_id=actor.tenant_id, day=row)
    return rows.order_by("-id").first()


def _books(actor: Actor, row: BusinessDay) -> Check:
    label, code = "Verification of the books", "books"
    check = last_check(actor, row)
    if check is None:
        return _check(code, label, Check.STOPS, "Not done for this day yet.")
    if check.state == VerifyState.ASKED:
        return _check(code, label, Check.STOPS, "It is going on.")
    if check.state == VerifyState.FAULTY:
        first = check.faults[0]
        faults = _count(len(check.faults), "fault")
        says = f"{faults}, the first: {first['rule']} ({first['subject']})."
        return _check(code, label, Check.STOPS, says)
    assert check.books_at is not None
    if now() - check.asked_at > VERIFIED_WITHIN:
        return _check(code, label, Check.STOPS, "It is too old: verify again.")
    if booked_since(actor.tenant_id, check.books_at, row.ends_at):
        says = "Something was booked in the day since: verify again."
        return _check(code, label, Check.STOPS, says)
    says = f"{check.lines:,} lines of {check.accounts:,} accounts, no fault."
    return _check(code, label, Check.GOOD, says)


def _base(actor: Actor) -> str:
    return brokerage().base_currency


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _list(amounts: Iterable[Money]) -> str:
    return ", ".join(str(each) for each in amounts)
