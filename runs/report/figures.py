"""The charts as plotly's JSON; its script in the page draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.forecasts import ForecastReport
from runs.report.fans import Bands, Fan, fans
from runs.report.verdict import WindowScore, quantile_ratios

Figure = dict[str, Any]

INK, MUTED, GRID = "#1c2733", "#5b6b7b", "#e6ebf0"
MODEL, NAIVE, ACTUAL, WORSE = "#2463c2", "#d9822b", "#1c2733", "#b3362b"
BARS = 20
_FONT = {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 13, "color": INK}


def fan(report: ForecastReport) -> Figure:
    """Return history, actual prices and the model's quantile bands. The naive band is hidden until the reader shows it."""
    windows = fans(report)
    data = _naive_band(windows)
    pairs = band_pairs(windows[0].quantiles)
    for low, high in pairs:
        band = _band([(window.timestamps, window.quantiles) for window in windows], low, high)
        data.append(band | {"name": f"model {low}–{high}", "fillcolor": "rgba(36,99,194,0.15)", "hoverinfo": "skip"})
    for inner in data[-len(pairs) :][1:]:
        inner["showlegend"] = False  # the legend names only the widest band
    data += [_median(windows), _actual(report)]
    starts = [_rule(window.origin) for window in windows if window.origin]
    layout = _layout(f"{report['asset']}, price") | {"shapes": starts, "hovermode": "x", "height": 460}
    return {"data": data, "layout": layout}


def _naive_band(windows: Sequence[Fan]) -> list[Figure]:
    """The naive forecast's widest band."""
    naive = [(window.timestamps, window.naive_quantiles) for window in windows]
    look = {"line": {"color": NAIVE, "width": 1, "dash": "dot"}, "fillcolor": "rgba(217,130,43,0.20)", "hoverinfo": "skip"}
    return [
        _band(naive, low, high) | look | {"name": f"naive {low}–{high}", "visible": False, "meta": "naive"}
        for low, high in band_pairs(windows[0].naive_quantiles)[:1]
    ]


def band_pairs(quantiles: Mapping[str, Sequence[float]]) -> list[tuple[str, str]]:
    """Return pairs of quantile levels around the median, the widest pair first."""
    levels = sorted(quantiles, key=float)
    return [(levels[index], levels[-1 - index]) for index in range(len(levels) // 2)]


def middle_level(quantiles: Mapping[str, Sequence[float]]) -> str:
    """Return the level closest to the median."""
    return min(quantiles, key=lambda level: abs(float(level) - 0.5))


def _actual(report: ForecastReport) -> Figure:
    """Actual prices. Days without trading are skipped, because gaps would hide the line."""
    history = report["history"]
    points = list(zip(history["timestamps"], history["price"], strict=True))
    for window in report["windows"]:
        points += zip(window["timestamps"], window["actual"], strict=True)
    seen = [(time, price) for time, price in points if price is not None]
    line = {"color": ACTUAL, "width": 1.6}
    return _line([time for time, _ in seen], [price for _, price in seen], "actual", line) | {"hovertemplate": "%{y:,.2f}"}


def _median(windows: Sequence[Fan]) -> Figure:
    level = middle_level(windows[0].quantiles)
    times: list[str | None] = []
    values: list[float | None] = []
    for window in windows:
        times += [*window.timestamps, None]
        values += [*window.quantiles[level], None]
    return _line(times, values, f"model {level}", {"color": MODEL, "width": 2}) | {"hovertemplate": "%{y:,.2f}"}


def _line(x: Sequence[Any], y: Sequence[Any], name: str, line: Figure) -> Figure:
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "name": name, "line": line}


def _band(windows: Sequence[tuple[list[str], Bands]], low: str, high: str) -> Figure:
    """One closed polygon per window, all in one trace."""
    x: list[str | None] = []
    y: list[float | None] = []
    for times, quantiles in windows:
        x += [*times, *reversed(times), None]
        y += [*quantiles[high], *reversed(quantiles[low]), None]
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "fill": "toself", "line": {"width": 0}}


def _rule(time: str) -> Figure:
    line = {"color": "#b8c4d0", "width": 1, "dash": "dot"}
    return {"type": "line", "x0": time, "x1": time, "yref": "paper", "y0": 0, "y1": 1, "line": line, "layer": "below"}


def losses_by_window(scores: Sequence[WindowScore]) -> Figure:
    """Return the losses of model and naive forecast by window."""
    names = [score.start for score in scores]
    data = [
        _bars(names, [score.naive_loss for score in scores], "naive", NAIVE),
        _bars(names, [score.loss for score in scores], "model", MODEL),
    ]
    layout = _layout("loss on the transformed target") | {"barmode": "group", "height": 300}
    return {"data": data, "layout": layout | {"xaxis": {"type": "category", "tickfont": {"size": 11}}}}


def losses_by_quantile(report: ForecastReport, height: int) -> Figure:
    """Return the model's loss divided by the naive forecast's, by quantile. Below 1 the model is better."""
    ratios = quantile_ratios(report)
    colours = [MODEL if ratio <= 1 else WORSE for ratio in ratios.values()]
    bars = _bars(list(ratios), [ratio - 1 for ratio in ratios.values()], "model", MODEL)
    bars |= {"base": 1, "marker": {"color": colours}, "customdata": list(ratios.values()), "hovertemplate": "%{customdata:.3f}"}
    furthest = max([abs(ratio - 1) for ratio in ratios.values()] + [0.05]) * 1.15
    axis = {"range": [1 - furthest, 1 + furthest], "gridcolor": GRID, "title": _axis_title("loss / naive loss")}
    layout = _layout("") | {"height": height, "showlegend": False, "yaxis": axis, "shapes": [_one()]}
    return {"data": [bars], "layout": layout | {"xaxis": {"type": "category", "title": _axis_title("quantile")}}}


def _one() -> Figure:
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1, "line": {"color": MUTED, "width": 1}}


def importance_bars(scores: Mapping[str, float]) -> Figure:
    """Return the features with the highest importance, the highest on top."""
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])[:BARS][::-1]
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": [name for name, _ in ranked],
        "x": [100 * score for _, score in ranked],
        "marker": {"color": [MODEL if score > 0 else "#b8c4d0" for _, score in ranked]},
        "hovertemplate": "%{x:.2f} %",
        "name": "",
    }
    title = _axis_title("increase of the error, %")
    layout = _layout("") | {"height": 90 + 22 * len(ranked), "showlegend": False}
    return {"data": [bars], "layout": layout | {"xaxis": {"title": title, "gridcolor": GRID}, "yaxis": {"automargin": True}}}


def _bars(names: Sequence[str], values: Sequence[float | None], name: str, colour: str) -> Figure:
    bars = {"type": "bar", "x": list(names), "y": list(values), "name": name}
    return bars | {"marker": {"color": colour}, "hovertemplate": "%{y:.4f}"}


def _axis_title(text: str) -> Figure:
    return {"text": text, "standoff": 8, "font": {"size": 13, "color": MUTED}}


def _layout(vertical: str) -> Figure:
    return {
        "font": _FONT,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "#aab6c2", "activecolor": MODEL},
        "margin": {"l": 64, "r": 16, "t": 12, "b": 44},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "xaxis": {"gridcolor": GRID},
        "yaxis": {"gridcolor": GRID, "title": _axis_title(vertical), "zeroline": False},
    }
