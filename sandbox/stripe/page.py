"""Checkout's page: what is to be paid, and the ways that it can end."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

from sandbox.gateway.page import refusal_page, wrapped
from sandbox.stripe.disputes import ANSWERABLE, LIVE
from sandbox.stripe.faults import ON_EVENTS
from sandbox.stripe.records import Object

if TYPE_CHECKING:
    from sandbox.stripe.box import Box

ZERO_DECIMAL = ("clp", "jpy", "krw", "vnd")
THREE_DECIMAL = ("bhd", "jod", "kwd", "omr", "tnd")

SHOWN_MAX = 20

__all__ = ["disputes", "refusal_page", "shown"]


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
    return _said(session["amount_total"], session["currency"])


def _said(units: int, currency: str) -> str:
    places = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    return f"{Decimal(units).scaleb(-places):,f} {currency.upper()}"


def disputes(box: Box) -> str:
    """The bank's desk: the newest payments, and what their cardholders' banks may do."""
    paid = [row for row in box.objects.values() if row["object"] == "charge"]
    known = {
        row["payment_intent"]: row for row in box.objects.values() if row["object"] == "dispute"
    }
    lines = [_bank_line(row, known.get(row["payment_intent"])) for row in paid[-SHOWN_MAX:][::-1]]
    body = "".join(lines) or "<p>Nobody has paid by card yet.</p>"
    return wrapped("The cardholder's bank", f"<h1>The cardholder's bank</h1>{body}")


def _bank_line(charge: Object, dispute: Object | None) -> str:
    reference = escape(str(charge["metadata"].get("reference", "")))
    status = dispute["status"] if dispute is not None else "paid"
    if dispute is None or status not in LIVE:
        offered = [(each, f"Open: {each.replace('_', ' ')}") for each in ANSWERABLE]
    elif status.startswith("warning_"):
        offered = [("escalated", "Take the money"), ("warning_closed", "Close the inquiry")]
    else:
        offered = [("won", "Decide for the merchant"), ("lost", "Decide for the cardholder")]
    buttons = "".join(
        f'<button name="status" value="{value}">{escape(label)}</button>'
        for value, label in offered
    )
    faults = "".join(
        f'<option value="{name}">{escape(what)}</option>' for name, what in ON_EVENTS.items()
    )
    return f"""<form method="post" action="/disputes"><p><b>{reference}</b>
{_said(charge["amount"], charge["currency"])}: {escape(status.replace("_", " "))}</p>
<input type="hidden" name="reference" value="{reference}">
<label>Its messages<select name="fault"><option value="">as they should be</option>{faults}</select>
</label>{buttons}</form>"""
