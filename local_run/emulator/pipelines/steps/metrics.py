"""Reads metrics and the progress of epochs from a training job's log.

The built-in algorithms' metrics are defined by SageMaker itself; these are DeepAR's, as its jobs print them::

    #quality_metric: host=algo-1, epoch=3, train loss <loss>=-1.2345
    #quality_metric: host=algo-1, test mean_wQuantileLoss <loss>=0.0341
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_NUMBER = r"(\S+)"
BUILT_IN_METRICS: Sequence[Mapping[str, str]] = (
    {"Name": "train:loss", "Regex": rf"#quality_metric: host=\S+, epoch=\d+, train loss <loss>={_NUMBER}"},
    {"Name": "train:final_loss", "Regex": rf"#quality_metric: host=\S+, train final_loss <loss>={_NUMBER}"},
    {"Name": "train:progress", "Regex": rf"#progress_metric: host=\S+, completed {_NUMBER} ?%"},
    {"Name": "train:throughput", "Regex": rf"#throughput_metric: host=\S+, train throughput={_NUMBER} records/second"},
    {"Name": "test:RMSE", "Regex": rf"#quality_metric: host=\S+, test RMSE <loss>={_NUMBER}"},
    {"Name": "test:mean_wQuantileLoss", "Regex": rf"#quality_metric: host=\S+, test mean_wQuantileLoss <loss>={_NUMBER}"},
)
_EPOCH = re.compile(r"#quality_metric: host=\S+, epoch=(\d+), train loss <loss>=(\S+)")


@dataclass(frozen=True)
class MetricReader:
    """Reads metrics from lines by the definitions of a training job."""

    definitions: tuple[tuple[str, re.Pattern[str]], ...]

    @classmethod
    def of(cls, definitions: Sequence[Mapping[str, str]]) -> MetricReader:
        return cls(tuple((item["Name"], re.compile(item["Regex"])) for item in definitions))

    def read(self, line: str) -> list[tuple[str, float]]:
        """Yield the metrics in a line. Values that are not finite are ignored."""
        found = []
        for name, pattern in self.definitions:
            match = pattern.search(line)
            value = _finite(match.group(1)) if match else None
            if value is not None:
                found.append((name, value))
        return found


def epoch_in(line: str) -> tuple[int, float] | None:
    """Return the epoch (from 0) and its training loss if the line ends an epoch, otherwise None."""
    match = _EPOCH.search(line)
    loss = _finite(match.group(2)) if match else None
    return None if match is None or loss is None else (int(match.group(1)), loss)


def _finite(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
