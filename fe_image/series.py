"""Lines in the formats of DeepAR: a series of the training or test channel, and an inference request."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from contracts.lags import needed_history
from fe_image.data.frequency import Frequency, iso
from fe_image.engineer import ModelSeries

_NUMBERS = orjson.OPT_SERIALIZE_NUMPY


def channel_line(data: ModelSeries, asset: int, end: int) -> bytes:
    """Return a series from the common start to cell ``end`` in the algorithm's JSON Lines format; null means no trading."""
    return _line(data, asset, data.series_start, end, end)


def request_line(data: ModelSeries, asset: int, start: int) -> bytes:
    """Return the request for the window that starts with cell ``start``, with the history that the model reads.

    In requests the algorithm documents ``"NaN"`` for a missing target, not null. ``dynamic_feat`` has no missing values.
    """
    history = needed_history(Frequency.parse(data.template.frequency), data.template.context_length)
    begin = max(data.series_start, start - history)
    line = _line(data, asset, begin, start, start + data.grid.prediction_length)
    return line.replace(b"null", b'"NaN"')


def _line(data: ModelSeries, asset: int, begin: int, end: int, features_end: int) -> bytes:
    line: dict[str, Any] = {
        "start": iso(data.grid.times[begin : begin + 1])[0],
        "target": np.ascontiguousarray(data.target[asset, begin:end]),
        "cat": [asset],
    }
    if data.dynamic.names:
        line["dynamic_feat"] = np.ascontiguousarray(data.dynamic.values[asset, :, begin:features_end])
    return orjson.dumps(line, option=_NUMBERS) + b"\n"
