"""States of a client money report. A signed one is final; a better one replaces an unsigned one."""

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
    transitions={ReportState.PREPARED: {ReportState.SIGNED, ReportState.REPLACED}},
    final={ReportState.SIGNED, ReportState.REPLACED},
    labels=dict(ReportState.choices),
)
REPORT_COLOURS = {
    ReportState.PREPARED: "attention",
    ReportState.SIGNED: "good",
    ReportState.REPLACED: "neutral",
}
FILES_TOPIC = "reporting.client_money_files"

moves.register(REPORT, {ReportState.PREPARED: [FILES_TOPIC], ReportState.SIGNED: [FILES_TOPIC]})
