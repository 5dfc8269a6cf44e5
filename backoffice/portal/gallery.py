"""Every component in every state on one page, for development: to look at, and to take pictures of.

The figures are made up for the page; nothing is read from the database.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from backoffice.core import clock
from backoffice.core.money import Money
from backoffice.staff.access import StaffRequest, needs


def eur(text: str) -> Money:
    return Money(Decimal(text), "EUR")


class ExampleForm(forms.Form):
    client = forms.CharField(help_text="A reference, a login or an e-mail address.")
    amount = forms.DecimalField(max_digits=12, decimal_places=2)
    method = forms.ChoiceField(choices=[("card", "Card"), ("wire", "Bank wire")])
    levels = forms.MultipleChoiceField(
        choices=[("1", "Level 1"), ("2", "Level 2"), ("3", "Level 3")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    document = forms.FileField(required=False, help_text="PDF, JPEG or PNG, 10 MB at most.")
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    told = forms.BooleanField(label="The client was told by phone", required=False)


def _example_form() -> ExampleForm:
    form = ExampleForm(
        {"client": "", "amount": "12.555", "method": "card", "note": "Called at 10:40."}
    )
    form.add_error(None, "The wallet holds 1,930.00 EUR; 2,500.00 EUR can't be moved.")
    return form


CHECKS = [
    ("good", "KYC level 2", "approved 14 Mar 2026, passport to 2031"),
    ("good", "Same name", "card holder 0.97"),
    ("good", "Traded 4.2× deposit", "since 2 Nov, 318 deals"),
    ("bad", "Open alert", "FX02, rapid in and out"),
    ("attention", "Destination used once", "added 9 days ago, cool-down passed"),
    ("good", "Sanctions clear", "OFAC, UN, EU of 21 Nov"),
    ("neutral", "Device unknown", "not recorded before May"),
    ("going", "Bank is asked", "name check sent 2 min ago"),
]

REASONS = [
    {
        "code": "document",
        "label": "A document is missing or expired",
        "client_text": "We need a valid document before we can pay.",
    },
    {
        "code": "source",
        "label": "Must go back to its source",
        "client_text": "We can pay this only to the card you deposited from.",
    },
    {"code": "duplicate", "label": "Asked twice", "client_text": ""},
]

ACTIONS: list[dict[str, Any]] = [
    {"label": "Approve 1,250.00 EUR", "key": "a", "kind": "primary", "url": "", "fields": {}},
    {
        "label": "Reject",
        "key": "r",
        "kind": "danger",
        "url": "",
        "confirm": "1,250.00 EUR go back to the wallet of C-10482 and the client gets an e-mail.",
    },
    {"label": "Ask client", "key": "q", "url": "?ask", "method": "get"},
    {"label": "Hold", "key": "h", "why_not": "Compliance holds it already."},
    {"label": "Assign", "key": "m", "kind": "quiet", "url": "?assign", "method": "get"},
]

CHART = {
    "type": "line",
    "unit": "EUR",
    "labels": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    "series": [
        {
            "label": "This week",
            "values": [18200, 21400, 19800, 26100, 24750, 8300, 9100],
            "fill": 1,
        },
        {
            "label": "Last week",
            "values": [16900, 17200, 20100, 19400, 22300, 7900, 8800],
            "colour": "neutral",
            "dashed": True,
        },
    ],
}
BARS = {
    "type": "bar",
    "stacked": True,
    "labels": ["Card", "Bank wire", "Crypto", "Skrill"],
    "series": [
        {"label": "Approved", "values": [212, 96, 44, 18], "colour": "good"},
        {"label": "Waiting", "values": [31, 40, 22, 4], "colour": "attention"},
        {"label": "Refused", "values": [9, 6, 11, 1], "colour": "bad"},
    ],
}


def _times(now: dt.datetime) -> dict[str, Any]:
    def ago(**span: float) -> dt.datetime:
        return now - dt.timedelta(**span)

    return {
        "moments": [ago(seconds=20), ago(minutes=42), ago(hours=3), ago(days=9), ago(days=400)],
        "dues": [ago(hours=-3, minutes=-18), ago(minutes=-8), ago(minutes=70), ago(days=-3)],
        "waits": [ago(minutes=42), ago(hours=5, minutes=10), ago(days=2, hours=3)],
        "events": [
            {"text": "Approved by the second approver", "moment": ago(minutes=2), "colour": "good"},
            {
                "text": "Hold of 1,250.00 EUR placed",
                "moment": ago(minutes=42),
                "actor": "Olga Marinou",
                "note": "Card holder differs by one letter; called the client.",
            },
            {"text": "Gateway refused: limit of the day", "moment": ago(hours=3), "colour": "bad"},
            {"text": "Asked by the client from Limassol, known device", "moment": ago(hours=4)},
        ],
    }


def gallery_context(request: HttpRequest) -> dict[str, Any]:
    """What `portal/gallery.html` shows."""
    now = clock.now()
    series = [Decimal(value) for value in (20, 22, 21, 14, 15, 8, 6, 9, 12, 18, 17, 24)]
    return {
        **_times(now),
        "today": now.date(),
        "amounts": [eur("1250"), eur("-1250.5"), Money(Decimal(250000), "JPY"), eur("0"), None],
        "colours": ["neutral", "going", "attention", "good", "bad", "held"],
        "checks": [{"colour": c, "title": title, "note": note} for c, title, note in CHECKS],
        "reasons": REASONS,
        "actions": ACTIONS,
        "form": _example_form(),
        "chart": CHART,
        "bars": BARS,
        "series": series,
        "stats": [
            {"name": "Net deposits", "value": eur("18420"), "note": "24,900 in, 6,480 out"},
            {"name": "Equity", "value": eur("21077.44"), "note": "+312.10 today", "trend": "up"},
            {"name": "Volume, 30 days", "value": Decimal("84.20"), "unit": "lots"},
            {"name": "Open items", "value": 2, "note": "document, withdrawal", "trend": "down"},
        ],
        "rows": [
            {"label": "Wallet", "value": eur("1930")},
            {"label": "Held for this", "value": eur("-1250")},
            {"label": "Available after", "value": eur("680"), "total": True},
            {"label": "Opened", "value": now},
            {"label": "Negative balance protected", "value": True},
            {"label": "Middle name", "value": None},
        ],
        "tabs": [
            {"label": "Overview", "url": "?", "active": True},
            {"label": "Accounts", "url": "?accounts", "count": 3},
            {"label": "Messages", "url": "?messages", "count": 0},
        ],
        "segments": [
            {"label": "Mine", "url": "?", "count": 4, "active": True},
            {"label": "Unassigned", "url": "?unassigned", "count": 31},
            {"label": "All", "url": "?all", "count": 128},
        ],
        "columns": [
            {"name": "reference", "label": "Reference", "shown": True, "fixed": True},
            {"name": "method", "label": "Method", "shown": True},
            {"name": "country", "label": "Country", "shown": False},
        ],
        "queue": [
            {"ref": f"W-26-018{32 + i}", "amount": amount, "since": since}
            for i, (amount, since) in enumerate(
                [
                    (eur("1250"), now - dt.timedelta(minutes=42)),
                    (eur("300"), now - dt.timedelta(minutes=39)),
                    (eur("12000"), now - dt.timedelta(hours=5, minutes=10)),
                ]
            )
        ],
    }


@needs()
def gallery(request: StaffRequest) -> HttpResponse:
    """The page itself; there is none in production, where its address is not laid."""
    if not (settings.DEBUG or settings.DEMO):
        raise Http404
    return render(request, "portal/gallery.html", gallery_context(request))
