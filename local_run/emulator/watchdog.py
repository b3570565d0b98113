"""Ends the children of an emulator that was killed; started by ``processes.py`` as a process of its own.

Standard input has one line per event, ``start PID`` or ``end PID``. The pipe closes when the emulator ends, however it ends.
Then every group that was started and has not ended gets SIGTERM, and SIGKILL after a grace period.
"""

import contextlib
import os
import signal
import sys
import time

GRACE_SECONDS = 3.0


def main() -> None:
    running: set[int] = set()
    for line in sys.stdin:
        event, _, number = line.partition(" ")
        if event == "start":
            running.add(int(number))
        else:
            running.discard(int(number))
    if running:
        _signal(running, signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        _signal(running, signal.SIGKILL)


def _signal(groups: set[int], number: signal.Signals) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)


if __name__ == "__main__":
    main()
