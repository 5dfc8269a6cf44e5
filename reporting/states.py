"""States of a client money report, of a business day and of a verification of the books.

A signed report stays; only while its day is open and the books of it changed is it replaced.
"""

from django.db import models

from backoffice.core.transitions import machine
from backoffice.workflow import moves


class ReportState(models.TextChoices):
    PREPARED = "prepared", "Waits for a reviewer"
    SIGNED = "signed", "Signed"
    REPLACED = "replaced", "Replaced"


REPORT = machine(
    "reporting.clientmoneyreport",
    initial=ReportState.PREPARED,
    transitions={
        ReportState.PREPARED: {ReportState.SIGNED, ReportState.REPLACED},
        ReportState.SIGNED: {ReportState.REPLACED},
    },
    final={ReportState.REPLACED},
    labels=dict(ReportState.choices),
)
REPORT_COLOURS = {
    ReportState.PREPARED: "attention",
    ReportState.SIGNED: "good",
    ReportState.REPLACED: "neutral",
}
FILES_TOPIC = "reporting.client_money_files"

moves.register(REPORT, {ReportState.PREPARED: [FILES_TOPIC], ReportState.SIGNED: [FILES_TOPIC]})


class DayState(models.TextChoices):
    OPEN = "open", "Open"
    READY = "ready", "Ready to close"
    CLOSING = "closing", "Waits for a second person"
    CLOSED = "closed", "Closed"


_D = DayState

DAY = machine(
    "reporting.businessday",
    initial=_D.OPEN,
    transitions={
        _D.OPEN: {_D.READY},
        _D.READY: {_D.OPEN, _D.CLOSING},
        _D.CLOSING: {_D.OPEN, _D.CLOSED},
    },
    final={_D.CLOSED},
    labels=dict(_D.choices),
)
DAY_COLOURS = {
    _D.OPEN: "neutral",
    _D.READY: "going",
    _D.CLOSING: "attention",
    _D.CLOSED: "good",
}
DAY_FILES_TOPIC = "reporting.day_files"
moves.register(DAY, {_D.CLOSED: [DAY_FILES_TOPIC]})


class VerifyState(models.TextChoices):
    ASKED = "asked", "Being verified"
    SOUND = "sound", "Verified"
    FAULTY = "faulty", "Does not verify"


_V = VerifyState

VERIFY = machine(
    "reporting.bookscheck",
    initial=_V.ASKED,
    transitions={_V.ASKED: {_V.SOUND, _V.FAULTY}},
    final={_V.SOUND, _V.FAULTY},
    labels=dict(_V.choices),
)
VERIFY_COLOURS = {_V.ASKED: "going", _V.SOUND: "good", _V.FAULTY: "bad"}
VERIFY_TOPIC = "reporting.books_verify"
moves.register(VERIFY)
