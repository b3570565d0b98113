"""What a person sees while a deployment and an execution run: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from contracts.display import printable
from contracts.status import SUCCEEDED
from local_run.deployment.deployed import ResourceEvent
from local_run.emulator.listener import SilentListener

_LINE_CHARS = 90


#: A row's place: the ARN of its execution (empty for what belongs to none), and the step or other thing that it tells of.
_Row = tuple[str, str]


class LiveView(SilentListener):
    """Shows what is under way: resources while deploying, then each step with its last log line or its epochs.

    On a terminal what has ended moves up as it stands, an execution's steps together; only what runs is redrawn below it.
    Everything of an execution begins with its name, unless there is never more than a ``single`` one.
    """

    def __init__(self, console: Console, *, single: bool = False) -> None:
        self._console = console
        self._single = single
        self._lock = threading.Lock()
        self._made = 0
        #: Pipeline execution ARN and final status of what has ended, for whoever goes on from there.
        self.ended: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._names: dict[str, str] = {}
        self._tasks: dict[_Row, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text="•"),
            TextColumn("{task.description:<20}", markup=False),
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
        """Progress of the deployment, as :func:`local_run.deployment.deploy.deploy` reports it."""
        if event.phase != "created":
            return
        with self._lock:
            self._made += 1
            text = f"{self._made} resources, last {event.type.rsplit(':', 1)[-1]} {event.name}"
            self._note(("", "deploying"), text, quiet=True)

    def deployed(self, seconds: float) -> None:
        self.finish("deploying", f"{self._made} resources in {seconds:.1f} s")

    def execution_started(self, execution: str, name: str) -> None:
        with self._lock:
            self._names[execution] = name

    def execution_finished(self, execution: str, status: str, reason: str | None) -> None:
        with self._lock:
            self._move_up([row for row in self._tasks if row[0] == execution])
            self._names.pop(execution, None)
        self.ended.put((execution, status))

    def step_started(self, execution: str, step: str, kind: str) -> None:
        with self._lock:
            self._note((execution, step), kind)

    def step_finished(self, execution: str, step: str, status: str, reason: str | None) -> None:
        with self._lock:
            self._finish((execution, step), status if status == SUCCEEDED else f"{status}: {reason or 'no reason given'}")

    def log_line(self, execution: str, step: str, line: str) -> None:
        with self._lock:
            if (execution, step) in self._tasks:
                self._note((execution, step), line.strip()[:_LINE_CHARS], quiet=True)

    def epoch(self, execution: str, step: str, epoch: int, epochs: int | None, loss: float) -> None:
        row = (execution, step)
        with self._lock:
            if row in self._tasks:
                self._note(row, f"epoch {epoch + 1}{f' of {epochs}' if epochs else ''}, training loss {loss:.4f}")
                self._progress.update(self._tasks[row], completed=epoch + 1, total=epochs)

    def warning(self, text: str) -> None:
        self._console.print(printable(f"warning: {text}"), style="yellow", markup=False)

    def note(self, name: str, text: str) -> None:
        """Something of the caller's own that is under way."""
        with self._lock:
            self._note(("", name), text)

    def finish(self, name: str, text: str) -> None:
        """The end of something of the caller's own."""
        with self._lock:
            self._finish(("", name), text)
            self._move_up([("", name)])

    def _label(self, row: _Row) -> str:
        execution, what = row
        return printable(what if self._single or execution not in self._names else f"{self._names[execution]} {what}")

    def _task(self, row: _Row) -> TaskID:
        if row not in self._tasks:
            self._tasks[row] = self._progress.add_task(self._label(row), total=None, note="")
        return self._tasks[row]

    def _note(self, row: _Row, text: str, quiet: bool = False) -> None:
        text = printable(text)
        self._progress.update(self._task(row), note=text)
        if not self._console.is_terminal and not quiet:
            self._console.print(f"{self._label(row)}: {text}", markup=False, highlight=False)

    def _finish(self, row: _Row, text: str) -> None:
        task, text = self._task(row), printable(text)
        self._progress.update(task, note=text, total=1, completed=1)
        self._progress.stop_task(task)
        if not self._console.is_terminal:
            self._console.print(f"{self._label(row)}: {text}", markup=False, highlight=False)

    def _move_up(self, rows: list[_Row]) -> None:
        """Take rows out of the live display; on a terminal they stay above it as they are."""
        ids = [self._tasks.pop(row) for row in rows]
        tasks = [task for task in self._progress.tasks if task.id in ids]
        for id_ in ids:
            self._progress.remove_task(id_)
        if tasks and self._console.is_terminal:
            self._progress.refresh()
            self._console.print(self._progress.make_tasks_table(tasks))
