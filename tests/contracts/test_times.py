"""Every documented form of a time is read as the same moment; everything else is refused with its field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.times import CLOCK_SKEW, EARLIEST, LATEST, TimeError, read_past_time, read_time, stored_time, to_iso

MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC)).map(
    lambda m: m.replace(microsecond=0)
)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(MOMENTS, ZONES)
def test_every_documented_form_is_the_same_moment(moment: datetime, zone: timezone) -> None:
    seconds = int(moment.timestamp())
    local = moment.astimezone(zone)
    forms = [
        moment,
        moment.replace(tzinfo=None),
        seconds,
        float(seconds),
        Decimal(seconds),
        str(seconds),
        f"{seconds}.0",
        seconds * 1000,
        str(seconds * 1000),
        f"{seconds * 1000}.0",
        f"{moment:%Y-%m-%dT%H:%M:%S}Z",
        f"{moment:%Y-%m-%d %H:%M:%S}",
        f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
        local.isoformat(),
        f"{local:%Y-%m-%dT%H:%M:%S%z}",
        to_iso(moment),
    ]
    assert {read_time(form, "time") for form in forms} == {moment}


NOT_TIMES = [
    None, "", " ", "soon", True, False, 0, -1, -3600, "0", "-1", "-3600", "+60", "60", "2026", "20260301", "2026-13-01",
    "2026-02-30T00:00:00Z", "2026-03-01T25:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", float("nan"), float("inf"), 1e300, Decimal("NaN"), 10**20, 10**30,
    [], {}, "2026-W10-1", "2026-03-01T02:00:00Z\n", "٢٠٢٦-03-01T02:00:00Z", b"2026-03-01", "1764072000000000",
]  # fmt: skip


@pytest.mark.parametrize("value", NOT_TIMES, ids=repr)
def test_everything_else_is_refused_with_the_field_and_what_is_allowed(value: object) -> None:
    with pytest.raises(TimeError, match="^detail.stepStartTime is .*; allowed: an ISO 8601 time such as") as caught:
        read_time(value, "detail.stepStartTime")
    assert isinstance(caught.value, ValueError)
    assert stored_time(value) is None


@given(st.one_of(st.text(), st.integers(), st.floats(), st.decimals(), st.none(), st.lists(st.text()), st.datetimes()))
def test_whatever_arrives_is_a_time_in_range_or_a_time_error(value: object) -> None:
    try:
        assert EARLIEST <= read_time(value, "time") < LATEST
    except TimeError as error:
        assert str(error).startswith("time is ")


@given(MOMENTS, MOMENTS)
def test_what_has_happened_is_never_later_than_now_and_the_skew(moment: datetime, now: datetime) -> None:
    read = read_past_time(to_iso(moment), "time", now)
    assert read == (moment if moment <= now + CLOCK_SKEW else now + CLOCK_SKEW)
