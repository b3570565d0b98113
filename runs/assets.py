"""Price histories in the assets bucket: checked, put with a checksum, listed."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.layout import ASSET_MAX_BYTES, asset_key
from contracts.problems import Problem, ProblemsError
from contracts.tables import AssetAttribute
from runs.history import iso
from runs.pages import all_items
from runs.stack import Stack

ASSET_NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.^-]{0,39}"
COLUMNS = ("Date", "Close")
_SHOWN_ROWS = 5


@dataclass(frozen=True)
class PriceFile:
    """A checked price history: its bytes are what is stored."""

    asset: str
    content: bytes
    rows: int
    first: str
    last: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def read_price_files(paths: list[Path]) -> list[PriceFile]:
    """Check files ``<ASSET>.csv`` (columns Date and Close); every problem of every file is reported at once."""
    files: list[PriceFile] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            files.append(_read(path))
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProblemsError("assets", problems)
    return files


def put(stack: Stack, files: list[PriceFile], source: str = "") -> None:
    """Store the files and their metadata. S3 computes and keeps the SHA-256, which executions freeze."""
    table = stack.dynamodb.Table(stack.outputs.asset_table)
    for file in files:
        key = asset_key(file.asset)
        answer = stack.s3.put_object(
            Bucket=stack.outputs.assets_bucket,
            Key=key,
            Body=file.content,
            ContentType="text/csv",
            ChecksumSHA256=base64.b64encode(bytes.fromhex(file.sha256)).decode(),
        )
        table.put_item(
            Item={
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
        )


def stored(stack: Stack) -> list[dict[str, Any]]:
    """The metadata of every asset, by name."""
    table = stack.dynamodb.Table(stack.outputs.asset_table)
    return sorted(all_items(table.scan), key=lambda item: str(item[AssetAttribute.NAME]))


def _read(path: Path) -> PriceFile:
    problem = _file_problem(path)
    if problem is not None:
        raise ProblemsError("assets", [problem])
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        allowed = f"allowed: UTF-8 text; byte {error.start} is not"
        raise ProblemsError("assets", [Problem(str(path), path.name, allowed)]) from error
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    problems = _row_problems(path, text, rows)
    if problems:
        raise ProblemsError("assets", problems)
    dates = sorted(row["Date"] for row in rows)
    return PriceFile(path.stem, content, len(rows), dates[0], dates[-1])


def _file_problem(path: Path) -> Problem | None:
    if not path.is_file():
        return Problem(str(path), path.name, "allowed: an existing file <ASSET>.csv")
    if path.suffix != ".csv" or not re.fullmatch(ASSET_NAME_PATTERN, path.stem):
        return Problem(str(path), path.name, "allowed: <ASSET>.csv, the asset in letters, digits and . _ ^ - (at most 40)")
    if path.stat().st_size > ASSET_MAX_BYTES:
        return Problem(str(path), path.stat().st_size, f"allowed: at most {ASSET_MAX_BYTES} bytes")
    return None


def _row_problems(path: Path, text: str, rows: list[dict[str, Any]]) -> list[Problem]:
    header = next(csv.reader(io.StringIO(text)), [])
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        return [Problem(f"{path} column {column}", None, f"the header is {','.join(header) or 'empty'}") for column in missing]
    if not rows:
        return [Problem(str(path), "0 rows", "allowed: at least one row below the header")]
    found = [problem for number, row in enumerate(rows, 2) if (problem := _cell_problem(path, number, row))]
    if len(found) > _SHOWN_ROWS:
        rest = Problem(str(path), f"{len(found) - _SHOWN_ROWS} more such rows", "each is to be mended")
        return [*found[:_SHOWN_ROWS], rest]
    return found


def _cell_problem(path: Path, number: int, row: dict[str, Any]) -> Problem | None:
    try:
        datetime.fromisoformat(row["Date"] or "")
    except ValueError:
        return Problem(f"{path} row {number} Date", row["Date"], "allowed: an ISO 8601 date such as 2013-01-31")
    try:
        price = float(row["Close"] or "")
    except ValueError:
        price = math.nan
    if math.isfinite(price) and price > 0:
        return None
    allowed = "allowed: a positive price; leave the row out where there was none"
    return Problem(f"{path} row {number} Close", row["Close"], allowed)
