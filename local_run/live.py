"""Shows a deployment and its executions: a live display on a terminal, otherwise one line per event."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from rich import progress as bars
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from contracts.display import printable
from contracts.status import SUCCEEDED
from local_run.deployment.deployed import ResourceEvent
from local_run.emulator.progress import (
    EpochFinished,
    ExecutionFinished,
    ExecutionStarted,
    LogLine,
    Progress,
    ScheduleFired,
    StepFinished,
    StepStarted,
    Warned,
)

_LINE_CHARS = 90

#: Key of a row: the execution's ARN (empty if the row belongs to no execution) and the name of a step or activity.
_Row = tuple[str, str]


class LiveView:
    """Shows the resources of a deployment, then each running step with its last log line or its epochs.

    On a terminal, rows of a finished execution move up together and stay; only running rows are redrawn below them.
    Each row starts with the execution's name, except with ``single``, when only one execution runs.
    """

    def __init__(self, console: Console, *, single: bool = False) -> None:
        self._console = console
        self._single = single
        self._lock = threading.Lock()
        self._made = 0
        #: ARN and final status of each finished execution, for the caller to consume.
        self.ended: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._names: dict[str, str] = {}
        self._tasks: dict[_Row, TaskID] = {}
        self._progress = bars.Progress(
            SpinnerColumn(finished_text="•"),
            TextColumn("{task.description:<20}", markup=False),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=console,
        )

    @contextmanager
    def showing(self) -> Iterator[LiveView]:
        """Run the live display within the block. Without a terminal, each event is printed as a line."""
        if not self._console.is_terminal:
            yield self
            return
        with self._progress:
            yield self

    def show(self, event: Progress | ResourceEvent) -> None:
        """Show an event of a deployment or an execution; pass this method as ``on_progress``."""
        match event:
            case ResourceEvent(phase="created"):
                self._count_resource(event)
            case ExecutionStarted():
                with self._lock:
                    self._names[event.execution] = event.name
            case ExecutionFinished():
                self._end_execution(event)
            case StepStarted():
                with self._lock:
                    self._note((event.execution, event.step), f"started ({event.kind} step)")
            case StepFinished(status=status, reason=reason):
                text = status if status == SUCCEEDED else f"{status}: {reason or 'no reason given'}"
                with self._lock:
                    self._finish((event.execution, event.step), text)
            case LogLine() | EpochFinished():
                self._update_step(event)
            case ScheduleFired():
                self.note_line(f"{event.due:%Y-%m-%d %H:%M} UTC: {event.name} fired")
            case Warned():
                self.warn(event.text)

    def deployed(self, seconds: float) -> None:
        """Show that the deployment ended after ``seconds``."""
        self.finish("deploying", f"{self._made} resources in {seconds:.1f} s")

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._console.print(printable(f"warning: {text}"), style="yellow", markup=False)

    def note_line(self, text: str) -> None:
        """Print a line that belongs to no execution."""
        self._console.print(printable(text), style="dim", markup=False, highlight=False)

    def note(self, name: str, text: str) -> None:
        """Show progress of an activity of the caller's, such as a forecast."""
        with self._lock:
            self._note(("", name), text)

    def finish(self, name: str, text: str) -> None:
        """Show the result of an activity of the caller's."""
        with self._lock:
            self._finish(("", name), text)
            self._move_up([("", name)])

    def _count_resource(self, event: ResourceEvent) -> None:
        with self._lock:
            self._made += 1
            text = f"{self._made} resources, last {event.type.rsplit(':', 1)[-1]} {event.name}"
            self._note(("", "deploying"), text, quiet=True)

    def _end_execution(self, event: ExecutionFinished) -> None:
        with self._lock:
            self._move_up([row for row in self._tasks if row[0] == event.execution])
            self._names.pop(event.execution, None)
        self.ended.put((event.execution, event.status))

    def _update_step(self, event: LogLine | EpochFinished) -> None:
        """Show a log line or an epoch of a running step; both are ignored after the step's end."""
        row = (event.execution, event.step)
        with self._lock:
            if row not in self._tasks:
                return
            if isinstance(event, LogLine):
                self._note(row, event.line.strip()[:_LINE_CHARS], quiet=True)
                return
            total = f" of {event.epochs}" if event.epochs else ""
            self._note(row, f"epoch {event.epoch + 1}{total}, training loss {event.loss:.4f}")
            self._progress.update(self._tasks[row], completed=event.epoch + 1, total=event.epochs)

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
        """Remove rows from the live display; on a terminal they stay above it, unchanged."""
        ids = [self._tasks.pop(row) for row in rows]
        tasks = [task for task in self._progress.tasks if task.id in ids]
        for id_ in ids:
            self._progress.remove_task(id_)
        if tasks and self._console.is_terminal:
            self._progress.refresh()
            self._console.print(self._progress.make_tasks_table(tasks))
