"""Reads the data channels and applies all rules that the algorithm documents for its JSON Lines and Parquet.

Source: Amazon SageMaker developer guide, "Input/Output Interface for the DeepAR Algorithm".
"""

from __future__ import annotations

import gzip
import math
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contracts.hyperparameters import HYPERPARAMETERS
from contracts.problems import Problem, ProblemsError, one_problem
from contracts.strict_json import parse
from local_run.deepar.parquet import rows

Floats = NDArray[np.float32]
_START = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2})?")
_START_ALLOWED = "allowed: YYYY-MM-DD HH:MM:SS or YYYY-MM-DD (midnight), without a time zone"
PARQUET = ".parquet"
_FIELDS = ("start", "target", "cat", "dynamic_feat")
_SERIES_ALLOWED = "allowed: a JSON object with start and target"
#: Largest values of a target (64 bits) and of a feature (32 bits).
_TARGET_MAX, _FEATURE_MAX = sys.float_info.max, 3.4e38
#: The limit of an explicit cardinality also applies to ``auto``.
_CATEGORY_MAX = int(HYPERPARAMETERS["cardinality"].maximum) - 1
#: Problems of a file that are reported; more would not help to fix it.
PROBLEM_LIMIT = 20


@dataclass(frozen=True)
class Series:
    """One time series.

    ``target`` has shape (length,); missing values are NaN. ``dynamic_feat`` has shape (features, length), in a request
    (features, length + prediction_length). ``cat`` has one index for each category.
    """

    start: datetime
    target: NDArray[np.float64]
    cat: tuple[int, ...] = ()
    dynamic_feat: Floats | None = None

    @property
    def num_dynamic_feat(self) -> int:
        return 0 if self.dynamic_feat is None else len(self.dynamic_feat)


def channel_files(folder: Path) -> list[Path]:
    """Return the files of a channel, except ``_SUCCESS`` and names that start with a period.

    Raises:
        ProblemsError: there is no file, or one of another format.
    """
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.name != "_SUCCESS" and not _hidden(path.relative_to(folder))
    )
    wrong = [path for path in files if not path.name.endswith((".json", ".json.gz", ".jsonl", ".jsonl.gz", PARQUET))]
    if wrong or not files:
        allowed = "allowed: .json and .json.gz files of JSON Lines, and .parquet"
        found = [Problem(f"channel {folder.name}", path.name, allowed) for path in wrong]
        raise ProblemsError(f"channel {folder.name}", found or [Problem(f"channel {folder.name}", None, allowed)])
    return files


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def read_channel(folder: Path, extra: int = 0) -> list[Series]:
    """Read all series of a channel.

    Raises:
        ProblemsError: the problems of all files, each with file and line.
    """
    series: list[Series] = []
    problems: list[Problem] = []
    for path in channel_files(folder):
        for found, parsed in _read_file(path, f"{folder.name}/{path.relative_to(folder)}", extra):
            problems += found
            if parsed is not None:
                series.append(parsed)
    if not series and not problems:
        problems.append(Problem(f"channel {folder.name}", "0 lines", "allowed: at least one time series"))
    if problems:
        raise ProblemsError(f"channel {folder.name}", limited(problems))
    return series


def _read_file(path: Path, where: str, extra: int) -> Iterator[tuple[list[Problem], Series | None]]:
    if path.name.endswith(PARQUET):
        yield from (parse_series(row, f"{where} row {number}", extra) for number, row in rows(path))
    else:
        yield from (_parse_line(text, f"{where} line {number}", extra) for number, text in _lines(path))


def limited(problems: Sequence[Problem]) -> list[Problem]:
    """Return at most PROBLEM_LIMIT problems, and the number of the others."""
    if len(problems) <= PROBLEM_LIMIT:
        return list(problems)
    rest = len(problems) - PROBLEM_LIMIT
    return [*problems[:PROBLEM_LIMIT], Problem("further problems", f"{rest} more", "fix those above first")]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    opener = gzip.open if path.name.endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, line
    except (OSError, UnicodeDecodeError, EOFError) as error:
        allowed = "allowed: UTF-8 text; gzip if the name ends in .gz"
        raise one_problem("input data", path.name, str(error), allowed) from error


