"""Back-off and circuit breaker, on a clock of our own."""

import random

from hypothesis import given
from hypothesis import strategies as st

from trading.bridge.resilience import Backoff, BreakerState, CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(st.integers(0, 2**32), st.integers(1, 60))
def test_the_wait_is_five_seconds_to_two_minutes_whatever_the_chance(seed: int, times: int) -> None:
    backoff = Backoff(Clock(), random.Random(seed))
    waits = [backoff.failed() for _ in range(times)]
    assert all(5.0 <= wait <= 120.0 for wait in waits)
    assert all(wait >= 60.0 for wait in waits[4:])


def test_seven_hours_of_refusals_take_few_attempts() -> None:
    clock = Clock()
    backoff = Backoff(clock, random.Random(7))
    attempts = 0
    while clock.now < 1000 + 7 * 3600:
        attempts += 1
        clock.now += backoff.failed()
        assert backoff.remaining_s() < 0.001
    assert attempts < 320


def test_the_wait_passes_and_a_success_ends_it() -> None:
    clock = Clock()
    backoff = Backoff(clock, random.Random(1))
    assert backoff.remaining_s() == 0
    wait = backoff.failed()
    clock.now += wait / 2
    assert abs(backoff.remaining_s() - wait / 2) < 0.001
    backoff.succeeded()
    assert backoff.remaining_s() == 0


def test_the_breaker_opens_after_five_failures_in_a_row() -> None:
    breaker = CircuitBreaker(Clock())
    for _ in range(4):
        breaker.failed()
    breaker.succeeded()
    for _ in range(4):
        breaker.failed()
    assert (breaker.state, breaker.wait_s()) == (BreakerState.CLOSED, 0.0)
    breaker.failed()
    assert (breaker.state, breaker.wait_s()) == (BreakerState.OPEN, 30.0)


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock)
    for _ in range(5):
        breaker.failed()
    return breaker


def test_half_open_lets_one_request_try() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.wait_s() == 0.0
    assert breaker.wait_s() == 30.0


def test_a_failed_trial_opens_it_again_and_a_good_one_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    breaker.wait_s()
    breaker.failed()
    assert breaker.state is BreakerState.OPEN
    clock.now += 30
    breaker.wait_s()
    breaker.succeeded()
    assert (breaker.state, breaker.wait_s()) == (BreakerState.CLOSED, 0.0)


def test_a_trial_that_never_reports_frees_its_place() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    assert breaker.wait_s() == 0.0
    clock.now += 30
    assert breaker.wait_s() == 0.0
