"""Price histories in the assets bucket: checked, put with a checksum, listed."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from contracts.ids import ASSET_ALLOWED, ASSET_PATTERN
from contracts.layout import ASSET_MAX_BYTES, asset_key
from contracts.prices import (
    MIN_ROWS,
    MISSING_MAX,
    MOMENT_ALLOWED,
    PRICE_MAX,
    PRICE_MIN,
    STEP_MAX,
    moment,
    price,
    read_columns,
)
from contracts.problems import Problem, ProblemsError, listed
from contracts.tables import AssetAttribute
from runs.history import iso
from runs.pages import all_items
from runs.put import Put, put_item
from runs.stack import Stack

_SHOWN_ROWS = 5


@dataclass(frozen=True)
class PriceFile:
    """A checked price history: its bytes are what is stored. ``rows``, ``first`` and ``last`` are of the rows with a price."""

    asset: str
    content: bytes
    rows: int
    first: str
    last: str
    #: Rows whose date another row has too: a template must say which of them counts.
    repeated: int = 0
    #: Rows without a price, which the step leaves out, up to a share that a template may set.
    missing: int = 0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class _WrongRow:
    """What is wrong with one row; ``column`` is empty where it is the row itself."""

    number: int
    column: str
    text: str
    allowed: str

    def problem(self, path: Path) -> Problem:
        return Problem(f"{path} row {self.number}{self.column}", self.text, self.allowed)


def read_price_files(paths: list[Path]) -> list[PriceFile]:
    """Check files ``<ASSET>.csv`` (columns Date and Close); every problem of every file is reported at once."""
    files: list[PriceFile] = []
    problems = _twice(paths)
    for path in paths:
        try:
            files.append(_read(path))
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProblemsError("assets", problems)
    return files


def _twice(paths: list[Path]) -> list[Problem]:
    """Two files of one name are one asset, of which the first would be lost."""
    stems = [path.stem for path in paths]
    again = [path for place, path in enumerate(paths) if path.stem in stems[:place]]
    return [Problem(str(path), path.name, f"allowed: each asset once; {path.stem} is given already") for path in again]


def put(stack: Stack, files: list[PriceFile], source: str = "") -> list[Put]:
    """Store the files and their metadata, and say what each was to what was there.

    S3 computes and keeps the SHA-256, which executions freeze. What is there already is left alone: another version of the same
    bytes would be another snapshot, and starting an execution again under its id a conflict.
    """
    return [_put(stack, file, source) for file in files]


def _put(stack: Stack, file: PriceFile, source: str) -> Put:
    key, table = asset_key(file.asset), stack.dynamodb.Table(stack.outputs.asset_table)
    standing = table.get_item(Key={AssetAttribute.NAME: file.asset}, ConsistentRead=True).get("Item", {})
    same = (standing.get(AssetAttribute.SHA256), standing.get(AssetAttribute.SOURCE)) == (file.sha256, source)
    if same and _current_version(stack, key) == standing[AssetAttribute.VERSION_ID]:
        return Put("unchanged", str(standing[AssetAttribute.STORED_AT]))
    answer = stack.s3.put_object(
        Bucket=stack.outputs.assets_bucket,
        Key=key,
        Body=file.content,
        ContentType="text/csv",
        ChecksumSHA256=base64.b64encode(bytes.fromhex(file.sha256)).decode(),
    )
    item = {
        AssetAttribute.NAME: file.asset,
        AssetAttribute.KEY: key,
        AssetAttribute.VERSION_ID: answer.get("VersionId", "null"),
        AssetAttribute.SHA256: file.sha256,
        AssetAttribute.ROWS: file.rows,
        AssetAttribute.FIRST_DATE: file.first,
        AssetAttribute.LAST_DATE: file.last,
        AssetAttribute.SOURCE: source,
        AssetAttribute.STORED_AT: iso(datetime.now(UTC)),
    }
    return put_item(table, item, AssetAttribute.SHA256, AssetAttribute.STORED_AT)


def _current_version(stack: Stack, key: str) -> str | None:
    """Of the object that executions would read; None where there is none."""
    try:
        return str(stack.s3.head_object(Bucket=stack.outputs.assets_bucket, Key=key).get("VersionId", "null"))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return None
        raise


def stored(stack: Stack) -> list[dict[str, Any]]:
    """The metadata of every asset, by name."""
    table = stack.dynamodb.Table(stack.outputs.asset_table)
    return sorted(all_items(table.scan), key=lambda item: str(item[AssetAttribute.NAME]))


def _read(path: Path) -> PriceFile:
    problem = _file_problem(path)
    if problem is not None:
        raise ProblemsError("assets", [problem])
    content = path.read_bytes()
    problems, columns = read_columns(str(path), content)
    rows = [] if columns is None else list(zip(columns.dates, columns.closes, strict=True))
    problems += _row_problems(path, rows)
    if not problems:
        problems = _history_problems(path, rows)
    if problems:
        raise ProblemsError("assets", problems)
    known = _known(rows)
    repeated = len(known) - len({when for when, _, _ in known})
    return PriceFile(path.stem, content, len(known), known[0][1], known[-1][1], repeated, len(rows) - len(known))


def _file_problem(path: Path) -> Problem | None:
    if not path.is_file():
        return Problem(str(path), path.name, "allowed: an existing file <ASSET>.csv")
    if path.suffix != ".csv" or not re.fullmatch(ASSET_PATTERN, path.stem):
        return Problem(str(path), path.name, f"allowed: <ASSET>.csv, the asset in {ASSET_ALLOWED}")
    if path.stat().st_size > ASSET_MAX_BYTES:
        return Problem(str(path), path.stat().st_size, f"allowed: at most {ASSET_MAX_BYTES} bytes")
    return None


def _row_problems(path: Path, rows: list[tuple[str, str]]) -> list[Problem]:
    wrong = [bad for number, row in enumerate(rows, 2) if (bad := _wrong_row(number, *row))]
    return [row.problem(path) for row in wrong] if len(wrong) <= _SHOWN_ROWS else _by_fault(path, wrong)


def _by_fault(path: Path, wrong: Sequence[_WrongRow]) -> list[Problem]:
    """One problem for all rows that share a fault: the first one's number and text, and how many there are."""
    rows: dict[tuple[str, str], list[_WrongRow]] = {}
    for row in wrong:
        rows.setdefault((row.column, row.allowed), []).append(row)
    return [replace(same[0], allowed=f"{allowed} ({_counted(same)})").problem(path) for (_, allowed), same in rows.items()]


