"""The emulator's time: this machine's clock plus an offset, which only grows while an emulator runs.

The offset applies to the whole process, as moto's state does, and to the worker processes of functions. It changes what the
time of day is, never how long a wait takes: waits use the monotonic clock.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import time_machine

_lock = threading.Lock()
_traveller: time_machine.travel | None = None
_coordinates: time_machine.Traveller | None = None
_offset = timedelta()


def offset() -> timedelta:
    """Return how far the emulator's time is ahead of this machine's."""
    return _offset


def move_to(moment: datetime) -> None:
    """Let the emulator's time jump to a later moment, from which it goes on. An earlier moment changes nothing."""
    global _traveller, _coordinates, _offset
    with _lock:
        ahead = moment - datetime.now(UTC)
        if ahead <= timedelta():
            return
        _offset += ahead
        if _coordinates is not None:
            _coordinates.shift(ahead)
            return
        _traveller = time_machine.travel(moment.timestamp(), tick=True)  # a time zone would change TZ
        _coordinates = _traveller.start()


def reset() -> None:
    """Return to this machine's time."""
    global _traveller, _coordinates, _offset
    with _lock:
        if _traveller is not None:
            _traveller.stop()
        _traveller, _coordinates, _offset = None, None, timedelta()
