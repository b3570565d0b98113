"""Logging in the format of the built-in algorithm, so that the same regular expressions find the metrics.

``[02/25/2022 07:11:36 INFO 139844299908736] #test_score (algo-1, RMSE): 0.3283896350838211``
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

HOST = "algo-1"


@contextmanager
def log_to_stdout() -> Iterator[None]:
    """Log this package to standard output within the block, in the algorithm's format."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("[%(asctime)s %(levelname)s %(thread)d] %(message)s", "%m/%d/%Y %H:%M:%S"))
    package = logging.getLogger("local_run.deepar")
    level = package.level
    package.addHandler(handler)
    package.setLevel(logging.INFO)
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(level)
