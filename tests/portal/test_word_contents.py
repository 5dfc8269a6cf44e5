"""What an approval's content and a right are called where people read them."""

from decimal import Decimal

import pytest

from backoffice.portal.figures import amount_text
from backoffice.portal.wording import content_lines, permission_words


def test_lines_have_names_and_words_and_leave_fingerprints_out() -> None:
    lines = content_lines(
        {
            "client_hash": "952772387a2d",
            "politically exposed": False,
            "rights": ["open_account", "withdraw"],
            "documents": {"Passport 01a205f4-cf07-7000-9eb2-42cd00becdba": "accepted"},
            "answers": {},
            "address": "1 Harbour_Street",
        }
    )
    assert lines == [
        ("Politically exposed", "no"),
        ("Rights", "open account, withdraw"),
        ("Documents", "Passport: accepted"),
        ("Answers", "–"),
        ("Address", "1 Harbour_Street"),
    ]


@pytest.mark.parametrize(
    ("right", "words"),
    [
        ("kyc.approve_case", "Approve KYC cases"),
        ("compliance.decide_hit", "Decide hits on watch lists"),
        ("ib.approve_payout", "Approve payouts to partners"),
        ("clients.view_client", "See clients"),
        ("staff.unheard_of", "Unheard of"),
    ],
)
def test_a_right_is_called_as_its_model_declares_it(right: str, words: str) -> None:
    assert permission_words(right) == words


@pytest.mark.parametrize(
    ("stored", "written"),
    [("250000.00000000", "250,000.00"), ("0.12345000", "0.12345"), ("5", "5.00"), ("0E-8", "0.00")],
)
def test_the_zeros_of_a_wide_column_are_not_written(stored: str, written: str) -> None:
    assert amount_text(Decimal(stored), "EUR") == written
