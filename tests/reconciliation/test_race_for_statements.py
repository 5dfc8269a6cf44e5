"""A second click on Import: the file is read once, and the other one is told so."""

import threading
from decimal import Decimal

from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from sandbox.bank.camt053 import write_camt053
from tests.reconciliation.test_match_statements import Bank, entry, statement, upload
from tests.world import load_world


def test_the_same_file_at_one_moment_is_imported_once(committed: None) -> None:
    bank = Bank(load_world())
    deposit = bank.deposit("250.00")
    content = write_camt053(
        [statement(entry(1, "250.00", text=f"Deposit {deposit.reference}"))], message_id="M1"
    )
    gate = threading.Barrier(3)
    found: list[int] = []

    def click() -> None:
        pavel = Browser()
        pavel.force_login(bank.world.user("pavel"))
        pavel.get(reverse("reconciliation:import"))
        gate.wait()
        try:
            found.append(upload(pavel, content))
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [302, 422, 422]
    assert (bank.wallet(), bank.lines()) == (Decimal(250), ["matched"])
