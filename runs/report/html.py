"""Parts of a page. ``text`` escapes every value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from contracts.display import printable

#: A space before a per cent sign, at which no line may break.
_PER_CENT = re.compile(r"(?<=\d) %")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?")


@dataclass(frozen=True)
class Cell:
    """A table's cell. ``html`` is markup; ``style`` names its class."""

    html: str
    style: str = ""


def text(value: object) -> str:
    """Return any value as text that is safe in HTML, in attributes too."""
    return _PER_CENT.sub("\u00a0%", escape(printable(value), quote=True))


def prose(value: object) -> str:
    """Return safe text whose dates do not break at their hyphens."""
    return _DATE.sub(lambda found: f'<span class="date">{found[0]}</span>', text(value))


def words(value: object, style: str = "") -> Cell:
    """Return a cell of text."""
    return Cell(prose(value), style)


def figure_cell(value: str, tone: str = "") -> Cell:
    """Return a cell of a number, aligned to the right."""
    return Cell(text(value), f"number {tone}".strip())


def table(heads: Sequence[str], rows: Iterable[tuple[str, Sequence[Cell]]], *, kept: bool = False) -> str:
    """Return a table; each row has a class and its cells.

    On a narrow screen a row becomes a list of named values, unless the table is ``kept`` because it is narrow itself.
    """
    body, numbers = [], set[int]()
    for style, cells in rows:
        numbers |= {place for place, cell in enumerate(cells) if cell.style.startswith("number")}
        inner = "".join(
            f'<td class="{cell.style}" data-label="{text(head)}"><div>{cell.html}</div></td>'
            for head, cell in zip(heads, cells, strict=True)
        )
        body.append(f'<tr class="{style}">{inner}</tr>')
    head = "".join(f'<th class="{"number" if place in numbers else ""}">{text(name)}</th>' for place, name in enumerate(heads))
    whole = f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody>"
    return f'<div class="scroll"><table class="{"kept" if kept else "listed"}">{whole}</table></div>'


def section(title: str, note: str, content: str) -> str:
    """Return a section. ``content`` is HTML; ``title`` and ``note`` are text."""
    explained = f'<p class="note">{prose(note)}</p>' if note else ""
    return f"<section><h2>{text(title)}</h2>{explained}{content}</section>"


def pair(left: str, right: str) -> str:
    """Return two sections beside one another, if there are two and the screen has room."""
    return f'<div class="pair">{left}{right}</div>' if left and right else left or right


def clipped(mark: object) -> str:
    """Return a digest whose end is hidden by style only, so it can be searched and copied in full."""
    return f'<code class="clipped" title="{text(mark)}">{text(mark)}</code>' if mark else "–"


def clock(moment: object) -> str:
    """Return a stored time to the minute."""
    return str(moment).replace("T", " ")[:16] + " UTC"
