"""Panels of fans: the coming forecast, and the forecasts of the test windows with the actual prices."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.forecasts import ForecastReport
from runs.report.bundle import ReportBundle
from runs.report.fans import Bands, Fan, central_bands, coming_fan, fans, middle_level, outer_band
from runs.report.panel import Layer, Line, Panel, Ribbon
from runs.report.wording import band_name

#: History shown before the coming forecast, in lengths of the forecast.
_HISTORY = 6
#: Opacity of the bands, the narrowest last: the legend tells them apart although they lie over one another.
_OPACITIES = (0.12, 0.2, 0.32)


def fan_panels(bundle: ReportBundle) -> list[Panel]:
    """Return the panels that the execution has data for."""
    found = [coming_panel(bundle)] if bundle.coming else []
    forecasts = bundle.files.forecasts
    return [*found, backtest_panel(bundle, forecasts)] if forecasts and forecasts["windows"] else found


def coming_panel(bundle: ReportBundle) -> Panel:
    """Return the fan from the last price on.

    Raises:
        ValueError: the bundle has no coming forecast.
    """
    coming = bundle.coming
    if coming is None:
        raise ValueError("the execution has no coming forecast")
    fan = coming_fan(coming)
    shown = slice(-max(20, _HISTORY * len(coming.times)), None)
    actual = Line(f"{coming.quantity} so far", "ink", coming.history_times[shown], coming.history_prices[shown])
    return Panel(
        key="coming",
        title=f"The coming forecast of {coming.asset}",
        note="The fan opens at the last known value. The darker a band, the more likely its values.",
        layers=[*_model([fan]), actual],
        y_title=_measured(coming.quantity, coming.unit),
        rules=[fan.origin] if fan.origin else [],
        times=True,
    )


def backtest_panel(bundle: ReportBundle, report: ForecastReport) -> Panel:
    """Return the test windows' fans, the best baseline's band and the actual prices."""
    windows = fans(report)
    return Panel(
        key="backtest",
        title=f"Test: forecasts of {report['asset']} and what happened",
        note=(
            "Each fan opens at a dotted line, the last value known when its forecast was made, and ends where the next one "
            "opens. The model was not trained on anything to the right of the training's end." + _untested(report)
        ),
        layers=[*_model(windows), *_baseline_edges(windows, report["baseline"]), _actual(bundle.quantity, report)],
        y_title=_measured(bundle.quantity, bundle.unit),
        rules=[window.origin for window in windows if window.origin],
        times=True,
    )


def _untested(report: ForecastReport) -> str:
    if not report["calibration_windows"]:
        return ""
    first, last = report["calibration_windows"][0]["timestamps"][0], report["calibration_windows"][-1]["timestamps"][-1]
    return (
        f" The calibration windows, {first[:10]} to {last[:10]}, choose the best baseline and are not a test: no fan is drawn."
    )


def _measured(quantity: str, unit: str) -> str:
    return f"{quantity}, {unit}" if unit else quantity


def _model(windows: Sequence[Fan]) -> list[Layer]:
    """The model's bands and its median."""
    first = windows[0].quantiles
    layers: list[Layer] = [
        Ribbon(
            band_name(share),
            "model",
            _OPACITIES[-1 - place],
            [
                (window.timestamps, window.quantiles[low], window.quantiles[high])
                for window in windows
                if _has(window.quantiles, low, high)
            ],
        )
        for place, (share, low, high) in enumerate(reversed(central_bands(first)))
    ]
    middle = middle_level(first)
    x, y = _joined([(window.timestamps, window.quantiles[middle]) for window in windows if middle in window.quantiles])
    return [*reversed(layers), Line("median", "model", x, y, 2)]


def _baseline_edges(windows: Sequence[Fan], name: str) -> list[Layer]:
    """Both edges of the best baseline's band as one interrupted line, so that its area hides no other."""
    band = outer_band(windows[0].baseline)
    if band is None:
        return []
    share, low, high = band
    pieces = [
        (window.timestamps, window.baseline[level]) for window in windows for level in (low, high) if level in window.baseline
    ]
    x, y = _joined(pieces)
    return [Line(f"best baseline: {name}, {band_name(share)}", "baseline", x, y, 1.2, "dash")]


def _has(bands: Bands, *levels: str) -> bool:
    return all(level in bands for level in levels)


def _joined(pieces: Sequence[tuple[list[str], list[float]]]) -> tuple[list[str | None], list[float | None]]:
    x: list[str | None] = []
    y: list[float | None] = []
    for times, values in pieces:
        x += [*times, None]
        y += [*values, None]
    return x, y


def _actual(quantity: str, report: ForecastReport) -> Line:
    """Actual values. Steps without one are skipped, because gaps would hide the line."""
    history = report["history"]
    points = list(zip(history["timestamps"], history["price"], strict=True))
    for window in [*report["calibration_windows"], *report["windows"]]:
        points += zip(window["timestamps"], window["actual"], strict=True)
    seen = [(str(time), float(price)) for time, price in points if price is not None]
    return Line(f"actual {quantity}", "ink", [time for time, _ in seen], [price for _, price in seen], 1.5)
