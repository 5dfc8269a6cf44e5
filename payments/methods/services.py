"""Setting up methods: what they are, whom they serve, their terms and their order.

Money already under way is not touched by it: a payment keeps the fee that it was told.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.money import Money, exponent
from clients.countries import NAMES
from clients.models import Category, ClientKind
from payments import actions
from payments.gateways.registry import adapter_of
from payments.methods.hours import WINDOWS_MAX, Window
from payments.methods.rules import Terms
from payments.methods.selectors import terms_of
from payments.methods.states import CountryRule, Direction
from payments.models import DepositPolicy, Method, MethodTerms

METHOD_FIELDS = (
    "name",
    "gateway",
    "takes_deposits",
    "makes_withdrawals",
    "deposit_policy",
    "country_rule",
    "countries",
    "categories",
    "kinds",
    "level_min",
    "hours",
    "expires_minutes",
    "instrument",
    "refund_days",
    "active",
)
AMOUNTS = ("amount_min", "amount_max", "day_max", "month_max", "credit_max")
FEES = {
    "fee_fixed": "fixed",
    "fee_percent": "percent",
    "fee_min": "least",
    "fee_max": "most",
    "fee_payer": "payer",
}
SAID_MAX = 160  # characters of one change in the record
STEP = 10  # between two places of the list
LEVEL_MAX = 9
_BOTH = (Direction.DEPOSIT, Direction.WITHDRAWAL)


def terms_in(
    currencies: Iterable[str], directions: Iterable[str] = _BOTH, **facts: Any
) -> list[Terms]:
    """The same terms in several currencies and directions. ``facts``: of ``Terms``."""
    return [
        Terms(str(direction), currency, **facts)
        for currency in currencies
        for direction in directions
    ]


def terms_field(direction: str, currency: str, name: str) -> str:
    """How a refusal names one cell of the terms, and the form its input."""
    return f"{direction}_{currency}_{name}"


@transaction.atomic
def method_save(
    *,
    actor: Actor,
    code: str,
    values: Mapping[str, Any],
    terms: Sequence[Terms] | None = None,
    method: Method | None = None,
    version: int | None = None,
) -> Method:
    """A new method, or an existing one changed. ``values`` are named in ``METHOD_FIELDS``;
    ``terms`` take the place of those that stand, None leaves them.

    ``version`` is the one that the person saw: raises ``StateConflict`` when it is not any more.
    """
    row = _locked(actor, method) if method else _new(actor, code)
    if version is not None and version != row.version:
        raise StateConflict(
            f"{row.name} was changed since you opened it. Nothing was saved; look again."
        )
    before = {name: getattr(row, name) for name in METHOD_FIELDS}
    for name in METHOD_FIELDS:
        if name in values:
            setattr(row, name, values[name])
    wanted = list(terms) if terms is not None else [terms_of(each) for each in row.terms.all()]
    _check(row, wanted)
    changed = [name for name in METHOD_FIELDS if getattr(row, name) != before[name]]
    said = list(_changes(row, wanted)) if terms is not None else []
    if not (changed or said) and method is not None:
        return row
    row.version += 1
    row.save()
    if terms is not None:
        _terms_save(actor, row, wanted)
    is_new = method is None
    said = [] if is_new else [_field_said(name, before[name], row) for name in changed] + said
    audit(
        actor=actor,
        action=actions.METHOD_MADE if is_new else actions.METHOD_SAVED,
        subject=row,
        label=row.code,
        data={"name": row.name, **({} if is_new else {"fields": "; ".join(said)})},
    )
    return row


def _locked(actor: Actor, method: Method) -> Method:
    rows = Method.objects.select_for_update(of=("self",)).select_related("gateway")
    return rows.get(tenant_id=actor.tenant_id, pk=method.pk)


def _new(actor: Actor, code: str) -> Method:
    mine = Method.objects.filter(tenant_id=actor.tenant_id)
    if mine.filter(code=code).exists():
        raise InvalidInput(fields={"code": "There is a method of this code."})
    last = mine.aggregate(last=Max("position", default=0))["last"]
    return Method(tenant_id=actor.tenant_id, code=code, position=last + STEP)


def _standing(row: Method) -> dict[tuple[str, str], MethodTerms]:
    return {(each.direction, each.currency): each for each in row.terms.all()}


def _changes(row: Method, wanted: Sequence[Terms]) -> Iterator[str]:
    """What of the terms becomes what, in words."""
    stand = {key: terms_of(each) for key, each in _standing(row).items()}
    new = {(terms.direction, terms.currency): terms for terms in wanted}
    for key in sorted(stand.keys() | new.keys()):
        name = f"{key[0]} {key[1]}"
        if key not in new:
            yield f"{name} removed"
        elif key not in stand:
            yield f"{name} added"
        elif stand[key] != new[key]:
            yield f"{name}: {', '.join(_cells(stand[key], new[key]))}"


def _cells(old: Terms, new: Terms) -> Iterator[str]:
    for name in AMOUNTS:
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield f"{name.replace('_', ' ')} {_said(was)} → {_said(now)}"
    if old.fee != new.fee:
        yield f"fee {old.fee} → {new.fee}"


def _field_said(name: str, was: Any, row: Method) -> str:
    """``level min 0 → 2``; of what is long, only that it changed."""
    word, now = name.replace("_", " "), getattr(row, name)
    change = f"{word} {_value_said(was)} → {_value_said(now)}"
    return change if len(change) <= SAID_MAX else f"{word} changed"


def _value_said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return "none" if value is None else str(value)


def _said(amount: Decimal | None) -> str:
    return "none" if amount is None else format(amount.normalize(), "f")


def _terms_save(actor: Actor, row: Method, wanted: Sequence[Terms]) -> None:
    stand = _standing(row)
    for terms in wanted:
        found = stand.pop((terms.direction, terms.currency), None)
        if found is not None and terms_of(found) == terms:
            continue
        found = found or MethodTerms(
            tenant_id=actor.tenant_id,
            method=row,
            direction=terms.direction,
            currency=terms.currency,
        )
        for name in AMOUNTS:
            setattr(found, name, getattr(terms, name))
        for name, of in FEES.items():
            setattr(found, name, getattr(terms.fee, of))
        found.save()
    for gone in stand.values():
        gone.delete()


# What can't be saved


def _check(row: Method, terms: Sequence[Terms]) -> None:
    found = {**_method_problems(row), **_audience_problems(row)}
    if len({(each.direction, each.currency) for each in terms}) != len(terms):
        raise InvalidInput("A currency has one set of terms in each direction.")
    for each in terms:
        for name, sentence in _terms_problems(row, each):
            found[terms_field(each.direction, each.currency, name)] = sentence
    if found:
        raise InvalidInput(fields=found)


def _method_problems(row: Method) -> dict[str, str]:
    found: dict[str, str] = {}
    if not row.name:
        found["name"] = "It needs a name."
    if row.makes_withdrawals and row.gateway and not adapter_of(row.gateway.kind).pays_out:
        found["makes_withdrawals"] = (
            f"{row.gateway} pays to no destination. What came in by it goes back by itself."
        )
    if not 0 <= row.refund_days <= 3650:
        found["refund_days"] = "Between none and ten years."
    if not 1 <= row.expires_minutes <= 60 * 24 * 60:
        found["expires_minutes"] = "Between a minute and sixty days."
    try:
        windows = [Window.parse(text) for text in row.hours]
    except InvalidInput as error:
        return {**found, "hours": error.sentence}
    if len(windows) > WINDOWS_MAX:
        found["hours"] = f"At most {WINDOWS_MAX} windows."
    return found


def _audience_problems(row: Method) -> dict[str, str]:
    found: dict[str, str] = {}
    if row.country_rule == CountryRule.ANY:
        row.countries = []
    elif not row.countries:
        found["countries"] = "Which countries?"
    if unknown := [code for code in row.countries if code not in NAMES]:
        found["countries"] = f"{unknown[0]} is not a country code of ISO 3166 (two letters)."
    if set(row.categories) - set(Category.values):
        found["categories"] = "There is no such category."
    if set(row.kinds) - set(ClientKind.values):
        found["kinds"] = "There is no such kind of client."
    if not 0 <= row.level_min <= LEVEL_MAX:
        found["level_min"] = f"Between 0 and {LEVEL_MAX}."
    return found


def _terms_problems(row: Method, terms: Terms) -> Iterator[tuple[str, str]]:
    exponent(terms.currency)
    fee = terms.fee
    cells = {name: getattr(terms, name) for name in AMOUNTS}
    cells |= {"fee_fixed": fee.fixed, "fee_min": fee.least, "fee_max": fee.most}
    for name, amount in cells.items():
        if problem := _amount_problem(amount, terms.currency):
            yield name, problem
            return
    if terms.amount_max is not None and terms.amount_max < terms.amount_min:
        yield "amount_max", "The most is not below the least."
    for name, limit in (("day_max", terms.day_max), ("month_max", terms.month_max)):
        if limit is not None and (limit == 0 or limit < terms.amount_min):
            yield name, "It leaves no room for one payment."
    if terms.day_max and terms.month_max and terms.month_max < terms.day_max:
        yield "month_max", "A month holds no less than a day."
    if not 0 <= fee.percent < 100 or fee.percent != round(fee.percent, 4):
        yield "fee_percent", "A fee is a part of the amount, with four decimal places."
    if fee.least is not None and fee.most is not None and fee.most < fee.least:
        yield "fee_max", "The most is not below the least."
    decides = row.deposit_policy == DepositPolicy.UNDER_THRESHOLD
    if decides and terms.direction == Direction.DEPOSIT and terms.credit_max is None:
        yield "credit_max", "Up to which amount is it credited at once?"


def _amount_problem(amount: Decimal | None, currency: str) -> str:
    if amount is None:
        return ""
    try:
        money = Money(amount, currency)
    except InvalidInput as error:
        return error.sentence
    return "This is not below zero." if money.minor < 0 else ""


# Their order


@transaction.atomic
def method_move(*, actor: Actor, method: Method, up: bool) -> Method:
    """One place up or down in the list that clients see; at its end nothing happens."""
    mine = Method.objects.select_for_update().filter(tenant_id=actor.tenant_id)
    rows = list(mine.order_by("position", "name", "id"))
    at = next(index for index, row in enumerate(rows) if row.pk == method.pk)
    other = at - 1 if up else at + 1
    if not 0 <= other < len(rows):
        return rows[at]
    rows[at], rows[other] = rows[other], rows[at]
    for place, row in enumerate(rows, start=1):
        if row.position != place * STEP:
            row.position = place * STEP
            row.save(update_fields=["position"])
    moved = rows[other]
    audit(
        actor=actor,
        action=actions.METHOD_MOVED,
        subject=moved,
        label=moved.code,
        data={"name": moved.name, "place": other + 1},
    )
    return moved