def _parse_line(text: str, where: str, extra: int) -> tuple[list[Problem], Series | None]:
    try:
        record = parse(text)
    except ValueError as error:
        return [Problem(where, text, f"{_SERIES_ALLOWED} ({error})")], None
    return parse_series(record, where, extra)


def parse_series(record: object, where: str, extra: int = 0) -> tuple[list[Problem], Series | None]:
    """Return a record as a series, or its problems. Features have ``extra`` more values than the target."""
    if not isinstance(record, dict):
        return [Problem(where, record, _SERIES_ALLOWED)], None
    problems = [Problem(f"{where} {name}", None, "required") for name in ("start", "target") if name not in record]
    problems += [
        Problem(f"{where} {name}", record[name], f"unknown field; allowed: {', '.join(_FIELDS)}")
        for name in record
        if name not in _FIELDS
    ]
    if problems:
        return problems, None
    start = _start(record["start"])
    if start is None:
        problems.append(Problem(f"{where} start", record["start"], _START_ALLOWED))
    target = _numbers(record["target"], missing_allowed=True)
    if target is None or not len(target):
        allowed = "allowed: a list of numbers, missing ones null or the string NaN"
        problems.append(Problem(f"{where} target", _culprit(record["target"], missing_allowed=True), allowed))
    cat = _categories(record.get("cat", []))
    if cat is None:
        problems.append(Problem(f"{where} cat", record["cat"], f"allowed: a list of integers from 0 to {_CATEGORY_MAX}"))
    length = 0 if target is None else len(target) + extra
    found, features = _features(record.get("dynamic_feat"), where, length)
    problems += found
    if problems or start is None or target is None or cat is None:
        return problems, None
    return [], Series(start, target, cat, features)


def _start(value: object) -> datetime | None:
    if not isinstance(value, str) or not _START.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _numbers(values: object, missing_allowed: bool) -> NDArray[np.float64] | None:
    """Return a list as numbers; None if it is not a list of numbers."""
    if not isinstance(values, list):
        return None
    largest = _TARGET_MAX if missing_allowed else _FEATURE_MAX
    if set(map(type, values)) <= {int, float}:
        try:
            numbers = np.array(values, dtype=np.float64)
        except OverflowError:  # an integer above the largest float
            return None
        fits = (np.abs(numbers) <= largest) | (missing_allowed & np.isnan(numbers))
        return numbers if fits.all() else None
    if not missing_allowed or not all(_is_number(value, largest) or value is None or value == "NaN" for value in values):
        return None
    return np.array([float(value) if _is_number(value, largest) else math.nan for value in values])


def _is_number(value: object, largest: float) -> bool:
    return type(value) in (int, float) and not abs(value) > largest  # type: ignore[arg-type]


def _culprit(values: object, missing_allowed: bool) -> object:
    """The value of a list that is not allowed, with its position, for a message."""
    if not isinstance(values, list):
        return values
    largest = _TARGET_MAX if missing_allowed else _FEATURE_MAX
    for position, value in enumerate(values):
        if _is_number(value, largest) and (missing_allowed or not math.isnan(value)):
            continue
        if missing_allowed and (value is None or value == "NaN"):
            continue
        return f"{value!r} at position {position}"
    return values


def _categories(values: object) -> tuple[int, ...] | None:
    if isinstance(values, list) and all(type(value) is int and 0 <= value <= _CATEGORY_MAX for value in values):
        return tuple(values)
    return None


def _features(values: object, where: str, length: int) -> tuple[list[Problem], Floats | None]:
    if values is None:
        return [], None
    if not isinstance(values, list) or not all(isinstance(inner, list) for inner in values) or not values:
        return [Problem(f"{where} dynamic_feat", values, "allowed: a list of lists of numbers")], None
    problems = []
    rows = []
    for position, inner in enumerate(values):
        numbers = _numbers(inner, missing_allowed=False)
        name = f"{where} dynamic_feat[{position}]"
        if numbers is None:
            allowed = f"allowed: finite numbers up to {_FEATURE_MAX:g}; missing values are not supported in features"
            problems.append(Problem(name, _culprit(inner, missing_allowed=False), allowed))
        elif length and len(numbers) != length:
            problems.append(Problem(name, f"{len(numbers)} values", f"allowed: {length} values"))
        else:
            rows.append(numbers)
    return problems, None if problems else np.array(rows, dtype=np.float32)
