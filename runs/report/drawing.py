"""Panels as matplotlib draws them, for the picture and for readers without JavaScript."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from contracts.display import printable
from runs.report.panel import PALETTE, Bars, Dots, Line, Panel, Ribbon

_DASHES = {"solid": "-", "dash": "--", "dot": ":"}
_SYMBOLS = {"circle": "o", "square": "s", "diamond": "D"}
_LABEL = 34


def draw(axes: Any, panel: Panel, *, titled: bool = True, columns: int = 3) -> None:
    """Draw a panel. ``columns``: how many names the legend has in a row."""
    for place, time in enumerate(panel.rules):
        label = panel.rule_name if place == 0 else None
        axes.axvline(datetime.fromisoformat(time), color=PALETTE["muted"], linewidth=0.9, linestyle=":", zorder=0, label=label)
    bars = [layer for layer in panel.layers if isinstance(layer, Bars)]
    for layer in panel.layers:
        if isinstance(layer, Ribbon):
            _ribbon(axes, layer)
        elif isinstance(layer, Line):
            _line(axes, layer, times=panel.times)
        elif isinstance(layer, Dots):
            _dots(axes, layer)
    _bars(axes, bars)
    _style(axes, panel, titled=titled, columns=columns)


def safe(text: str) -> str:
    """Return text in which a dollar sign begins no formula."""
    return printable(text).replace("$", r"\$")


def _ribbon(axes: Any, layer: Ribbon) -> None:
    for place, (times, low, high) in enumerate(layer.pieces):
        label = safe(layer.name) if place == 0 else None
        axes.fill_between(_times(times), low, high, color=PALETTE[layer.role], alpha=layer.opacity, linewidth=0, label=label)


def _line(axes: Any, layer: Line, *, times: bool) -> None:
    look = {"color": PALETTE[layer.role], "linewidth": layer.width * 0.8, "linestyle": _DASHES[layer.dash]}
    for place, (x, y) in enumerate(_pieces(layer)):
        axes.plot(_times(x) if times else x, y, label=safe(layer.name) if place == 0 else None, **look)


def _pieces(layer: Line) -> list[tuple[list[Any], list[float]]]:
    """The line's parts between its gaps."""
    pieces: list[tuple[list[Any], list[float]]] = [([], [])]
    for x, y in zip(layer.x, layer.y, strict=True):
        if x is None or y is None:
            pieces.append(([], []))
        else:
            pieces[-1][0].append(x)
            pieces[-1][1].append(y)
    return [piece for piece in pieces if piece[0]]


def _dots(axes: Any, layer: Dots) -> None:
    look = {"color": PALETTE[layer.role], "linestyle": "none", "marker": _SYMBOLS[layer.symbol], "markersize": 5, "capsize": 3}
    axes.errorbar(layer.x, layer.y, yerr=layer.errors, label=safe(layer.name), **look)


def _bars(axes: Any, layers: Sequence[Bars]) -> None:
    if not layers:
        return
    places, width = np.arange(len(layers[0].labels)), 0.8 / len(layers)
    for number, layer in enumerate(layers):
        colours = [PALETTE[role] for role in layer.roles] or PALETTE[layer.role]
        shifted = places + (number - (len(layers) - 1) / 2) * width
        axes.barh(shifted, [value or 0 for value in layer.values], width, color=colours, label=safe(layer.name))
    axes.set_yticks(places, [safe(textwrap.shorten(label, _LABEL, placeholder="…") or label) for label in layers[0].labels])


def _style(axes: Any, panel: Panel, *, titled: bool, columns: int) -> None:
    ink, muted = PALETTE["ink"], PALETTE["muted"]
    values = axes.xaxis if panel.horizontal else axes.yaxis
    if panel.suffix:
        values.set_major_formatter(lambda value, _: f"{value:g}{panel.suffix}")
    axes.set_xlabel(safe(panel.x_title), color=muted)
    axes.set_ylabel(safe(panel.y_title), color=muted)
    axes.grid(color=PALETTE["grid"], linewidth=0.8, axis="x" if panel.horizontal else "both")
    axes.set_axisbelow(True)
    axes.tick_params(colors=ink, labelsize=8.5)
    for side, spine in axes.spines.items():
        spine.set_visible(side not in ("top", "right"))
        spine.set_color(muted)
    if panel.times:
        axes.margins(x=0.01)
        axes.tick_params(axis="x", labelrotation=20 if columns < 3 else 0)
    elif not panel.horizontal:
        axes.xaxis.get_major_locator().set_params(integer=True)
    if panel.from_zero:
        (axes.set_xlim if panel.horizontal else axes.set_ylim)(0, None)
    handles, labels = axes.get_legend_handles_labels()
    if len(panel.layers) > 1 or panel.rules:
        place = {
            "loc": "lower left",
            "bbox_to_anchor": (0, 1.0),
            "borderaxespad": 0.2,
            "handlelength": 1.6,
            "columnspacing": 1.2,
        }
        axes.legend(handles, labels, frameon=False, ncols=columns, labelcolor=ink, fontsize=8.5, **place)
    if titled:
        rows = -(-len(labels) // columns) if axes.get_legend() else 0
        axes.set_title(safe(panel.title), loc="left", fontsize=11, fontweight="bold", color=ink, pad=6 + 14 * rows)


def _times(stamps: Sequence[str]) -> list[datetime]:
    return [datetime.fromisoformat(stamp) for stamp in stamps]
