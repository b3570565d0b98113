"""A command's time and memory, measured from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

# The kernel counts a process's peak from what its parent held when it started it: a child of this benchmark would never report
# less than the benchmark's own hundreds of megabytes. The launcher in between has ten.
_LAUNCHER = """
import json, os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - began
process.returncode = os.waitstatus_to_exitcode(status)
print(json.dumps([process.returncode, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


class Usage(NamedTuple):
    """Wall clock, processor time, and the most memory that the process itself held."""

    seconds: float
    processor_seconds: float
    megabytes: float


def measured(command: list[str], environment: Mapping[str, str]) -> Usage:
    """Run the command to its end; its output is dropped, its errors are shown. One that fails ends the benchmark."""
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command]
    run = subprocess.run(launcher, env=dict(environment), stdout=subprocess.PIPE, text=True, check=True)
    code, *usage = json.loads(run.stdout)
    if code:
        raise SystemExit(f"{' '.join(command[:4])} … failed with exit code {code}")
    return Usage(*usage)


def median(runs: list[Usage]) -> Usage:
    """The middle of each column."""
    return Usage(*(sorted(values)[len(values) // 2] for values in zip(*runs, strict=True)))
