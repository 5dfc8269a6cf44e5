"""``manage.py bench statements``: large statement files read as events, beside a reader that
understands nothing of the same bytes; and how much memory that takes, in a process of its own.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from lxml import etree

from backoffice.core.bench import BenchDatabase, Figure, Goal, Options, interleave, register
from reconciliation.importers.weighing import weigh

CAMT_BYTES, CAMT_BYTES_QUICK = 100 * 2**20, 2**18
MT940_LINES, MT940_LINES_QUICK = 1_000_000, 500
MEMORY_MB_MAX = 64
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
IBAN = "DE89370400440532013000"
_HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{NAMESPACE}"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId>
<CreDtTm>2026-11-02T20:00:00Z</CreDtTm></GrpHdr><Stmt><Id>S1</Id><ElctrncSeqNb>1</ElctrncSeqNb>
<CreDtTm>2026-11-02T20:00:00Z</CreDtTm><Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>
"""
_BALANCE = """<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-02</Dt></Dt></Bal>
"""
_ENTRY = """<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-11-02</Dt></BookgDt><ValDt><Dt>2026-11-02</Dt></ValDt>
<AcctSvcrRef>B{number:09d}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>
<SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs>
<EndToEndId>D-2026-{number:06d}</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>Client {number}</Nm>
</Pty></Dbtr></RltdPties><RmtInf><Ustrd>Deposit D-2026-{number:06d}</Ustrd></RmtInf></TxDtls>
</NtryDtls></Ntry>
"""


@register("statements", camt_memory=Goal(value_max=MEMORY_MB_MAX),
          mt940_memory=Goal(value_max=MEMORY_MB_MAX))  # fmt: skip
def statements(database: BenchDatabase, options: Options) -> list[Figure]:
    """Seconds for 100 MB of camt.053 and a million lines of MT940, and what the process grew by."""
    with tempfile.TemporaryDirectory() as folder:
        camt, mt940 = Path(folder) / "camt.xml", Path(folder) / "statement.sta"
        entries = _write_camt(camt, CAMT_BYTES_QUICK if options.quick else CAMT_BYTES)
        lines = MT940_LINES_QUICK if options.quick else MT940_LINES
        _write_mt940(mt940, lines)
        options.say(f"camt.053: {camt.stat().st_size:,} bytes, {entries:,} entries")
        options.say(f"MT940: {mt940.stat().st_size:,} bytes, {lines:,} lines")
        return [
            *_figures("camt", options, camt, entries, _bare_camt),
            *_figures("mt940", options, mt940, lines, _bare_lines),
        ]


def _figures(
    name: str, options: Options, path: Path, expected: int, bare: Callable[[Path], object]
) -> list[Figure]:
    seconds = interleave(
        options,
        {"read": lambda: _read(path, expected)[0], "bare": lambda: _timed(bare, path)},
        "s",
    )
    grown = _read(path, expected)[1]
    beside = {"camt": "lxml's iterparse alone", "mt940": "the file's lines alone"}[name]
    return [
        Figure(f"{name}_read", seconds["read"], "s", beside, seconds["bare"]),
        Figure(f"{name}_memory", grown, "MB", "the file", path.stat().st_size / 2**20),
    ]


def _read(path: Path, expected: int) -> tuple[float, float]:
    """Seconds, and MB that a fresh process grew by."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=weigh, args=(path, theirs))
    child.start()
    theirs.close()  # a child that dies is an end of what we read, not a wait for ever
    lines, seconds, grown = ours.recv()
    child.join()
    if lines != expected:
        raise RuntimeError(f"{lines} lines were read of {expected}.")
    return seconds, grown


def _timed(work: Callable[[Path], object], path: Path) -> float:
    started = time.perf_counter()
    work(path)
    return time.perf_counter() - started


def _bare_camt(path: Path) -> int:
    found = 0
    for _, element in etree.iterparse(path, tag=f"{{{NAMESPACE}}}Ntry"):
        found += 1
        element.clear()
    return found


def _bare_lines(path: Path) -> int:
    with path.open("rb") as source:
        return sum(1 for _ in source)


def _write_camt(path: Path, size: int) -> int:
    """A statement of at least ``size`` bytes; how many entries it has."""
    one = len(_ENTRY.format(amount="100.00", number=1).encode())
    entries = size // one + 1
    total = sum((_amount(number) for number in range(entries)), Decimal(0))
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEAD)
        file.write(_BALANCE.format(kind="OPBD", amount="0.00"))
        file.write(_BALANCE.format(kind="CLBD", amount=total))
        for number in range(entries):
            file.write(_ENTRY.format(amount=_amount(number), number=number))
        file.write("</Stmt></BkToCstmrStmt></Document>\n")
    return entries


def _write_mt940(path: Path, lines: int) -> None:
    total = sum((_amount(number) for number in range(lines)), Decimal(0))
    with path.open("w", encoding="ascii", newline="\r\n") as file:
        file.write(f":20:S1\n:25:{IBAN}\n:28C:1/1\n:60F:C261102EUR0,00\n")
        for number in range(lines):
            amount = str(_amount(number)).replace(".", ",")
            file.write(f":61:2611021102C{amount}NTRFD-2026-{number:06d}//B{number:09d}\n")
            file.write(f":86:Deposit D-2026-{number:06d} Client {number}\n")
        file.write(f":62F:C261102EUR{str(total).replace('.', ',')}\n-\n")


def _amount(number: int) -> Decimal:
    return Decimal(10_000 + number % 90_000).scaleb(-2)
