"""The page where a client pays an invoice, and the desk where payouts are carried out."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sandbox.btcpay.records import Invoice
from sandbox.gateway.page import refusal_page, wrapped

if TYPE_CHECKING:
    from sandbox.btcpay.box import Box

SHOWN_MAX = 20

__all__ = ["payouts", "refusal_page", "shown"]


def shown(row: Invoice) -> str:
    asked = f"{row.amount:,f} {escape(row.currency)}"
    state = f"{row.status}, {row.additional}" if row.additional != "None" else row.status
    body = f"""<h1>Invoice {escape(row.order)}</h1>
<p>A sandbox of BTCPay Server: no coins move here.</p><strong>{asked}</strong>
<p>{row.coins:f} BTC asked, {row.paid_coins:f} BTC paid: {escape(state)}.</p>"""
    if row.status in ("New", "Expired"):
        body += f"""<form method="post" action="/i/{row.id}">
<button class="main" name="do" value="pay">Pay {row.coins:f} BTC</button>
<button name="do" value="later">Pay, and let the chain take its time</button>
<label>Other coins<input name="coins" inputmode="decimal" autocomplete="off"></label>
<button name="do" value="other">Pay other coins</button>
<button name="do" value="expire">Let its time run out</button></form>"""
    if any(coin.status == "Processing" for coin in row.payments):
        body += f"""<form method="post" action="/i/{row.id}">
<button name="do" value="confirm">Confirm what came in</button></form>"""
    if row.redirect_url:
        body += f'<p><a href="{escape(row.redirect_url)}">Back to the merchant</a></p>'
    return wrapped("Invoice", body)


def payouts(box: Box) -> str:
    """The newest payouts, and what the server's people may do with them."""
    rows = list(box.payouts.values())[-SHOWN_MAX:][::-1]
    lines = []
    for row in rows:
        name = escape(box.pulls[row.pull].name)
        buttons = "".join(
            f'<button name="state" value="{state}">{word}</button>'
            for state, word in (
                ("InProgress", "Broadcast"),
                ("Completed", "Confirm"),
                ("Cancelled", "Cancel"),
            )
        )
        lines.append(
            f"""<form method="post" action="/payouts"><p><b>{name}</b> {row.amount:,f}
{escape(row.currency)} to {escape(row.destination)}: {escape(row.state)}</p>
<input type="hidden" name="reference" value="{name}">{buttons}</form>"""
        )
    return wrapped("Payouts", f"<h1>Payouts</h1>{''.join(lines) or '<p>None yet.</p>'}")
