"""The backtest's request lines, their index, and what the model is asked to return.

``requests/lines/<n>.jsonl`` holds DeepAR inference requests, one per line: ``start``, ``target``, ``cat``, ``dynamic_feat``.
The batch transform writes ``backtest/<n>.jsonl.out`` with one response per line in the same order. ``requests/index.json``
says which base asset and window each line is.
Source: Amazon SageMaker developer guide, "DeepAR Inference Formats" (batch transform, ``DEEPAR_INFERENCE_CONFIG``).
"""

from __future__ import annotations

import json
from typing import Literal, TypedDict

LINES_FOLDER = "lines"
INDEX_FILE = "index.json"
INDEX_VERSION = 1
#: A file is the unit that a batch transform distributes over its instances.
LINES_PER_FILE = 200
OUTPUT_SUFFIX = ".out"
JSON_LINES = "application/jsonlines"
#: Most megabytes of one request line. SageMaker allows 100 for all concurrent requests of an instance together, so this leaves
#: room for four. Source: SageMaker API, CreateTransformJob.MaxPayloadInMB.
MAX_PAYLOAD_MB = 25

#: Sampled paths per line. The target transform is undone path by path, so samples are returned, not quantiles.
SAMPLES = 200
INFERENCE_CONFIG_VARIABLE = "DEEPAR_INFERENCE_CONFIG"
INFERENCE_CONFIG = json.dumps({"num_samples": SAMPLES, "output_types": ["samples"], "quantiles": []})

WindowKind = Literal["calibration", "test", "forecast"]


class RequestLine(TypedDict):
    """One line of a request file."""

    asset: str
    window: int  # 0 …: calibration windows first, then test windows


class RequestWindow(TypedDict):
    """One window; it forecasts ``prediction_length`` steps from ``start``."""

    kind: WindowKind
    start: str  # ISO 8601, the first forecast step
    end: str  # ISO 8601, the last forecast step


class RequestIndex(TypedDict):
    """The content of ``index.json``: ``files`` maps a name below ``lines/`` to its lines, in order."""

    version: int
    prediction_length: int
    frequency: str
    windows: list[RequestWindow]
    files: dict[str, list[RequestLine]]
