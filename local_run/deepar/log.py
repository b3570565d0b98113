"""The log as the built-in algorithm writes it, so that the same expressions find the same metrics in either.

``[02/25/2022 07:11:36 INFO 139844299908736] #test_score (algo-1, RMSE): 0.3283896350838211``
"""

from __future__ import annotations

import logging
import sys

HOST = "algo-1"


def log_to_stdout() -> logging.Handler:
    """Send this package's log to standard output, in the algorithm's format; returns the handler, to be removed again."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("[%(asctime)s %(levelname)s %(thread)d] %(message)s", "%m/%d/%Y %H:%M:%S"))
    package = logging.getLogger("local_run.deepar")
    package.addHandler(handler)
    package.setLevel(logging.INFO)
    return handler
