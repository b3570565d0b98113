"""The emulator's clock: fires the deployed schedules and rules, in real time, faster, or when it is advanced by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from local_run.emulator import virtual_time
from local_run.emulator.access import AwsAccess
from local_run.emulator.delivery.bus import EventBus
from local_run.emulator.delivery.schedules import Schedule, deployed_schedules
from local_run.emulator.progress import OnProgress, ScheduleFired, Warned

#: How often the clock looks for what is due, in seconds of this machine: in real time, and if time passes faster. Schedules are
#: precise to one minute.
REAL_TICK, FAST_TICK = 10.0, 1.0


@dataclass(frozen=True)
class Fired:
    """A schedule and the time for which it fired, UTC."""

    name: str
    due: datetime


class Clock:
    """Knows when each deployed schedule is due. Thread safe.

    ``wait_until_idle`` returns when nothing runs: no execution, no delivery.
    """

    def __init__(self, aws: AwsAccess, bus: EventBus, wait_until_idle: Callable[[], None], report: OnProgress) -> None:
        self._aws, self._bus, self._wait_until_idle, self._report = aws, bus, wait_until_idle, report
        self._due: dict[tuple[str, str], datetime | None] = {}
        self._schedules: dict[tuple[str, str], Schedule] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._looked_at = datetime.now(UTC)

    def run(self, speed: float) -> None:
        """Fire what is due from now on, in a thread of its own. With a speed above 1, time passes so much faster."""
        self._thread = threading.Thread(target=self._tick, args=(speed,), name="clock", daemon=True)
        self._thread.start()

    def advance(self, duration: timedelta) -> list[Fired]:
        """Let a time pass: fire all that becomes due, in order, each after what the one before it started has ended."""
        with self._lock:
            fired, end = list[Fired](), datetime.now(UTC) + duration
            while (found := self._earliest(end)) is not None:
                self._wait_until_idle()
                virtual_time.move_to(found.due)
                self._fire(found, fired)
            self._wait_until_idle()
            virtual_time.move_to(end)
            self._looked_at = end
            return fired

    def close(self) -> None:
        """Stop firing, and return to this machine's time."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        virtual_time.reset()

    def _tick(self, speed: float) -> None:
        tick = FAST_TICK if speed > 1 else REAL_TICK
        while not self._ended.wait(tick):
            with self._lock:
                try:
                    if speed > 1:
                        virtual_time.move_to(datetime.now(UTC) + timedelta(seconds=tick) * (speed - 1))
                    now = datetime.now(UTC)
                    while (found := self._earliest(now)) is not None:
                        self._fire(found, [])
                except Exception as error:  # noqa: BLE001 - the clock must go on; the error is reported
                    self._report(Warned(f"clock: {type(error).__name__}: {error}"))

    def _earliest(self, until: datetime) -> Fired | None:
        """What is due first, at ``until`` or before."""
        self._look()
        due = [(moment, key) for key, moment in self._due.items() if moment is not None and moment <= until]
        if not due:
            return None
        moment, key = min(due)
        return Fired(key[0], moment) if key in self._schedules else None

    def _look(self) -> None:
        """Learn of schedules that were created, changed or deleted. A new one counts from the look before it was found."""
        before, self._looked_at = self._looked_at, datetime.now(UTC)
        self._schedules = {(found.name, found.expression): found for found in deployed_schedules(self._aws)}
        known = self._due
        self._due = {key: known[key] if key in known else found.due_after(before) for key, found in self._schedules.items()}

    def _fire(self, found: Fired, fired: list[Fired]) -> None:
        key, schedule = next((key, one) for key, one in self._schedules.items() if key[0] == found.name)
        self._due[key] = schedule.due_after(found.due)
        for target, event in schedule.deliveries(found.due, self._aws):
            self._bus.deliver(target, event)
        self._report(ScheduleFired(found.name, found.due))
        fired.append(found)
