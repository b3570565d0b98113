"""Joins the batch transform's output with the index of the request lines.

The transform writes ``<file>.out`` with one response per request, in the same order. Anything else means that the model or the
transform failed in part, and no score of it would be right.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from contracts.backtest import OUTPUT_SUFFIX, RequestIndex, RequestLine
from contracts.problems import one_problem
from fe_image.data.arrays import Floats


def read_responses(folder: Path, index: RequestIndex, subject: str = "backtest") -> Iterator[tuple[RequestLine, Floats]]:
    """Yield each request line with its sampled paths, shape (samples, prediction_length), on the transformed target.

    ``subject`` names the transform in messages.

    Raises:
        ProblemsError: a file or line that is missing, unexpected, of the wrong shape, or not finite.
    """
    for name, requests in index["files"].items():
        path = folder / f"{name}{OUTPUT_SUFFIX}"
        if not path.is_file():
            raise one_problem(subject, path.name, None, f"the transform writes it for requests/lines/{name}")
        lines = [line for line in path.read_bytes().splitlines() if line.strip()]
        if len(lines) != len(requests):
            raise one_problem(subject, path.name, f"{len(lines)} lines", f"allowed: {len(requests)}, as {name} has requests")
        for number, (request, line) in enumerate(zip(requests, lines, strict=True), start=1):
            yield request, _paths(line, subject, f"{path.name} line {number}", index["prediction_length"])


def _paths(line: bytes, subject: str, where: str, steps: int) -> Floats:
    allowed = f'allowed: {{"samples": [[…]]}} with at least one path of {steps} finite numbers'
    try:
        response: Any = orjson.loads(line)
        paths = np.array(response["samples"], dtype=np.float64)
    except (ValueError, KeyError, TypeError) as error:
        shown = line[:80].decode("utf-8", "replace")
        raise one_problem(subject, where, shown, f"{allowed} ({type(error).__name__}: {error})") from error
    if paths.ndim != 2 or paths.shape[0] < 1 or paths.shape[1] != steps:
        raise one_problem(subject, where, f"samples of shape {paths.shape}", allowed)
    if not np.isfinite(paths).all():
        found = int((~np.isfinite(paths)).sum())
        raise one_problem(subject, where, f"{found} values that are not finite", allowed)
    return paths
