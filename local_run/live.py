"""What a person sees while a deployment and an execution run: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from contracts.status import SUCCEEDED
from local_run.deployed import ResourceEvent
from local_run.sagemaker.listener import SilentListener

_LINE_CHARS = 90


class LiveView(SilentListener):
    """Shows one thing at a time: resources while deploying, then each step with its last log line or its epochs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._made = 0
        #: Pipeline execution ARN and final status of what has ended, for whoever goes on from there.
        self.ended: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text="•"),
            TextColumn("{task.description:<20}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=console,
        )

    @contextmanager
    def showing(self) -> Iterator[LiveView]:
        """Live within the block. Without a terminal there is nothing to redraw, so lines are printed as things happen."""
        if not self._console.is_terminal:
            yield self
            return
        with self._progress:
            yield self

    def resource(self, event: ResourceEvent) -> None:
        """Progress of the deployment, as :func:`local_run.deployment.deploy` reports it."""
        if event.phase != "created":
            return
        with self._lock:
            self._made += 1
            self._note("deploying", f"{self._made} resources, last {event.type.rsplit(':', 1)[-1]} {event.name}", quiet=True)

    def deployed(self, seconds: float) -> None:
        with self._lock:
            self._finish("deploying", f"{self._made} resources in {seconds:.1f} s")

    def execution_finished(self, execution: str, status: str, reason: str | None) -> None:
        self.ended.put((execution, status))

    def step_started(self, execution: str, step: str, kind: str) -> None:
        with self._lock:
            self._note(step, kind)

    def step_finished(self, execution: str, step: str, status: str, reason: str | None) -> None:
        with self._lock:
            self._finish(step, status if status == SUCCEEDED else f"{status}: {reason or 'no reason given'}")

    def log_line(self, execution: str, step: str, line: str) -> None:
        with self._lock:
            self._note(step, line.strip()[:_LINE_CHARS], quiet=True)

    def epoch(self, execution: str, step: str, epoch: int, epochs: int | None, loss: float) -> None:
        with self._lock:
            self._note(step, f"epoch {epoch + 1}{f' of {epochs}' if epochs else ''}, training loss {loss:.4f}")
            self._progress.update(self._task(step), completed=epoch + 1, total=epochs)

    def warning(self, text: str) -> None:
        self._console.print(f"warning: {text}", style="yellow", markup=False)

    def note(self, name: str, text: str) -> None:
        """Something of the caller's own that is under way."""
        with self._lock:
            self._note(name, text)

    def finish(self, name: str, text: str) -> None:
        with self._lock:
            self._finish(name, text)

    def _task(self, name: str) -> TaskID:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=None, note="")
        return self._tasks[name]

    def _note(self, name: str, text: str, quiet: bool = False) -> None:
        self._progress.update(self._task(name), note=text)
        if not self._console.is_terminal and not quiet:
            self._console.print(f"{name}: {text}", markup=False, highlight=False)

    def _finish(self, name: str, text: str) -> None:
        task = self._task(name)
        self._progress.update(task, note=text, total=1, completed=1)
        self._progress.stop_task(task)
        if not self._console.is_terminal:
            self._console.print(f"{name}: {text}", markup=False, highlight=False)


