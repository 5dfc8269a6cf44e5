"""Server wall clock to UTC and back, around the changes of daylight saving time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.bridge.server_time import (
    DstRule,
    ServerClock,
    clock_from_measurement,
    measured_offset,
)

EU = ServerClock(7200, DstRule.EU)
US = ServerClock(7200, DstRule.US)

clocks = st.builds(
    ServerClock,
    st.integers(-48, 56).map(lambda quarters: quarters * 900),
    st.sampled_from(list(DstRule)),
)
moments = st.datetimes(
    datetime(2008, 1, 1),  # noqa: DTZ001 hypothesis wants naive bounds
    datetime(2036, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(text: str) -> int:
    """Server seconds of a wall-clock reading."""
    return int(utc(text).timestamp())


@pytest.mark.parametrize(
    ("clock", "moment", "offset"),
    [
        (EU, "2025-03-30T00:59:59", 7200),
        (EU, "2025-03-30T01:00:00", 10800),
        (EU, "2025-10-26T00:59:59", 10800),
        (EU, "2025-10-26T01:00:00", 7200),
        (US, "2025-03-09T06:59:59", 7200),
        (US, "2025-03-09T07:00:00", 10800),
        (US, "2025-11-02T05:59:59", 10800),
        (US, "2025-11-02T06:00:00", 7200),
        (ServerClock(10800), "2025-07-01T00:00:00", 10800),
        (ServerClock(10800), "2025-01-01T00:00:00", 10800),
    ],
)
def test_the_offset_changes_at_the_second(clock: ServerClock, moment: str, offset: int) -> None:
    assert clock.offset_at(utc(moment)) == offset


@given(clocks, moments)
def test_utc_to_server_and_back_is_the_same_moment_on_one_of_the_two_passes(
    clock: ServerClock, moment: datetime
) -> None:
    server_s = clock.to_server(moment)
    assert moment in (clock.to_utc(server_s), clock.to_utc(server_s, fold=1))


@given(clocks, moments)
def test_server_to_utc_and_back_is_the_same_reading_unless_spring_skipped_it(
    clock: ServerClock, moment: datetime
) -> None:
    server_s = int(moment.timestamp())
    again = clock.to_server(clock.to_utc(server_s))
    skipped = clock.rule is not DstRule.NONE and again == server_s + 3600
    assert again == server_s or skipped


@given(clocks, moments, st.integers(0, 999))
def test_milliseconds_are_kept(clock: ServerClock, moment: datetime, milliseconds: int) -> None:
    server_s = clock.to_server(moment)
    expected = clock.to_utc(server_s) + timedelta(milliseconds=milliseconds)
    assert clock.msc_to_utc(server_s * 1000 + milliseconds) == expected


def test_the_hour_that_autumn_repeats_has_two_moments() -> None:
    reading = wall("2025-10-26T03:30:00")
    assert EU.to_utc(reading) == utc("2025-10-26T00:30:00")
    assert EU.to_utc(reading, fold=1) == utc("2025-10-26T01:30:00")


def test_the_hour_that_spring_skips_is_read_as_winter_time() -> None:
    assert EU.to_utc(wall("2025-03-30T03:30:00")) == utc("2025-03-30T01:30:00")


@given(clocks, moments, st.integers(0, 400), st.data())
def test_a_window_holds_every_moment_inside_it(
    clock: ServerClock, start: datetime, hours: int, data: st.DataObject
) -> None:
    end = start + timedelta(hours=hours)
    inside = start + timedelta(seconds=data.draw(st.integers(0, hours * 3600)))
    from_s, to_s = clock.server_window(start, end)
    assert from_s <= clock.to_server(inside) <= to_s


def test_a_window_can_not_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="ends before"):
        EU.server_window(utc("2025-01-02T00:00:00"), utc("2025-01-01T00:00:00"))


@given(clocks, moments, st.integers(-449, 449))
def test_a_clock_is_measured_to_the_quarter_hour_in_summer_and_winter(
    clock: ServerClock, moment: datetime, drift_s: int
) -> None:
    server_s = clock.to_server(moment) + drift_s
    assert measured_offset(server_s, moment) == clock.offset_at(moment)
    assert clock_from_measurement(server_s, moment, clock.rule) == clock
