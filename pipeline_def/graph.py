"""A definition's steps as a self-contained SVG: steps in columns, arrows from a step to those that wait for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape

from pipeline_def.check.definition import Definition, Step
from pipeline_def.check.order import dependencies

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 190, 56, 70, 34, 20
_STYLE = (
    "text{font-family:system-ui,sans-serif;font-size:13px;fill:#1f2937}"
    ".type{font-size:11px;fill:#4b5563}.edge{fill:none;stroke:#6b7280}"
)
_TIP = (
    '<marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z" fill="#6b7280"/></marker>'
)


def graph_svg(text: str) -> str:
    """Draw a rendered definition that passes the check, so it has no cycles.

    A step is one column to the right of everything that it waits for. An arrow out of a condition is labelled with its branch.
    """
    definition = Definition(text, json.loads(text))
    before = {step.name: dependencies(definition, step) for step in definition.steps}
    places = _places(before)
    width = _MARGIN * 2 + (max((x for x, _ in places.values()), default=0) + 1) * (_WIDTH + _GAP_X) - _GAP_X
    height = _MARGIN * 2 + (max((y for _, y in places.values()), default=0) + 1) * (_HEIGHT + _GAP_Y) - _GAP_Y
    parts = [_arrow(step, name, places) for step in definition.steps for name in _direct(step.name, before)]
    parts += [_box(step, *places[step.name]) for step in definition.steps]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="Steps of the pipeline"><style>{_STYLE}</style><defs>{_TIP}</defs>{"".join(parts)}</svg>'
    )


def _places(before: Mapping[str, list[str]]) -> dict[str, tuple[int, int]]:
    """Column and row of each step; the column is the length of the longest path to it."""
    columns: dict[str, int] = {}
    for name in before:
        _column(name, before, columns)
    rows: dict[int, int] = {}
    places = {}
    for name in before:
        column = columns[name]
        places[name] = (column, rows.get(column, 0))
        rows[column] = rows.get(column, 0) + 1
    return places


def _column(name: str, before: Mapping[str, list[str]], columns: dict[str, int]) -> int:
    if name not in columns:
        columns[name] = max((_column(earlier, before, columns) + 1 for earlier in before[name]), default=0)
    return columns[name]


def _direct(name: str, before: Mapping[str, list[str]]) -> list[str]:
    """The steps that a step waits for, without those that it waits for indirectly anyway."""
    return [earlier for earlier in before[name] if not any(_reaches(other, earlier, before) for other in before[name])]


def _reaches(start: str, goal: str, before: Mapping[str, list[str]]) -> bool:
    return any(earlier == goal or _reaches(earlier, goal, before) for earlier in before[start])


def _corner(place: tuple[int, int]) -> tuple[int, int]:
    return _MARGIN + place[0] * (_WIDTH + _GAP_X), _MARGIN + place[1] * (_HEIGHT + _GAP_Y)


def _box(step: Step, column: int, row: int) -> str:
    x, y = _corner((column, row))
    radius = _HEIGHT // 2 if step.type == "Condition" else 8
    middle = x + _WIDTH // 2
    return (
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="{radius}" fill="{step.kind.colour}" '
        f'stroke="#6b7280"/><text x="{middle}" y="{y + 25}" text-anchor="middle">{escape(step.name)}</text>'
        f'<text class="type" x="{middle}" y="{y + 42}" text-anchor="middle">{escape(step.type)}</text>'
    )


def _arrow(step: Step, earlier: str, places: Mapping[str, tuple[int, int]]) -> str:
    (x1, y1), (x2, y2) = _corner(places[earlier]), _corner(places[step.name])
    start, end = (x1 + _WIDTH, y1 + _HEIGHT // 2), (x2, y2 + _HEIGHT // 2)
    bend = (start[0] + end[0]) // 2
    path = f"M{start[0]},{start[1]} C{bend},{start[1]} {bend},{end[1]} {end[0]},{end[1]}"
    arrow = f'<path class="edge" d="{path}" marker-end="url(#tip)"/>'
    branch = next((branch for condition, branch in step.branches if condition == earlier), None)
    if branch is None:
        return arrow
    word = "if true" if branch == "IfSteps" else "if false"
    return f'{arrow}<text class="type" x="{end[0] - 10}" y="{end[1] - 6}" text-anchor="end">{word}</text>'
