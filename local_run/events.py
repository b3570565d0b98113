"""EventBridge for the emulator: SageMaker's events, the deployed rules, and delivery to their targets.

moto keeps rules and targets but never invokes a Lambda target. Here events are matched with the rules as they are deployed
(read back for every event) and delivered in the background, one at a time and in order unless a fault option says otherwise.

Two kinds of failure are kept apart, as on AWS. What EventBridge can not *deliver* goes to the target's dead-letter queue: at
once where no retry can help (no such function, no permission), else after the target's RetryPolicy. A function that was
*invoked* and failed is tried again by Lambda (two retries unless the function's event invoke configuration says otherwise)
and then its event goes to the function's on-failure destination; without one it is lost, and the listener is told.
Source: EventBridge user guide, "Event retry policy and using dead-letter queues"; Lambda developer guide, "Asynchronous
invocation"; SageMaker developer guide, "Automating SageMaker with Amazon EventBridge".
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contracts.status import EXECUTION_EVENT, FAILED, STEP_EVENT
from local_run.event_targets import Delivery, EventTargets, Target, matching_targets

if TYPE_CHECKING:
    from local_run.functions import FunctionHost
    from local_run.sagemaker.access import AwsAccess
    from local_run.sagemaker.listener import Listener
    from local_run.sagemaker.options import Options
    from local_run.sagemaker.state import Execution, StepRun

Event = Mapping[str, Any]



def execution_event(aws: AwsAccess, execution: Execution, previous: str | None) -> Event:
    """The event of an execution's change of status; ``previous`` is None when it begins."""
    detail = {
        "pipelineExecutionDisplayName": execution.display_name,
        "pipelineExecutionDescription": execution.description,
        "currentPipelineExecutionStatus": execution.status,
        "previousPipelineExecutionStatus": previous,
        "executionStartTime": _time(execution.created),
        "executionEndTime": _time(execution.ended),
        "pipelineArn": execution.pipeline_arn,
        "pipelineExecutionArn": execution.arn,
    }
    return _envelope(aws, EXECUTION_EVENT, [execution.pipeline_arn, execution.arn], detail)


def step_event(aws: AwsAccess, execution: Execution, run: StepRun, previous: str | None) -> Event:
    """The event of a step's change of status."""
    detail = {
        "metadata": {_lower(kind): {_lower(key): value for key, value in item.items()} for kind, item in run.metadata.items()},
        "stepStartTime": _time(run.started),
        "stepEndTime": _time(run.ended),
        "stepName": run.step.name,
        "stepType": run.step.kind,
        "previousStepStatus": previous,
        "currentStepStatus": run.status,
        "failureReason": run.failure_reason if run.status == FAILED else None,
        "pipelineArn": execution.pipeline_arn,
        "pipelineExecutionArn": execution.arn,
    }
    return _envelope(aws, STEP_EVENT, [execution.pipeline_arn, execution.arn], detail)


def _envelope(aws: AwsAccess, detail_type: str, resources: list[str], detail: Mapping[str, Any]) -> Event:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.sagemaker",
        "account": aws.account_id,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": aws.region,
        "resources": resources,
        "detail": {key: value for key, value in detail.items() if value is not None},
    }


def _time(moment: Any) -> str | None:
    return None if moment is None else str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


@dataclass(order=True)
class _Due:
    at: float
    order: int
    work: Callable[[], None] = field(compare=False)


class EventBus:
    """Takes events and delivers them in a thread of its own."""

    def __init__(self, aws: AwsAccess, functions: FunctionHost, options: Options, listener: Listener) -> None:
        self._aws = aws
        self._options = options
        self._listener = listener
        self._targets = EventTargets(aws, functions, listener)
        self._order = itertools.count()
        self._queue: list[_Due] = []
        self._held: Event | None = None
        self._working = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._deliver_all, name="event-bus", daemon=True)
        self._thread.start()

    def emit(self, event: Event) -> None:
        """Queue an event for every matching target. The fault options may lose it, double it, or let the next overtake it."""
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

    def invoke_later(self, function_arn: str, event: Any) -> None:
        """An asynchronous invocation, with Lambda's own retries."""
        with self._changed:
            self._schedule(0, lambda: self._attempt(Delivery.of_invocation(function_arn, event)))

    def drain(self, timeout: float) -> bool:
        """Wait until nothing is left to deliver, retries included; whether that came within ``timeout`` seconds."""
        with self._changed:
            if self._held is not None:
                held, self._held = self._held, None
                self._schedule(0, lambda: self._route(held))
            return self._changed.wait_for(lambda: self._closed or not (self._queue or self._working), timeout)

    def close(self) -> None:
        """Stop delivering; what is still queued is dropped."""
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
            except Exception as error:  # noqa: BLE001 - one event's trouble must not end the bus; it is told, not hidden
                self._listener.warning(f"event delivery: {type(error).__name__}: {error}")
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


__all__ = ["Event", "EventBus", "Target", "execution_event", "step_event"]
