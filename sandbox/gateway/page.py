"""The hosted page that a client sees: what is to be paid, and the ways that it can end."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sandbox.gateway.records import Payment

if TYPE_CHECKING:
    from sandbox.gateway.cashier import Cashier

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;background:#f3f4f6;color:#111827;margin:0}
main{max-width:420px;margin:8vh auto;background:#fff;border:1px solid #e5e7eb;border-radius:10px;
padding:28px}h1{font-size:17px;margin:0 0 4px}p{color:#6b7280;margin:0 0 16px}
strong{font-size:30px;display:block;margin:10px 0 18px}form{display:grid;gap:10px;margin:0 0 10px}
label{color:#6b7280;font-size:13px}input{font:inherit;padding:9px 11px;border:1px solid #d1d5db;
border-radius:6px;width:100%;box-sizing:border-box}button{font:inherit;padding:10px;border-radius:6px;
border:1px solid #d1d5db;background:#fff;cursor:pointer}button.main{background:#3451d1;color:#fff;
border-color:#3451d1}small{color:#9ca3af}
"""


def cashier_page(payment: Payment) -> str:
    asked = f"{payment.amount:,f} {escape(payment.currency)}"
    return wrapped(
        "Cashier",
        f"""<h1>Payment {escape(payment.reference)}</h1><p>A sandbox: no money moves here.</p>
<strong>{asked}</strong>
<form method="post" action="/pay/{payment.id}"><label>Name on the card
<input name="holder" value="" autocomplete="off"></label>
<button class="main" name="do" value="pay">Pay {asked}</button>
<label>Another amount<input name="amount" value="" inputmode="decimal" autocomplete="off"></label>
<button name="do" value="other">Pay another amount</button>
<button name="do" value="later">Pay later</button>
<button name="do" value="decline">Decline</button></form>""",
    )


def outcome_page(payment: Payment) -> str:
    words = {
        "paid": "The payment is made.",
        "pending": "The payment is on its way.",
        "declined": "The payment was declined.",
        "cancelled": "The payment was cancelled.",
    }
    link = ""
    if payment.return_url:
        link = f'<p><a href="{escape(payment.return_url)}">Back to the merchant</a></p>'
    text = words.get(payment.status, payment.status)
    return wrapped("Cashier", f"<h1>{escape(text)}</h1><p>{escape(payment.reference)}</p>{link}")


def refusal_page(message: str) -> str:
    return wrapped("Cashier", f"<h1>{escape(message)}</h1><p>Ask the merchant for a new link.</p>")


def merchants_page(cashier: Cashier) -> str:
    """What is held for each merchant; where its report is, and where it is paid to its bank."""
    return wrapped("Merchants", "".join(_merchant(cashier, name) for name in cashier.merchants))


def _merchant(cashier: Cashier, name: str) -> str:
    held = ", ".join(f"{amount:,f} {currency}" for currency, amount in
                     sorted(cashier.movements.held(name).items())) or "nothing"  # fmt: skip
    settled = [
        f"<li>{escape(row.settlement)}: {-row.gross:,f} {escape(row.currency)}</li>"
        for row in cashier.movements.rows
        if row.merchant == name and row.type == "settlement"
    ]
    shown = escape(name)
    return f"""<section><h1>{shown}</h1><p>The cashier holds {held}.</p>
<p><a href="/merchants/{shown}/report.csv" download="{shown}.csv">Settlement report</a></p>
<form method="post" action="/merchants/{shown}/settle"><button>Settle to the bank</button></form>
<ul>{"".join(settled[-5:])}</ul></section>"""


def wrapped(title: str, body: str) -> str:
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
        f'<meta name=viewport content="width=device-width"><link rel=icon href="data:,">'
        f"<style>{_STYLE}</style>"
        f"<main>{body}</main></html>"
    )
