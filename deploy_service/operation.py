"""One operation of the engine on one stack, in a process of its own: the Automation API keeps its state in module globals.

    python -m deploy_service.operation < job.json

Reads a job from standard input and writes JSON lines: ``{"event": …}`` while it runs, then ``{"result": …}`` or
``{"failure": {"kind": …, "text": …}}``. Never writes configuration or secret outputs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from pulumi import automation
from pulumi.automation.events import EngineEvent

from deploy_service.effects import Event, event_of, to_json
from deploy_service.failures import SettingsError, kind_of

PREVIEW, UP, DRIFT, DESTROY, OUTPUTS, HISTORY, CANCEL = "preview", "up", "drift", "destroy", "outputs", "history", "cancel"
SECRET = "[secret]"  # noqa: S105 - what is shown in the place of one


class _Output:
    """Standard output as JSON lines. What libraries print goes to standard error."""

    def __init__(self) -> None:
        self._stream, sys.stdout = sys.stdout, sys.stderr
        self.events: list[Event] = []

    def event(self, event: EngineEvent) -> None:
        typed = event_of(event)
        if typed is not None:
            self.events.append(typed)
            self.line("event", to_json(typed))

    def line(self, name: str, value: Any) -> None:
        self._stream.write(json.dumps({name: value}) + "\n")
        self._stream.flush()


def run(job: Mapping[str, Any], output: _Output) -> Any:
    """Run the job's operation and return its result, JSON."""
    options = automation.LocalWorkspaceOptions(
        work_dir=job["folder"], pulumi_home=job["home"], env_vars=dict(job["environment"])
    )
    select = automation.create_or_select_stack if job["create"] else automation.select_stack
    stack = select(job["stack"], work_dir=job["folder"], opts=options)
    shown: dict[str, Any] = {"on_event": output.event, "on_output": _to_log, "color": "never", "suppress_progress": True}
    packs = list(job["policy_packs"]) or None
    operations: Mapping[str, Callable[[], Any]] = {
        PREVIEW: lambda: stack.preview(diff=True, policy_packs=packs, **shown),
        UP: lambda: stack.up(show_secrets=False, policy_packs=packs, **shown),
        DRIFT: lambda: stack.preview_refresh(show_secrets=False, **shown),
        DESTROY: lambda: stack.destroy(show_secrets=False, **shown),
        OUTPUTS: lambda: {name: SECRET if one.secret else one.value for name, one in stack.outputs().items()},
        HISTORY: lambda: [
            {"kind": one.kind, "result": one.result, "version": one.version, "started": str(one.start_time)}
            for one in stack.history(show_secrets=False)
        ],
        CANCEL: stack.cancel,
    }
    done = operations[job["operation"]]()
    return done if job["operation"] in (OUTPUTS, HISTORY) else None


def main() -> None:
    """Run the job on standard input."""
    output, job = _Output(), json.load(sys.stdin)
    try:
        output.line("result", run(job, output))
    except automation.ConcurrentUpdateError:
        output.line("failure", dict(zip(("kind", "text"), kind_of(output.events, conflict=True), strict=True)))
    except automation.StackNotFoundError:
        text = f"stack {job['stack']} does not exist"
        output.line("failure", {"kind": SettingsError.kind, "text": text})
    except automation.CommandError as error:
        kind, text = kind_of(output.events)
        if not output.events:  # the CLI refused before the engine began
            print(str(error), file=sys.stderr)
            text = str(error).partition("stderr: ")[2].strip() or text
        output.line("failure", {"kind": kind, "text": text})


def _to_log(text: str) -> None:
    print(text, file=sys.stderr, end="")


if __name__ == "__main__":
    main()
