"""The benchmark's own measure: what it reports is the command's, not the benchmark's."""

from __future__ import annotations

import os
import sys

import pytest

from bench.measured import Usage, measured, median


def test_the_peak_is_that_of_the_command_alone():
    held = bytearray(os.urandom(1)) * 200_000_000
    usage = measured([sys.executable, "-c", "pass"], os.environ)
    assert len(held) and usage.megabytes < 60
    more = measured([sys.executable, "-c", "held = bytearray(b'x') * 100_000_000"], os.environ)
    assert more.megabytes - usage.megabytes == pytest.approx(100_000_000 / 2**20, abs=10)


def test_seconds_are_the_commands_and_a_failure_ends_the_benchmark():
    usage = measured([sys.executable, "-c", "import time; time.sleep(0.3)"], os.environ)
    assert usage.seconds >= 0.3
    with pytest.raises(SystemExit, match="exit code 3"):
        measured([sys.executable, "-c", "raise SystemExit(3)"], os.environ)


def test_the_median_of_each_column():
    runs = [Usage(3.0, 1.0, 50.0), Usage(1.0, 2.0, 70.0), Usage(2.0, 3.0, 60.0)]
    assert median(runs) == Usage(2.0, 2.0, 60.0)
