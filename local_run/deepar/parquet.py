"""Rows of Parquet files, which have the same fields as the lines of JSON Lines.

Source: Amazon SageMaker developer guide, "Input/Output Interface for the DeepAR Algorithm".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from contracts.problems import one_problem


def rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Return the rows of a file with their numbers, from 1. A field that is null counts as missing, a timestamp as text.

    Raises:
        ProblemsError: the file is not Parquet.
    """
    import pyarrow
    import pyarrow.parquet  # takes long, and few channels are Parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise one_problem(
            "input data", path.name, str(error), "allowed: a Parquet file if the name ends in .parquet"
        ) from error
    for number, row in enumerate(table.to_pylist(), start=1):
        yield number, {name: _plain(value) for name, value in row.items() if value is not None}


def _plain(value: object) -> object:
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else value
