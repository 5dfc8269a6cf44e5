"""The challenge and answer of the MT5 Web API, against the vendor's worked example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.bridge.mt5.handshake import (
    answer_is_right,
    challenge_answer,
    new_challenge,
    password_digest,
)

DIGEST = password_digest("Password1")


def test_the_password_digest_is_the_vendors() -> None:
    assert DIGEST.hex() == "904ba8ecb16273d2f0ae9c3b8a023752"


def test_our_answer_to_the_servers_challenge_is_the_vendors() -> None:
    answer = challenge_answer(DIGEST, "73007dc7184747ce0f7c98516ef1c851")
    assert answer == "77fe51827f7fa69dd80fbec9aa33f1bb"


@pytest.mark.parametrize(
    "answer", ["1732021b1b332f51660b2b315eed3a35", "1732021B1B332F51660B2B315EED3A35"]
)
def test_the_servers_answer_is_accepted_in_either_case(answer: str) -> None:
    assert answer_is_right(DIGEST, "4db98fec17aab4dc5a240bdc659e8395", answer)


@pytest.mark.parametrize("answer", ["", "1732021b1b332f51660b2b315eed3a36", "ключ"])
def test_a_wrong_answer_of_the_server_is_not_accepted(answer: str) -> None:
    assert not answer_is_right(DIGEST, "4db98fec17aab4dc5a240bdc659e8395", answer)


def test_challenges_are_sixteen_bytes_and_never_the_same() -> None:
    challenges = {new_challenge() for _ in range(100)}
    assert {len(bytes.fromhex(challenge)) for challenge in challenges} == {16}
    assert len(challenges) == 100


@given(st.text(max_size=40), st.text(max_size=40))
def test_only_the_right_password_answers(password: str, other: str) -> None:
    try:
        digest, other_digest = password_digest(password), password_digest(other)
    except UnicodeEncodeError:
        return
    challenge = "00112233445566778899aabbccddeeff"
    answer = challenge_answer(other_digest, challenge)
    assert answer_is_right(digest, challenge, answer) == (password == other)