def _counted(same: Sequence[_WrongRow]) -> str:
    if len(same) == 1:
        return "one such row"
    return f"{len(same)} such rows: {listed([str(row.number) for row in same], _SHOWN_ROWS)}"


def _wrong_row(number: int, date: str, close: str) -> _WrongRow | None:
    if moment(date) is None:
        return _WrongRow(number, " Date", date, MOMENT_ALLOWED)
    value = price(close)
    if value is None or not (math.isnan(value) or PRICE_MIN <= value <= PRICE_MAX):
        allowed = f"allowed: a price from {PRICE_MIN:g} to {PRICE_MAX:g}; an empty cell where there was none"
        return _WrongRow(number, " Close", close, allowed)
    return None


def _known(rows: list[tuple[str, str]]) -> list[tuple[datetime, str, float]]:
    """The rows that have a price, by date: when, how the file writes it, and the price."""
    read = [(moment(date), date.strip(), price(close)) for date, close in rows]
    known = [(when, text, value) for when, text, value in read if when and value is not None and not math.isnan(value)]
    return sorted(known, key=lambda row: row[0])


def _history_problems(path: Path, rows: list[tuple[str, str]]) -> list[Problem]:
    """What the step would refuse whatever a template tolerates."""
    known = _known(rows)
    missing = [number for number, (_, close) in enumerate(rows, 2) if math.isnan(price(close) or 0.0)]
    if len(missing) > MISSING_MAX * len(rows):
        what = f"{len(missing)} of {len(rows)} rows without a price, the first in row {missing[0]}"
        return [Problem(str(path), what, f"allowed: a share of at most {MISSING_MAX:g}")]
    if len(known) < MIN_ROWS:
        return [Problem(str(path), f"{len(known)} of {len(rows)} rows have a price", f"allowed: at least {MIN_ROWS}")]
    steps = [(before, after) for before, after in pairwise(known) if before[0] < after[0]]
    absurd = [(before, after) for before, after in steps if abs(math.log(after[2] / before[2])) > math.log(STEP_MAX)]
    if absurd and len(steps) == len(known) - 1:  # of repeated dates a template chooses
        before, after = absurd[0]
        what = f"{before[2]:g}, then {after[2]:g}"
        allowed = f"allowed: a ratio of at most {STEP_MAX} of two prices in a row ({before[1]} and {after[1]})"
        return [Problem(str(path), what, allowed)]
    return []
