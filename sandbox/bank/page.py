"""The bank as a person sees it: accounts, today's statements to download, money paid in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;background:#f3f4f6;color:#111827;margin:0}
main{max-width:720px;margin:6vh auto;padding:0 16px}section{background:#fff;
border:1px solid #e5e7eb;border-radius:10px;padding:22px 28px;margin:0 0 16px}
h1{font-size:19px}h2{font-size:16px;margin:0}
p{color:#6b7280;margin:0 0 12px}strong{font-size:24px;display:block;margin:6px 0 12px}
form{display:grid;gap:8px;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));align-items:end;
margin:14px 0 0}label{color:#6b7280;font-size:13px}input{font:inherit;padding:8px 10px;width:100%;
border:1px solid #d1d5db;border-radius:6px;box-sizing:border-box}button{font:inherit;padding:9px;
border-radius:6px;border:1px solid #3451d1;background:#3451d1;color:#fff;cursor:pointer}
a{color:#3451d1;margin-right:14px}
"""


_FILES = """<section><h2>Payment files</h2>
<p>A pain.001.001.09 message is booked at once; the report that comes back is to be handed in.</p>
<form method="post" action="/files" enctype="multipart/form-data">
<label>File<input type="file" name="file" accept=".xml" required></label>
<button>Hand it in</button></form></section>"""


def bank_page(accounts: Sequence[Mapping[str, str]], today: date) -> str:
    shown = "".join(_account(account, today) for account in accounts)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Sandbox bank</title>"
        '<meta name=viewport content="width=device-width"><link rel=icon href="data:,">'
        f"<style>{_STYLE}</style><main><h1>The sandbox's bank</h1>"
        "<p>No money moves here. A statement has what was booked on its day.</p>"
        f"{shown}{_FILES}</main>"
    )


def _account(account: Mapping[str, str], today: date) -> str:
    iban, currency = escape(account["iban"]), escape(account["currency"])
    name = f"{iban}-{today}"
    statement = f"/accounts/{iban}/statement?date={today}"
    return f"""<section><h2>{escape(account["owner"])}</h2><p>{iban}</p>
<strong>{escape(account["balance"])} {currency}</strong>
<a href="{statement}&amp;format=camt053" download="{name}.xml">Statement of today, camt.053</a>
<a href="{statement}&amp;format=mt940" download="{name}.sta">MT940</a>
<form method="post" action="/pay-in"><input type="hidden" name="iban" value="{iban}">
<input type="hidden" name="currency" value="{currency}">
<label>From<input name="from_name" required></label>
<label>Amount<input name="amount" inputmode="decimal" required></label>
<label>Text<input name="text"></label><button>Pay in</button></form></section>"""
