"""What the library raises, as the port's outcomes and in words for people."""

import stripe

from payments.gateways.port import Account, Refused, Unknown


def failure(account: Account, error: stripe.StripeError) -> Refused | Unknown:
    """Only what Stripe refuses in its own words moved nothing for certain."""
    refused = isinstance(error, stripe.InvalidRequestError | stripe.CardError)
    if refused and error.http_status in (400, 402, 404):
        return Refused(str(error.user_message or error.code)[:200])
    return Unknown(said(account, error))


def said(account: Account, error: stripe.StripeError) -> str:
    if isinstance(error, stripe.APIConnectionError):
        return f"{account.name} did not answer ({error.user_message})"
    words = str(error.user_message or "").strip()
    return f"{account.name} answered with status {error.http_status}. {words}"[:300].strip()
