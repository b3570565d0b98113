"""Check price histories, store them in the assets bucket with a checksum, and list them."""

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

from contracts.display import storable
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
from contracts.problems import UNSTATED, Problem, ProblemsError, listed
from contracts.tables import AssetAttribute
from contracts.times import to_iso
from runs.aws_errors import is_missing_object
from runs.objects import current_version
from runs.pages import all_items
from runs.stack import Stack
from runs.upsert import Upsert, upsert

_SHOWN_ROWS = 5


@dataclass(frozen=True)
class PriceFile:
    """A checked price history, stored unchanged. ``rows``, ``first`` and ``last`` count only rows with a price."""

    asset: str
    content: bytes
    rows: int
    first: str
    last: str
    #: Rows with the date of another row; a template says which of them counts.
    repeated: int = 0
    #: Rows without a price. The step skips them, up to a share that a template can set.
    missing: int = 0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def notes(file: PriceFile) -> list[str]:
    """Report what a template must allow before an execution can use the file."""
    found = []
    if file.repeated:
        rows = "1 row repeats" if file.repeated == 1 else f"{file.repeated} rows repeat"
        found.append(f"{rows} a date; a template must set data.duplicates to first or last")
    if file.missing:
        rows = "1 row has no price and is" if file.missing == 1 else f"{file.missing} rows have no price and are"
        found.append(f"{rows} skipped (a template allows at most data.maxMissingShare of them)")
    return found


@dataclass(frozen=True)
class _WrongRow:
    """Problem of one row; ``column`` is empty if it concerns the whole row."""

    number: int
    column: str
    text: str
    allowed: str

    def problem(self, path: Path) -> Problem:
        return Problem(f"{path} row {self.number}{self.column}", self.text, self.allowed)


def read_price_files(paths: list[Path]) -> list[PriceFile]:
    """Check files ``<ASSET>.csv`` (columns Date and Close). All problems of all files are reported at once."""
    files: list[PriceFile] = []
    problems = _duplicate_assets(paths)
    for path in paths:
        try:
            files.append(_read(path))
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


def put(stack: Stack, files: list[PriceFile], source: str = "") -> list[Upsert]:
    """Store the files and their metadata; return what each upsert did.

    S3 computes and keeps the SHA-256, which executions freeze. An identical file is not stored again: a new version of the same
    bytes would be a different snapshot, so repeating a start under its id would be a conflict.
    """
    return [_put(stack, file, source) for file in files]


def _put(stack: Stack, file: PriceFile, source: str) -> Upsert:
    key, table = asset_key(file.asset), stack.dynamodb.Table(stack.outputs.asset_table)
    existing = table.get_item(Key={AssetAttribute.NAME: file.asset}, ConsistentRead=True).get("Item", {})
    source = storable(source)
    same = (existing.get(AssetAttribute.SHA256), existing.get(AssetAttribute.SOURCE)) == (file.sha256, source)
    if same and _current_version(stack, key) == existing[AssetAttribute.VERSION_ID]:
        return Upsert("unchanged", str(existing[AssetAttribute.STORED_AT]))
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
        AssetAttribute.STORED_AT: to_iso(datetime.now(UTC)),
    }
    return upsert(table, item, AssetAttribute.SHA256, AssetAttribute.STORED_AT)


def _current_version(stack: Stack, key: str) -> str | None:
    """Version of the object that executions would read; None if there is no object."""
    try:
        return current_version(stack.s3, stack.outputs.assets_bucket, key)
    except ClientError as error:
        if is_missing_object(error):
            return None
        raise


def stored(stack: Stack) -> list[dict[str, Any]]:
    """Return the metadata of every asset, by name."""
    table = stack.dynamodb.Table(stack.outputs.asset_table)
    return sorted(all_items(table, "scan"), key=lambda item: str(item[AssetAttribute.NAME]))


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
        missing = "is not a file" if path.exists() else "does not exist"
        return Problem(str(path), UNSTATED, f"{missing}; give files named <ASSET>.csv")
    if path.suffix != ".csv" or not re.fullmatch(ASSET_PATTERN, path.stem):
        return Problem(str(path), path.name, f"allowed: <ASSET>.csv, the asset in {ASSET_ALLOWED}")
    if path.stat().st_size > ASSET_MAX_BYTES:
        return Problem(str(path), path.stat().st_size, f"allowed: at most {ASSET_MAX_BYTES} bytes")
    return None


def _row_problems(path: Path, rows: list[tuple[str, str]]) -> list[Problem]:
    wrong = [bad for number, row in enumerate(rows, 2) if (bad := _wrong_row(number, *row))]
    return [row.problem(path) for row in wrong] if len(wrong) <= _SHOWN_ROWS else _by_fault(path, wrong)


def _by_fault(path: Path, wrong: Sequence[_WrongRow]) -> list[Problem]:
    """Report one problem for all rows with the same fault: the first row's number and text, and the number of rows."""
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
        allowed = f"allowed: a price from {PRICE_MIN:g} to {PRICE_MAX:g}; an empty cell if there is no price"
        return _WrongRow(number, " Close", close, allowed)
    return None


def _known(rows: list[tuple[str, str]]) -> list[tuple[datetime, str, float]]:
    """Rows that have a price, by date: the time, its text in the file, and the price."""
    read = [(moment(date), date.strip(), price(close)) for date, close in rows]
    known = [(when, text, value) for when, text, value in read if when and value is not None and not math.isnan(value)]
    return sorted(known, key=lambda row: row[0])


def _history_problems(path: Path, rows: list[tuple[str, str]]) -> list[Problem]:
    """Problems that the step would report with every template."""
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
