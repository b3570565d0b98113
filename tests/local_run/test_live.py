"""What LiveView shows: the screen on a terminal, otherwise lines."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from local_run.deployment.deployed import ResourceEvent
from local_run.emulator.progress import EpochFinished, ExecutionFinished, ExecutionStarted, LogLine, StepFinished, StepStarted
from local_run.live import LiveView

FIRST, SECOND = "arn:pipeline/x/execution/1", "arn:pipeline/x/execution/2"
_PIECE = re.compile(r"\x1b\[(\d*)([A-Za-z])|\x1b\[\?\d+[hl]|\r|\n|[^\x1b\r\n]+")


def screen(written: str) -> list[str]:
    """The lines that a terminal shows after these bytes, as far as a live display needs one."""
    lines, row = [""], 0
    for piece in _PIECE.finditer(written):
        text, count, command = piece.group(0), piece.group(1), piece.group(2)
        if text == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif command == "A":
            row -= int(count or 1)
        elif command == "K":
            lines[row] = ""
        elif not text.startswith(("\x1b", "\r")):
            lines[row] += text
    return [line.rstrip() for line in lines if line.strip()]


class Shown:
    """A view on a terminal or elsewhere, and what it wrote."""

    def __init__(self, terminal: bool, **options: bool) -> None:
        self.file = StringIO()
        console = Console(file=self.file, force_terminal=terminal, color_system=None, width=120, _environ={})
        self.view = LiveView(console, **options)

    def lines(self) -> list[str]:
        return screen(self.file.getvalue())

    def of(self, text: str) -> list[str]:
        return [line for line in self.lines() if text in line]


def begin(view: LiveView, execution: str, name: str, *steps: str) -> None:
    view.show(ExecutionStarted(execution, name))
    for step in steps:
        view.show(StepStarted(execution, step, "Processing"))


class TestTerminal:
    def test_executions_at_once_have_rows_of_their_own(self) -> None:
        shown = Shown(terminal=True)
        with shown.view.showing():
            begin(shown.view, FIRST, "first", "Training")
            begin(shown.view, SECOND, "second", "Training")
            shown.view.show(EpochFinished(FIRST, "Training", 2, 10, 0.5))
            shown.view.show(StepFinished(SECOND, "Training", "Succeeded", None))
        (first,), (second,) = shown.of("first Training"), shown.of("second Training")
        assert first.endswith("epoch 3 of 10, training loss 0.5000") and "•" not in first
        assert second.endswith("Succeeded") and second.startswith("•")

    def test_what_has_ended_stays_above_once_and_what_runs_is_below(self) -> None:
        shown = Shown(terminal=True)
        with shown.view.showing():
            begin(shown.view, FIRST, "first", "Features", "Training")
            begin(shown.view, SECOND, "second", "Features")
            shown.view.show(StepFinished(FIRST, "Features", "Succeeded", None))
            shown.view.show(StepFinished(FIRST, "Training", "Failed", "no memory"))
            shown.view.show(ExecutionFinished(FIRST, "Failed", "a step failed"))
            shown.view.show(LogLine(SECOND, "Features", "two assets"))
        ended, failed, running = shown.lines()
        assert re.search(r"^• +first Features .* Succeeded$", ended)
        assert re.search(r"^• +first Training .* Failed: no memory$", failed)
        assert re.search(r"second Features .* two assets$", running)
        assert shown.view.ended.get_nowait() == (FIRST, "Failed")

    def test_an_execution_begins_with_nothing_of_those_before(self) -> None:
        shown = Shown(terminal=True)
        with shown.view.showing():
            begin(shown.view, FIRST, "first", "Features", "Training")
            shown.view.show(StepFinished(FIRST, "Features", "Succeeded", None))
            shown.view.show(StepFinished(FIRST, "Training", "Succeeded", None))
            shown.view.show(ExecutionFinished(FIRST, "Succeeded", None))
            assert len(shown.lines()) == 2
            begin(shown.view, SECOND, "second", "Features")
        assert len(shown.lines()) == 3
        assert "Processing" in shown.of("second Features")[0]

    def test_a_step_that_is_run_again_begins_anew(self) -> None:
        shown = Shown(terminal=True)
        with shown.view.showing():
            begin(shown.view, FIRST, "first", "Training")
            shown.view.show(StepFinished(FIRST, "Training", "Failed", "no memory"))
            shown.view.show(ExecutionFinished(FIRST, "Failed", "a step failed"))
            begin(shown.view, FIRST, "first", "Training")
        failed, again = shown.of("first Training")
        assert failed.endswith("Failed: no memory")
        assert again.endswith("Processing") and "•" not in again

    def test_a_line_of_what_has_ended_shows_nothing(self) -> None:
        shown = Shown(terminal=True)
        with shown.view.showing():
            begin(shown.view, FIRST, "first", "Training")
            shown.view.show(ExecutionFinished(FIRST, "Stopped", None))
            shown.view.show(LogLine(FIRST, "Training", "too late"))
            shown.view.show(EpochFinished(FIRST, "Training", 2, 10, 0.5))
        assert len(shown.lines()) == 1
        assert shown.of("too late") == shown.of("epoch") == []

    def test_the_deployment_counts_up_and_stays_above(self) -> None:
        shown = Shown(terminal=True)
        with shown.view.showing():
            for name in ("a", "b"):
                shown.view.show(ResourceEvent("creating", "urn", "aws:s3/bucket:Bucket", name))
                shown.view.show(ResourceEvent("created", "urn", "aws:s3/bucket:Bucket", name))
            shown.view.deployed(1.5)
            begin(shown.view, FIRST, "first", "[bold]")
        deploying, step = shown.lines()
        assert re.search(r"^• +deploying .* 2 resources in 1\.5 s$", deploying)
        assert "first [bold]" in step

    def test_what_fails_while_it_is_shown_stays_as_it_was(self) -> None:
        shown = Shown(terminal=True)
        with pytest.raises(RuntimeError), shown.view.showing():
            shown.view.show(ResourceEvent("created", "urn", "aws:s3/bucket:Bucket", "data"))
            raise RuntimeError
        assert shown.lines()[0].endswith("1 resources, last Bucket data")


class TestLines:
    def test_every_line_says_whose_it_is(self) -> None:
        shown = Shown(terminal=False)
        with shown.view.showing():
            begin(shown.view, FIRST, "first", "Training")
            begin(shown.view, SECOND, "second", "Training")
            shown.view.show(LogLine(FIRST, "Training", "not worth a line"))
            shown.view.show(EpochFinished(SECOND, "Training", 0, None, 0.25))
            shown.view.show(StepFinished(FIRST, "Training", "Failed", "no memory"))
            shown.view.show(ExecutionFinished(FIRST, "Failed", "a step failed"))
            shown.view.show(StepFinished(SECOND, "Training", "Stopped", None))
        assert shown.lines() == [
            "first Training: Processing",
            "second Training: Processing",
            "second Training: epoch 1, training loss 0.2500",
            "first Training: Failed: no memory",
            "second Training: Stopped: no reason given",
        ]

    def test_where_there_is_one_execution_its_name_is_left_out(self) -> None:
        shown = Shown(terminal=False, single=True)
        with shown.view.showing():
            begin(shown.view, FIRST, "first", "Training")
            shown.view.show(StepFinished(FIRST, "Training", "Succeeded", None))
            shown.view.note("Forecast", "sampling")
            shown.view.finish("Forecast", "5 windows")
        assert shown.lines() == [
            "Training: Processing",
            "Training: Succeeded",
            "Forecast: sampling",
            "Forecast: 5 windows",
        ]


@pytest.mark.parametrize("terminal", [False, True])
def test_foreign_text_is_shown_without_control_characters(terminal: bool) -> None:
    shown = Shown(terminal=terminal)
    with shown.view.showing():
        begin(shown.view, FIRST, "first", "Training")
        shown.view.show(LogLine(FIRST, "Training", "\x1b]0;title\x07 line"))
        shown.view.show(StepFinished(FIRST, "Training", "Failed", "\x1b[31mred\x00\x07 text"))
        shown.view.show(ExecutionFinished(FIRST, "Failed", None))
    assert r"\x1b[31mred\x00\x07 text" in shown.file.getvalue()
    assert not {"\x00", "\x07", "\x1b]0;title"} & set(shown.file.getvalue())
    assert "\x1b[31mred" not in shown.file.getvalue()
