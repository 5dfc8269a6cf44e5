"""What stands between a gateway or a method and working, in sentences."""

from dataclasses import dataclass

from payments.accounts import adapter_for
from payments.methods import hours
from payments.methods.rules import Moment, Offer, opens_in_words
from payments.methods.states import CountryRule, Direction
from payments.models import DepositPolicy, GatewayAccount, Method


@dataclass(frozen=True, slots=True)
class Health:
    """A light, and why it is not green. ``note`` is worth saying and no fault."""

    colour: str
    word: str
    missing: tuple[str, ...] = ()
    note: str = ""


def gateway_missing(gateway: GatewayAccount) -> list[str]:
    """What a gateway lacks by itself, whatever goes through it."""
    found, adapter = [], adapter_for(gateway)
    if not gateway.active:
        found.append("It is switched off.")
    if adapter.needs_secret and not gateway.secret_sealed:
        found.append("It has no secret.")
    if adapter.api_key_chars_min and not gateway.api_key_sealed:
        found.append("It has no API key.")
    if adapter.by_statement and not gateway.holder:
        found.append("It does not say whose bank account it is.")
    if not adapter.needs_address:
        return found  # there is nobody to reach
    if is_failing(gateway):
        found.append(f"The last contact failed: {gateway.last_error}")
    elif gateway.last_ok_at is None:
        found.append("It was never reached; test it.")
    return found


def is_failing(gateway: GatewayAccount) -> bool:
    error_at, ok_at = gateway.last_error_at, gateway.last_ok_at
    return error_at is not None and (ok_at is None or error_at > ok_at)


def gateway_health(gateway: GatewayAccount) -> Health:
    found = gateway_missing(gateway)
    if not any(method.active for method in gateway.methods.all()):
        found.append("No method in use goes through it.")
    if not found:
        return Health("good", "Works")
    failing = adapter_for(gateway).needs_address and is_failing(gateway)
    return Health(
        "bad" if failing else "attention", "Failing" if failing else "Not ready", tuple(found)
    )


def method_health(method: Method, offer: Offer, currencies: list[str], moment: Moment) -> Health:
    """``currencies``: those of the brokerage."""
    gaps = [*_gateway_gaps(method), *_terms_gaps(method, offer, currencies), *_never(offer, moment)]
    if not method.active:
        return Health("neutral", "Off", tuple(gaps))
    if gaps:
        gateway = method.gateway
        works = gateway is not None and gateway.active and not is_failing(gateway)
        return Health("attention" if works else "bad", "Not ready", tuple(gaps))
    if hours.is_open(offer.windows, moment.at, moment.zone):
        return Health("good", "Offered")
    opens = hours.next_opening(offer.windows, moment.at, moment.zone)
    assert opens is not None
    return Health("neutral", "Closed now", note=f"It opens {opens_in_words(opens, moment.zone)}.")


def _gateway_gaps(method: Method) -> list[str]:
    if method.gateway is None:
        return ["It has no gateway."]
    found = [f"{method.gateway}: {gap}" for gap in gateway_missing(method.gateway)]
    if method.makes_withdrawals and not adapter_for(method.gateway).pays_out:
        found.append(f"{method.gateway} pays to no destination.")
    return found


def _terms_gaps(method: Method, offer: Offer, currencies: list[str]) -> list[str]:
    found = []
    if not offer.directions:
        found.append("It is neither for deposits nor for withdrawals.")
    for direction in Direction:
        if direction in offer.directions and not offer.currencies(direction):
            found.append(f"No currency has terms for {direction.label.lower()}s.")
    decides = method.deposit_policy == DepositPolicy.UNDER_THRESHOLD
    for terms in offer.terms:
        where = f"{Direction(terms.direction).label} in {terms.currency}"
        if terms.currency not in currencies:
            found.append(f"{where}: the brokerage does not keep this currency.")
        if decides and terms.direction == Direction.DEPOSIT and terms.credit_max is None:
            found.append(f"{where}: no amount up to which it is credited at once.")
        for limit in (terms.day_max, terms.month_max):
            if limit is not None and limit < terms.amount_min:
                found.append(f"{where}: a limit leaves no room for one payment.")
    if offer.audience.country_rule == CountryRule.ONLY and not offer.audience.countries:
        found.append("It names no country.")
    return found


def _never(offer: Offer, moment: Moment) -> list[str]:
    if not offer.windows or hours.next_opening(offer.windows, moment.at, moment.zone):
        return []
    return ["Its hours never open."]
