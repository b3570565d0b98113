"""The emulator's SageMaker pipelines and endpoints, EventBridge and Lambda, assembled as one middleware.

>>> local = LocalSageMaker(on_progress=print)                                     # doctest: +SKIP
>>> with Emulator(middleware=local.middleware) as emulator, local.running(emulator):
...     arn = emulator.client("sagemaker").start_pipeline_execution(...)["PipelineExecutionArn"]
...     local.wait(arn)
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from local_run.emulator.access import AwsAccess
from local_run.emulator.advance import AdvanceApi
from local_run.emulator.clock import Clock
from local_run.emulator.delivery.bus import EventBus
from local_run.emulator.delivery.functions import FunctionHost
from local_run.emulator.endpoints import EndpointHost
from local_run.emulator.middleware import Layer
from local_run.emulator.options import Options
from local_run.emulator.pipelines.api.operations import JobApi, PipelineApi
from local_run.emulator.pipelines.engine.runner import Runner
from local_run.emulator.pipelines.engine.transitions import Transitions
from local_run.emulator.pipelines.records.jobs import JobStore
from local_run.emulator.pipelines.records.state import Execution, ExecutionStore
from local_run.emulator.pipelines.steps.container import ContainerBackend, ProcessBackend
from local_run.emulator.pipelines.steps.context import Services
from local_run.emulator.progress import OnProgress, Warned, guarded
from local_run.emulator.workspace import workspace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: One wait for the end of what runs; it is repeated.
IDLE_SECONDS = 600.0


class LocalSageMaker:
    """SageMaker pipelines and endpoints, EventBridge delivery and Lambda for one emulator.

    Before :meth:`attach` (or ``running``) and after :meth:`close`, all requests pass to moto. ``backend`` defaults to
    processes; with :class:`~local_run.emulator.pipelines.steps.container.DockerBackend` processing steps run in their image.
    """

    def __init__(
        self, options: Options | None = None, on_progress: OnProgress | None = None, backend: ContainerBackend | None = None
    ) -> None:
        self._options = options or Options()
        self._report = guarded(on_progress)
        self._backend = backend or ProcessBackend(self._options.repository)
        self._application: WSGIApplication | None = None
        self._layer: WSGIApplication | None = None
        self._resources = ExitStack()
        self._store = ExecutionStore()
        self._runner: Runner | None = None
        self._functions: FunctionHost | None = None
        self._events: EventBus | None = None
        self._endpoints: EndpointHost | None = None
        self._clock: Clock | None = None

    def middleware(self, application: WSGIApplication) -> WSGIApplication:
        """Wrap the emulator's application."""
        self._application = application

        def layered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            return (self._layer or application)(environ, start_response)

        return layered

    def attach(self, aws: AwsAccess) -> None:
        """Start answering requests. The emulator must be running."""
        if self._application is None:
            raise RuntimeError("give the emulator this layer's middleware first")
        if self._layer is not None:
            raise RuntimeError("the layer is attached already")
        folder = self._resources.enter_context(workspace(self._options.work_directory))
        self._functions = FunctionHost(aws, self._warn, folder)
        self._events = EventBus(aws, self._functions, self._options, self._warn)
        self._endpoints = EndpointHost(aws, self._options, self._warn, folder)
        slots = threading.BoundedSemaphore(self._options.max_concurrent_jobs)
        jobs = JobStore(aws.account_id, aws.region)
        services = Services(aws, replace(self._options, work_directory=folder), self._report, jobs, self._backend, slots)
        self._store = ExecutionStore()
        self._runner = Runner(services, Transitions(aws, self._events.emit, self._report))
        self._clock = Clock(aws, self._events, self.wait_until_idle, self._report)
        self._layer = Layer(
            self._application,
            aws.region,
            PipelineApi(services, self._store, self._runner),
            JobApi(services),
            self._endpoints,
            self._functions,
            self._events.invoke_later,
            services.supplements,
            AdvanceApi(aws, self._clock),
        )

    @contextmanager
    def running(self, aws: AwsAccess) -> Iterator[LocalSageMaker]:
        """Attach within the block, and end everything that was started afterwards."""
        self.attach(aws)
        try:
            yield self
        finally:
            self.close()

    @property
    def functions(self) -> FunctionHost:
        """Invokes deployed functions: ``functions.invoke(name_or_arn, event)``."""
        if self._functions is None:
            raise RuntimeError("the layer is not attached")
        return self._functions

    @property
    def events(self) -> EventBus:
        """The event bus: ``events.drain(timeout)`` waits until every event has been delivered."""
        if self._events is None:
            raise RuntimeError("the layer is not attached")
        return self._events

    @property
    def clock(self) -> Clock:
        """Fires the deployed schedules: ``clock.run(speed)`` in a thread, ``clock.advance(duration)`` at once."""
        if self._clock is None:
            raise RuntimeError("the layer is not attached")
        return self._clock

    def wait_until_idle(self) -> None:
        """Wait until no execution runs and every event has been delivered."""
        while True:
            self.events.drain(IDLE_SECONDS)
            running = [execution for execution in self._store if not execution.finished]
            if not running:
                return
            for execution in running:
                execution.wait(IDLE_SECONDS)

    def execution(self, arn: str) -> Execution:
        """Return the execution; raises :class:`~local_run.emulator.pipelines.errors.ApiError` if it does not exist."""
        return self._store.get(arn)

    def wait(self, arn: str, timeout: float | None = None) -> bool:
        """Wait for an execution's end and for its events' delivery, each at most ``timeout`` seconds; False if too slow."""
        return self.execution(arn).wait(timeout) and self.events.drain(timeout if timeout is not None else 3600)

    def _warn(self, text: str) -> None:
        self._report(Warned(text))

    def close(self) -> None:
        """Stop all executions, processes and deliveries. A second call has no effect."""
        if self._clock is not None:
            self._clock.close()
        if self._runner is not None:
            for execution in self._store:
                self._runner.stop(execution)
            self._runner.close()
        if self._events is not None:
            self._events.close()
        if self._functions is not None:
            self._functions.close()
        if self._endpoints is not None:
            self._endpoints.close()
        self._layer = self._runner = self._events = self._functions = self._endpoints = self._clock = None
        self._resources.close()
