"""A fan opens where the last price was known, in page and picture."""

from __future__ import annotations

import pytest

from contracts.forecasts import ForecastReport
from runs.report.fan_panels import backtest_panel, coming_panel
from runs.report.fans import central_bands, fans, outer_band
from runs.report.panel import Line, Ribbon
from tests.report.support import SPREAD, bundle, coming, files, forecasts


def known_before(report: ForecastReport) -> list[tuple[str, float]]:
    """The last price of each window but the last (its third day is without trading, its last is not)."""
    earlier = [*report["calibration_windows"], *report["windows"][:-1]]
    return [(window["timestamps"][-1], window["actual"][-1] or 0) for window in earlier]


def test_every_band_has_no_width_at_the_last_known_price() -> None:
    report = forecasts()
    for window, found, (time, price) in zip(report["windows"], fans(report), known_before(report), strict=True):
        assert (found.origin, found.timestamps) == (time, [time, *window["timestamps"]])
        assert found.quantiles == {level: [price, *values] for level, values in window["band_quantiles"].items()}
        assert found.baseline == {level: [price, *values] for level, values in window["naive_quantiles"].items()}


def test_days_without_trading_before_a_window_are_passed_over() -> None:
    report = forecasts()
    report["windows"][0]["actual"][-2:] = [None, None]
    assert fans(report)[1].origin == report["windows"][0]["timestamps"][-3]
    report["windows"][0]["actual"] = [None] * 6
    assert fans(report)[1].origin == report["calibration_windows"][0]["timestamps"][-1]


@pytest.mark.parametrize("history", [[], [None, None]])
def test_without_any_known_price_a_fan_begins_with_its_window_and_no_line_claims_one(history: list[None]) -> None:
    report = forecasts()
    report["calibration_windows"] = []
    report["history"] = {"timestamps": ["2019-12-30 00:00:00", "2019-12-31 00:00:00"][: len(history)], "price": history}
    first = fans(report)[0]
    assert (first.origin, first.timestamps) == (None, report["windows"][0]["timestamps"])
    assert len(backtest_panel(bundle(), report).rules) == 2


def test_the_backtest_shows_tests_only_and_all_actual_prices() -> None:
    report = forecasts()
    panel = backtest_panel(bundle(), report)
    named = {layer.name: layer for layer in panel.layers}
    assert list(named) == ["95 % band", "80 % band", "50 % band", "median", "best baseline: drift, 80 % band", "actual price"]
    assert list(panel.rules) == [time for time, _ in known_before(report)]
    ribbon, actual = named["80 % band"], named["actual price"]
    assert isinstance(ribbon, Ribbon)
    assert isinstance(actual, Line)
    assert len(ribbon.pieces) == len(report["windows"])
    assert list(ribbon.pieces[0][1])[1:] == report["windows"][0]["band_quantiles"]["0.1"]
    seen = [v for w in [*report["calibration_windows"], *report["windows"]] for v in w["actual"] if v is not None]
    assert list(actual.y) == [99.0, *seen]
    assert "no fan is drawn" in panel.note


def test_the_coming_fan_opens_at_the_last_price() -> None:
    panel = coming_panel(bundle(files(coming=coming())))
    ribbon = next(layer for layer in panel.layers if layer.name == "80 % band")
    assert isinstance(ribbon, Ribbon)
    ((times, low, high),) = ribbon.pieces
    assert (times[0], low[0], high[0]) == ("2020-01-31 00:00:00", 100.0, 100.0)
    assert high[1] == 100 + SPREAD["0.9"]
    assert list(panel.rules) == ["2020-01-31 00:00:00"]


def test_bands_are_the_usual_ones_or_the_widest_there_is() -> None:
    assert [(round(share, 9), low, high) for share, low, high in central_bands(dict.fromkeys(SPREAD, [1.0]))] == [
        (0.95, "0.025", "0.975"),
        (0.8, "0.1", "0.9"),
        (0.5, "0.25", "0.75"),
    ]
    assert [band[1:] for band in central_bands({"0.2": [1], "0.4": [1], "0.6": [1], "0.8": [1]})] == [("0.2", "0.8")]
    assert outer_band({"0.5": [1.0]}) is None
    assert outer_band({"0.1": [1.0], "0.5": [1.0]}) is None, "these two are no central band"
