"""EventBridge for the emulator: delivers events to the targets of the deployed rules.

moto stores rules and targets but never invokes a Lambda target. Here, each event is matched with the rules that are deployed at
that moment. Events are delivered in the background, one at a time and in order, unless a fault option changes that.

As on AWS, there are two kinds of failure. An event that EventBridge cannot *deliver* is sent to the target's dead-letter queue:
at once if the function or the permission is missing, otherwise after the retries of the target's RetryPolicy. If a function
was *invoked* and failed, Lambda retries it, by default twice, and then sends the event to the function's on-failure
destination. Without a destination, the event is lost and a warning is reported.
Source: EventBridge user guide, "Event retry policy and using dead-letter queues"; Lambda developer guide, "Asynchronous
invocation".
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local_run.emulator.delivery.targets import Delivery, EventTargets, Target, matching_targets

if TYPE_CHECKING:
    from local_run.emulator.access import AwsAccess
    from local_run.emulator.delivery.functions import FunctionHost
    from local_run.emulator.options import Options

Event = Mapping[str, Any]


@dataclass(order=True)
class _Due:
    at: float
    order: int
    work: Callable[[], None] = field(compare=False)


class EventBus:
    """Takes events and delivers them in its own thread."""

    def __init__(self, aws: AwsAccess, functions: FunctionHost, options: Options, warn: Callable[[str], None]) -> None:
        self._aws = aws
        self._options = options
        self._warn = warn
        self._targets = EventTargets(aws, functions, warn)
        self._order = itertools.count()
        self._queue: list[_Due] = []
        self._held: Event | None = None
        self._working = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._deliver_all, name="event-bus", daemon=True)
        self._thread.start()

    def emit(self, event: Event) -> None:
        """Queue an event for all matching targets. Fault options can drop, duplicate or reorder it."""
        faults = self._options.event_faults
        with self._changed:
            if faults.happens(faults.drop):
                return
            if self._held is None and faults.happens(faults.reorder):
                self._held = event
                return
            batch = [event, *([event] if faults.happens(faults.duplicate) else [])]
            if self._held is not None:
                batch.append(self._held)
                self._held = None
            for item in batch:
                self._schedule(0, lambda item=item: self._route(item))  # type: ignore[misc]

    def deliver(self, target: Target, event: Event) -> None:
        """Deliver an event to one target, which a schedule has."""
        with self._changed:
            self._schedule(0, lambda: self._attempt(Delivery.of_target(target, event)))

    def invoke_later(self, function_arn: str, event: Any) -> None:
        """Invoke a function asynchronously, with Lambda's retries."""
        with self._changed:
            self._schedule(0, lambda: self._attempt(Delivery.of_invocation(function_arn, event)))

    def drain(self, timeout: float) -> bool:
        """Wait until all events are delivered, including retries. Returns False if that takes more than ``timeout`` seconds."""
        with self._changed:
            if self._held is not None:
                held, self._held = self._held, None
                self._schedule(0, lambda: self._route(held))
            return self._changed.wait_for(lambda: self._closed or not (self._queue or self._working), timeout)

    def close(self) -> None:
        """Stop delivering, and drop queued events."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _schedule(self, delay: float, work: Callable[[], None]) -> None:
        heapq.heappush(self._queue, _Due(time.monotonic() + delay, next(self._order), work))
        self._changed.notify_all()

    def _deliver_all(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - one event's error must not stop the bus; it is reported
                self._warn(f"event delivery: {type(error).__name__}: {error}")
            finally:
                with self._changed:
                    self._working = False
                    self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._closed:
                wait = self._queue[0].at - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    self._working = True
                    return heapq.heappop(self._queue).work
                self._changed.wait(wait)
        return None

    def _route(self, event: Event) -> None:
        for target in matching_targets(self._aws, event):
            self._attempt(Delivery.of_target(target, event))

    def _attempt(self, delivery: Delivery) -> None:
        following = self._targets.attempt(delivery)
        if following is not None:
            with self._changed:
                self._schedule(self._options.scaled(following.delay), lambda: self._attempt(following))


__all__ = ["Event", "EventBus", "Target"]
