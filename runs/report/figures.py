"""Panels as plotly's JSON; its script in the page draws them.

A colour is the name of one of the page's variables with an opacity, such as ``--model/0.16``: the page's script looks it up, so
that a chart follows the reader's colour scheme.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runs.report.panel import Bars, Dots, Layer, Panel, Ribbon

Figure = dict[str, Any]
_FONT = {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 13, "color": "--ink"}


def figure(panel: Panel) -> Figure:
    """Return data and layout of a panel."""
    data = [_trace(layer, panel) for layer in panel.layers]
    if panel.rules:
        data.append(_scatter(panel.rule_name, [None], [None]) | {"line": _rule_line()})
    return {"data": data, "layout": _layout(panel)}


def _trace(layer: Layer, panel: Panel) -> Figure:
    if isinstance(layer, Ribbon):
        return _ribbon(layer)
    if isinstance(layer, Bars):
        return _bars(layer, panel)
    if isinstance(layer, Dots):
        return _dots(layer)
    line = {"color": f"--{layer.role}", "width": layer.width, "dash": layer.dash}
    hover = f"%{{y:,.4~g}}{panel.suffix}" if panel.suffix else "%{y:,.2f}"
    return _scatter(layer.name, layer.x, layer.y) | {"line": line, "hovertemplate": hover}


def _scatter(name: str, x: Sequence[Any], y: Sequence[Any]) -> Figure:
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "name": name}


def _ribbon(layer: Ribbon) -> Figure:
    """One closed polygon per piece, all in one trace."""
    x: list[str | None] = []
    y: list[float | None] = []
    for times, low, high in layer.pieces:
        x += [*times, *reversed(times), None]
        y += [*high, *reversed(low), None]
    look = {"fill": "toself", "fillcolor": f"--{layer.role}/{layer.opacity}", "line": {"width": 0}, "hoverinfo": "skip"}
    return _scatter(layer.name, x, y) | look


def _bars(layer: Bars, panel: Panel) -> Figure:
    colours = [f"--{role}" for role in layer.roles] or f"--{layer.role}"
    bars = {"type": "bar", "orientation": "h", "y": list(layer.labels), "x": list(layer.values), "name": layer.name}
    return bars | {"marker": {"color": colours}, "hovertemplate": f"%{{x:.3f}}{panel.suffix}"}


def _dots(layer: Dots) -> Figure:
    below, above = layer.errors
    errors = {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "color": f"--{layer.role}", "width": 5}
    marker = {"color": f"--{layer.role}", "size": 9, "symbol": layer.symbol}
    trace = _scatter(layer.name, layer.x, layer.y) | {"mode": "markers", "marker": marker, "error_y": errors}
    return trace | {"hovertemplate": "%{y:.1f} %"}


def _rule_line() -> Figure:
    return {"color": "--muted", "width": 1, "dash": "dot"}


def _layout(panel: Panel) -> Figure:
    x_axis = {"gridcolor": "--grid", "zerolinecolor": "--grid", "title": _axis_title(panel.x_title), "automargin": True}
    y_axis = {"gridcolor": "--grid", "zerolinecolor": "--grid", "title": _axis_title(panel.y_title), "automargin": True}
    values = x_axis if panel.horizontal else y_axis
    values["ticksuffix"] = panel.suffix
    if panel.from_zero:
        values["rangemode"] = "tozero"
    if panel.times:
        x_axis["type"] = "date"
    if panel.horizontal:
        y_axis |= {"type": "category", "ticksuffix": "  "}
    several = len(panel.layers) > 1 or bool(panel.rules)
    return {
        "font": _FONT,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "modebar": {"orientation": "v", "bgcolor": "rgba(0,0,0,0)", "color": "--muted", "activecolor": "--model"},
        "hoverlabel": {"bgcolor": "--paper", "bordercolor": "--line", "font": {"color": "--ink"}},
        "margin": {"l": 8, "r": 8, "t": 12, "b": 8},
        "height": panel.height,
        "showlegend": several,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        "barmode": "group",
        "hovermode": "x" if panel.times else "closest",
        "shapes": [_rule(time) for time in panel.rules],
        "xaxis": x_axis,
        "yaxis": y_axis,
    }


def _rule(time: str) -> Figure:
    return {"type": "line", "x0": time, "x1": time, "yref": "paper", "y0": 0, "y1": 1, "line": _rule_line(), "layer": "below"}


def _axis_title(text: str) -> Figure:
    return {"text": text, "standoff": 8, "font": {"size": 13, "color": "--muted"}}
