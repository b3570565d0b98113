"""The parts of a chart, independent of what draws it: the page's script and the picture draw the same panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

#: Colours by role, as the page's style has them in light mode. The page replaces them by its own variables, so that they
#: follow the reader's colour scheme.
PALETTE = {
    "ink": "#1c2733",
    "muted": "#5b6b7b",
    "grid": "#e3e8ee",
    "model": "#2463c2",
    "baseline": "#c26a15",
    "other": "#7a8794",
}


@dataclass(frozen=True)
class Ribbon:
    """Bands of one kind; each piece has times, lower and upper values."""

    name: str
    role: str
    opacity: float
    pieces: Sequence[tuple[Sequence[str], Sequence[float], Sequence[float]]]


@dataclass(frozen=True)
class Line:
    """A line; ``None`` interrupts it. ``dash``: solid, dash or dot."""

    name: str
    role: str
    x: Sequence[str | float | None]
    y: Sequence[float | None]
    width: float = 1.8
    dash: str = "solid"


@dataclass(frozen=True)
class Bars:
    """A bar for each label; ``roles`` colours single bars."""

    name: str
    role: str
    labels: Sequence[str]
    values: Sequence[float | None]
    roles: Sequence[str] = ()


@dataclass(frozen=True)
class Dots:
    """Points with an interval each; None if it is unknown."""

    name: str
    role: str
    x: Sequence[float]
    y: Sequence[float]
    intervals: Sequence[Sequence[float] | None]
    symbol: str = "circle"

    @property
    def errors(self) -> tuple[list[float], list[float]]:
        """Lengths of the bars below and above the points. An interval of percentiles need not contain its point."""
        edges = [(y, y) if found is None else found for y, found in zip(self.y, self.intervals, strict=True)]
        below = [max(y - low, 0.0) for y, (low, _) in zip(self.y, edges, strict=True)]
        above = [max(high - y, 0.0) for y, (_, high) in zip(self.y, edges, strict=True)]
        return below, above


Layer: TypeAlias = Ribbon | Line | Bars | Dots


@dataclass(frozen=True)
class Panel:
    """One chart. ``rules``: times with a vertical line, which the legend calls ``rule_name``.

    ``suffix`` follows every value of the axis that shows values.
    """

    key: str
    title: str
    note: str
    layers: Sequence[Layer]
    x_title: str = ""
    y_title: str = ""
    suffix: str = ""
    rules: Sequence[str] = field(default_factory=tuple)
    rule_name: str = "forecast starts here"
    times: bool = False
    horizontal: bool = False
    from_zero: bool = False

    @property
    def height(self) -> int:
        """Height on the page, in CSS pixels."""
        if self.horizontal:
            bars = [layer for layer in self.layers if isinstance(layer, Bars)]
            return 100 + 26 * max((len(layer.labels) for layer in bars), default=1) * max(len(bars), 1)
        return 420 if self.times else 320
