"""`python -m sandbox.bank --state var/bank.json [--port N] [--account IBAN:CURRENCY:OPENING:OWNER]`

GET  /accounts
POST /accounts   iban, currency, opening, owner, bic
POST /transfers  from_iban, to_iban, to_name, to_bic, amount, currency, end_to_end_id, text,
                 date, return_reason (the money comes back at once)
POST /returns    end_to_end_id, return_reason, date (an earlier transfer comes back)
POST /files      a payment file (pain.001.001.09); answers its report (pain.002.001.10)
POST /receipts   iban, amount, currency, text, from_name, from_iban, end_to_end_id, date
GET  /accounts/<iban>/entries
GET  /accounts/<iban>/statement?date=YYYY-MM-DD&format=camt053|mt940
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from sandbox.bank.server import BankServer
from sandbox.bank.state import Bank, Refused


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.bank", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, default=Path("var/bank.json"))
    parser.add_argument("--account", action="append", default=[])
    options = parser.parse_args()
    bank = Bank(options.state)
    for text in options.account:
        iban, currency, opening, owner = (text.split(":", 3) + ["", "", ""])[:4]
        try:
            bank.account_open(
                {"iban": iban, "currency": currency, "opening": opening or "0", "owner": owner}
            )
        except Refused as refused:
            parser.error(f"{text}: {refused.message}")
    server = BankServer(bank, options.port)

    def stop(number: int, frame: FrameType | None) -> None:
        # shutdown() waits for the loop that this handler interrupted, so it needs a thread.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"bank ready on {server.address}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
