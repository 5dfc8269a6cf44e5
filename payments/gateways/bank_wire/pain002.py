"""What a bank says of a payment file: a payment status report, pain.002 of ISO 20022. Pure.

Any version is read: what is used of it has not changed between them.
"""

from dataclasses import dataclass, field

from lxml import etree

STATUSES_MAX = 20_000
TEXT_MAX = 200
REFUSED = frozenset({"RJCT", "CANC"})
# Received, checked, accepted, settled, put off: the bank has it.
TAKEN = frozenset({"ACCP", "ACSC", "ACSP", "ACTC", "ACWC", "ACWP", "ACCC", "ACFC", "PDNG", "RCVD"})
PART = "PART"


class ReportUnreadable(ValueError):
    """Why a report can't be read, in a sentence."""


@dataclass(frozen=True, slots=True)
class Status:
    """``code``: four letters; ``reason``: the bank's code and words."""

    code: str
    reason: str = ""


@dataclass(slots=True)
class StatusReport:
    """``message_id``: which file it is about. ``whole``: of all of it, where nothing else is said;
    None where it says something of single ones alone. ``blocks`` by name, ``payments`` by our
    end-to-end id."""

    message_id: str
    whole: Status | None = None
    blocks: dict[str, Status] = field(default_factory=dict)
    payments: dict[str, Status] = field(default_factory=dict)


def read(content: bytes) -> StatusReport:
    """Raises ``ReportUnreadable``."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise ReportUnreadable("This is not an XML file.") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise ReportUnreadable("A file with a document type is not read.")
    if ":pain.002." not in str(root.tag):
        raise ReportUnreadable("This is not a payment status report (pain.002).")
    namespace = etree.QName(root).namespace
    about = root.find(f"{{{namespace}}}CstmrPmtStsRpt")
    if about is None:
        raise ReportUnreadable("The report is empty.")
    return _Reader(namespace or "").report(about)


class _Reader:
    def __init__(self, namespace: str) -> None:
        self._in = {"x": namespace}

    def report(self, about: etree._Element) -> StatusReport:
        group = about.find("x:OrgnlGrpInfAndSts", self._in)
        name = self._text(group, "x:OrgnlMsgId")
        if group is None or not name:
            raise ReportUnreadable("The report names no file.")
        found = StatusReport(message_id=name, whole=self._status(group, "x:GrpSts"))
        for block in about.findall("x:OrgnlPmtInfAndSts", self._in):
            self._block(block, found)
        return found

    def _block(self, block: etree._Element, found: StatusReport) -> None:
        name, status = self._text(block, "x:OrgnlPmtInfId"), self._status(block, "x:PmtInfSts")
        if status is not None and name:
            found.blocks[name] = status
        for row in block.findall("x:TxInfAndSts", self._in):
            reference, said = self._text(row, "x:OrgnlEndToEndId"), self._status(row, "x:TxSts")
            if said is None:
                continue
            if not reference:
                raise ReportUnreadable("It says something of a payment that it does not name.")
            if found.payments.get(reference, said) != said:
                raise ReportUnreadable(f"It says two things of {reference}.")
            found.payments[reference] = said
            if len(found.payments) > STATUSES_MAX:
                raise ReportUnreadable(f"It is about more than {STATUSES_MAX:,} payments.")

    def _status(self, parent: etree._Element, path: str) -> Status | None:
        code = self._text(parent, path).upper()
        if not code:
            return None
        if code not in REFUSED and code not in TAKEN and code != PART:
            raise ReportUnreadable(f"The status {code[:8]} is not known.")
        words = [
            *(self._said(parent, "x:StsRsnInf/x:Rsn/x:Cd")),
            *(self._said(parent, "x:StsRsnInf/x:Rsn/x:Prtry")),
            *(self._said(parent, "x:StsRsnInf/x:AddtlInf")),
        ]
        return Status(code, " ".join(words)[:TEXT_MAX])

    def _said(self, parent: etree._Element, path: str) -> list[str]:
        return [" ".join((row.text or "").split()) for row in parent.findall(path, self._in)]

    def _text(self, parent: etree._Element | None, path: str) -> str:
        row = parent.find(path, self._in) if parent is not None else None
        return (row.text or "").strip() if row is not None else ""
