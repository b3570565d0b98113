"""Request lines for an endpoint: those that the forecast pipeline prepared, or those of a file.

Source: Amazon SageMaker developer guide, "DeepAR inference formats".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from contracts.backtest import INDEX_FILE
from contracts.files import unreadable_file
from contracts.frequency import Frequency
from contracts.layout import ExecutionLayout
from contracts.manifest import parse_manifest
from contracts.problems import Problem, ProblemsError, listed, one_problem
from contracts.strict_json import parse
from runs.aws_errors import is_missing_object
from runs.stack import Stack

_PROBLEMS_SHOWN = 10


@dataclass(frozen=True)
class Request:
    """One request line: ``line`` is a DeepAR instance with ``start`` and ``target``."""

    asset: str
    line: Mapping[str, Any]


def file_content(file: Path) -> str:
    """Return the text of a file with request lines.

    Raises:
        ProblemsError: it cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise unreadable_file(file, error, "allowed: JSON Lines with one DeepAR request each") from error


def stored_lines(stack: Stack, execution_id: str, advice: str) -> str:
    """Return all request lines of a forecast, compared with the manifest of the step that wrote them.

    Raises:
        ProblemsError: an object has expired, or is not what the step wrote; ``advice`` says what to do instead.
    """
    bucket, layout = stack.outputs.models_bucket, ExecutionLayout(execution_id)

    def content(key: str) -> bytes:
        try:
            found: bytes = stack.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if not is_missing_object(error):
                raise
            expired = f"the objects of forecast {execution_id} have expired; {advice}"
            raise one_problem("predict", f"s3://{bucket}/{key}", None, expired) from error
        return found

    where = layout.manifest
    try:
        entries = parse_manifest(content(where))
        where = f"{layout.requests}/{INDEX_FILE}"
        files = _indexed_files(content(where))
    except ValueError as error:
        raise one_problem("predict", f"s3://{bucket}/{where}", str(error), f"it was changed; {advice}") from error
    texts = []
    for file in files:
        key = f"{layout.request_lines}/{file}"
        found, expected = content(key), entries.get(key.removeprefix(f"{layout.prefix}/"))
        actual = hashlib.sha256(found).hexdigest()
        if expected is None or actual != expected["sha256"]:
            allowed = f"the manifest has {expected['sha256'] if expected else 'no such file'}; {advice}"
            raise one_problem("predict", f"s3://{bucket}/{key}", f"SHA-256 {actual}", allowed)
        texts.append(found.decode())
    return "".join(texts)


def read_requests(content: str, template: Mapping[str, Any], source: str) -> list[Request]:
    """Return the requests of JSON Lines. A line's ``cat`` says which base asset it is about.

    Raises:
        ProblemsError: every line that is no request, or there is none.
    """
    requests, problems = [], []
    for number, text in enumerate(content.splitlines(), start=1):
        if text.strip():
            try:
                requests.append(_request(text, template))
            except (KeyError, TypeError, ValueError) as error:
                allowed = f"allowed: a DeepAR request with start, target and cat, as JSON on one line ({error})"
                problems.append(Problem(f"{source} line {number}", text, allowed))
    if not requests and not problems:
        problems.append(Problem(source, "", "allowed: at least one line with a DeepAR request"))
    if problems:
        raise ProblemsError("predict", problems[:_PROBLEMS_SHOWN])
    return requests


def _indexed_files(content: bytes) -> list[str]:
    """The names below ``lines/`` that an index lists."""
    index = parse(content.decode())
    files = index.get("files") if isinstance(index, dict) else None
    if not isinstance(files, dict):
        raise ValueError("not an index of request lines")
    return list(files)


def _request(text: str, template: Mapping[str, Any]) -> Request:
    line = parse(text)
    if not isinstance(line, dict) or not isinstance(line.get("target"), list):
        raise ValueError("target is not a list")
    _check_start(datetime.fromisoformat(line["start"]), len(line["target"]), template)
    assets: Sequence[str] = template["baseAssets"]
    category = line["cat"][0] if isinstance(line["cat"], list) and line["cat"] else line["cat"]
    if not isinstance(category, int) or not 0 <= category < len(assets):
        raise ValueError(f"cat is {category!r}; the model knows 0 to {len(assets) - 1}: {listed(assets)}")
    return Request(assets[category], line)


def _check_start(start: datetime, known: int, template: Mapping[str, Any]) -> None:
    if start.tzinfo is not None:
        raise ValueError("start has a time zone")
    try:
        Frequency.parse(template["frequency"]).later(start, known + int(template["predictionLength"]) - 1)
    except (OverflowError, ValueError) as error:
        raise ValueError("its forecast ends after the year 9999") from error
