"""The contents of ``forecast/``: JSON for programs, and one row per asset and time as CSV and Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from contracts import published_forecast as names
from contracts.published_forecast import ForecastRow, PublishedForecast
from fe_image.data.frequency import iso
from fe_image.evaluation.data import Actual
from fe_image.evaluation.reports import HISTORY_CONTEXTS
from fe_image.json_text import json_bytes

FOLDER = "forecast"
_TEXT, _TIMES = ("asset",), ("cutoff", "time")


def forecast_files(forecast: PublishedForecast) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the name and the content of each file."""
    yield f"{FOLDER}/{names.FORECAST_JSON}", [json_bytes(forecast)]
    yield f"{FOLDER}/{names.FORECAST_CSV}", [csv_bytes(forecast["rows"])]
    yield f"{FOLDER}/{names.FORECAST_PARQUET}", [parquet_bytes(forecast["rows"])]


def history(actual: Actual) -> dict[str, list[float | None] | list[str]]:
    """Return the predicted asset's prices before the forecast, by calendar step."""
    end = actual.grid.first_window
    cells = slice(max(0, end - HISTORY_CONTEXTS * actual.template.context_length), end)
    price = [float(value) if np.isfinite(value) else None for value in actual.price[actual.predicted, cells]]
    return {"timestamps": iso(actual.grid.times[cells]), "price": price}


def csv_bytes(rows: Sequence[ForecastRow]) -> bytes:
    """Return ``asset,cutoff,time,mean,q0.025,…`` and one line per row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    table = _table(rows)
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return out.getvalue().encode()


def parquet_bytes(rows: Sequence[ForecastRow]) -> bytes:
    """Return the same columns as the CSV in one Parquet file; cutoff and time are timestamps."""
    import fastparquet  # both are slow to import
    import pandas

    frame = pandas.DataFrame(_table(rows))
    for name in _TIMES:
        # fastparquet 2026.9 writes times with a resolution of seconds as if they had milliseconds.
        frame[name] = frame[name].astype("datetime64[us]")
    for name in _TEXT:
        frame[name] = frame[name].astype(object)
    with TemporaryDirectory() as folder:
        path = Path(folder) / names.FORECAST_PARQUET
        fastparquet.write(str(path), frame, compression="GZIP", write_index=False)
        return path.read_bytes()


def _table(rows: Sequence[ForecastRow]) -> dict[str, list[str] | list[float]]:
    table: dict[str, list[str] | list[float]] = {
        "asset": [row["asset"] for row in rows],
        "cutoff": [row["cutoff"] for row in rows],
        "time": [row["time"] for row in rows],
        "mean": [row["mean"] for row in rows],
    }
    return table | {f"q{level}": [row["quantiles"][level] for row in rows] for level in rows[0]["quantiles"]}
