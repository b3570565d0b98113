"""A fan opens where the last price was known, in both charts."""

from __future__ import annotations

import pytest

from contracts.forecasts import ForecastReport
from runs.report.fans import fans
from runs.report.figures import fan
from tests.report.support import forecasts


def known_before(report: ForecastReport) -> list[tuple[str, float]]:
    """The last price of the history, then of each window but the last (its third day is without trading, its last is not)."""
    earlier = report["windows"][:-1]
    return [("2019-12-30 00:00:00", 99.0), *((window["timestamps"][-1], window["actual"][-1] or 0) for window in earlier)]


def test_every_band_has_no_width_at_the_last_known_price() -> None:
    report = forecasts()
    for window, found, (time, price) in zip(report["windows"], fans(report), known_before(report), strict=True):
        assert (found.origin, found.timestamps) == (time, [time, *window["timestamps"]])
        for bands, drawn in (("quantiles", found.quantiles), ("naive_quantiles", found.naive_quantiles)):
            assert drawn == {level: [price, *values] for level, values in window[bands].items()}  # type: ignore[literal-required]


def test_days_without_trading_before_a_window_are_passed_over() -> None:
    report = forecasts()
    report["windows"][0]["actual"][-2:] = [None, None]
    assert fans(report)[1].origin == report["windows"][0]["timestamps"][-3]
    report["windows"][0]["actual"] = [None] * 6
    assert fans(report)[1].origin == "2019-12-30 00:00:00"


def test_the_charts_dotted_lines_stand_at_the_last_known_prices() -> None:
    report = forecasts()
    assert [line["x0"] for line in fan(report)["layout"]["shapes"]] == [time for time, _ in known_before(report)]
    actual = next(trace for trace in fan(report)["data"] if trace["name"] == "actual")
    for time, price in known_before(report):
        assert actual["y"][actual["x"].index(time)] == price


@pytest.mark.parametrize("history", [[], [None, None]])
def test_without_any_known_price_a_fan_begins_with_its_window_and_no_line_claims_one(history: list[None]) -> None:
    report = forecasts()
    report["history"] = {"timestamps": ["2019-12-30 00:00:00", "2019-12-31 00:00:00"][: len(history)], "price": history}
    first = fans(report)[0]
    assert (first.origin, first.timestamps) == (None, report["windows"][0]["timestamps"])
    assert len(fan(report)["layout"]["shapes"]) == 2
