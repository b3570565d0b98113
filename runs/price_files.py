"""Read price files before they are stored, with the checks that the step applies."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from contracts.frequency import Frequency, infer_frequency
from contracts.ids import ASSET_ALLOWED, ASSET_PATTERN
from contracts.layout import ASSET_MAX_BYTES
from contracts.price_checks import CheckedPrices, Widest, check_prices
from contracts.price_format import DATE_COLUMN, PRICE_COLUMN, PriceFormat
from contracts.prices import PriceRow, read_price_rows
from contracts.problems import UNSTATED, Problem, ProblemsError
from contracts.times import format_time


@dataclass(frozen=True)
class PriceFile:
    """A checked price history. ``content`` is what is stored: the file's bytes, or the two columns in the default format.

    ``rows``, ``first`` and ``last`` count only rows with a price, one per step of ``frequency``, which the file seems to have.
    """

    asset: str
    content: bytes
    rows: int
    first: datetime
    last: datetime
    frequency: Frequency
    repeated: int
    missing: int
    lowest: float
    largest_step: float
    notes: list[str]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def summary(self) -> str:
        first, last = format_time(self.first, self.last), format_time(self.last, self.first)
        return f"{self.asset}: {self.rows} rows, {first} to {last}, looks like {self.frequency}"


def read_price_files(paths: list[Path], price_format: PriceFormat | None = None) -> list[PriceFile]:
    """Check files ``<ASSET>.csv``. All problems of all files are reported at once."""
    files: list[PriceFile] = []
    problems = _duplicate_assets(paths)
    for path in paths:
        try:
            files.append(_read(path, price_format or PriceFormat()))
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProblemsError("assets", problems)
    return files


def _duplicate_assets(paths: list[Path]) -> list[Problem]:
    """Two files with one stem would overwrite each other."""
    stems = [path.stem for path in paths]
    again = [path for place, path in enumerate(paths) if path.stem in stems[:place]]
    return [Problem(str(path), path.name, f"allowed: each asset once; {path.stem} is given already") for path in again]


def _read(path: Path, price_format: PriceFormat) -> PriceFile:
    problem = _file_problem(path)
    if problem is not None:
        raise ProblemsError("assets", [problem])
    content = path.read_bytes()
    problems, rows = read_price_rows(str(path), content, price_format)
    if rows is None:
        raise ProblemsError("assets", problems)
    frequency = infer_frequency(sorted({row.time for row in rows.rows})) or Frequency(1, "D")
    problems, checked = check_prices(str(path), rows, frequency, Widest())
    if checked is None:
        raise ProblemsError("assets", problems)
    if price_format != PriceFormat():
        content = _default_format(rows.rows)
    return PriceFile(
        path.stem, content, len(checked.rows), checked.rows[0].time, checked.rows[-1].time, frequency, checked.repeated,
        checked.missing, min(row.price for row in checked.rows), checked.largest_step, _notes(checked),
    )  # fmt: skip


def _file_problem(path: Path) -> Problem | None:
    if not path.is_file():
        missing = "is not a file" if path.exists() else "does not exist"
        return Problem(str(path), UNSTATED, f"{missing}; give files named <ASSET>.csv")
    if path.suffix.lower() != ".csv" or not re.fullmatch(ASSET_PATTERN, path.stem):
        return Problem(str(path), path.name, f"allowed: <ASSET>.csv, the asset in {ASSET_ALLOWED}")
    if path.stat().st_size > ASSET_MAX_BYTES:
        return Problem(str(path), path.stat().st_size, f"allowed: at most {ASSET_MAX_BYTES} bytes")
    return None


def _notes(checked: CheckedPrices) -> list[str]:
    """What was noticed, and what a template must allow before an execution can use the file."""
    notes = list(checked.notes)
    if checked.repeated:
        notes.append("a template must set data.duplicates to first or last to use these rows")
    if checked.missing:
        share = checked.missing / (checked.missing + checked.repeated + len(checked.rows))
        notes.append(f"a template must allow {share:.3g} or more as data.maxMissingShare to use these rows")
    return notes


def _default_format(rows: list[PriceRow]) -> bytes:
    """The rows in the format that the step reads."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([DATE_COLUMN, PRICE_COLUMN])
    dates = all(row.time.time() == time.min for row in rows)
    writer.writerows([row.time.date() if dates else row.time, repr(row.price)] for row in rows)
    return text.getvalue().encode()
