"""The page where a client pays."""

from __future__ import annotations

from html import escape

from sandbox.gateway.page import refusal_page, wrapped
from sandbox.praxis.records import Session, Transaction

__all__ = ["refusal_page", "shown"]


def shown(row: Session, attempts: list[Transaction], said: str = "") -> str:
    asked = f"{row.amount:,d} {escape(row.currency)} (in Praxis' units)"
    lines = "".join(f"<p>{each.tid}: {escape(each.status)}</p>" for each in attempts)
    body = f"""<h1>Order {escape(row.order)}</h1>
<p>A sandbox of Praxis: no money moves here.</p><strong>{asked}</strong>
<p>{escape(said) or f"The session is {escape(row.status)}."}</p>{lines}"""
    if row.status == "open":
        body += f"""<form method="post" action="/pay/{row.token}">
<button class="main" name="do" value="approved">Pay by card</button>
<button name="do" value="pending">Pay, and let the provider take its time</button>
<button name="do" value="rejected">Have the card declined</button>
<button name="do" value="expire">Let the session run out</button></form>"""
    if row.return_url:
        body += f'<p><a href="{escape(row.return_url)}">Back to the merchant</a></p>'
    return wrapped("Praxis", body)
