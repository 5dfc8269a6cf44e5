"""Checkout's page: what is to be paid, and the ways that it can end."""

from __future__ import annotations

from decimal import Decimal
from html import escape

from sandbox.gateway.page import refusal_page, wrapped
from sandbox.stripe.records import Object

ZERO_DECIMAL = ("clp", "jpy", "krw", "vnd")
THREE_DECIMAL = ("bhd", "jod", "kwd", "omr", "tnd")

__all__ = ["refusal_page", "shown"]


def shown(session: Object, address: str) -> str:
    if session["status"] == "open":
        return _open(session, address)
    words = {"paid": "The payment is made.", "unpaid": "The payment is on its way."}
    text = words.get(session["payment_status"], "")
    if session["status"] == "expired":
        text = "This page is past its time."
    link = f'<p><a href="{escape(session["success_url"])}">Back to the merchant</a></p>'
    return wrapped(
        "Checkout", f"<h1>{text}</h1><p>{escape(str(session['client_reference_id']))}</p>{link}"
    )


def _open(session: Object, address: str) -> str:
    asked = escape(_amount(session))
    return wrapped(
        "Checkout",
        f"""<h1>Deposit {escape(str(session["client_reference_id"]))}</h1>
<p>A sandbox of Stripe: no money moves here.</p><strong>{asked}</strong>
<form method="post" action="{address}/c/pay/{session["id"]}"><label>Name on the card
<input name="holder" value="" autocomplete="off"></label>
<label>Last four digits of the card<input name="card" value="4242" maxlength="4"></label>
<button class="main" name="do" value="paid">Pay {asked}</button>
<button name="do" value="declined">Pay with a card that is declined</button>
<button name="do" value="processing">Pay, and let the bank take its time</button>
<button name="do" value="expire">Let the page's time run out</button></form>""",
    )


def _amount(session: Object) -> str:
    currency = session["currency"]
    places = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    return f"{Decimal(session['amount_total']).scaleb(-places):,f} {currency.upper()}"
