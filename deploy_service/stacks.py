"""Stacks of this program through Pulumi's Automation API: preview, up, drift, destroy, outputs, history, cancel.

Each operation runs in a process of its own (:mod:`deploy_service.operation`), on its own copy of the program and with its own
PULUMI_HOME: the Automation API keeps state in module globals, and selecting a stack writes a salt into its stack file. Stack
files are kept in the data folder, so a stack's secrets provider and salt are never lost.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its types are a separate package

from contracts.problems import Problem, ProblemsError, one_problem
from deploy_service import operation as child
from deploy_service.effects import Event, Step, Summary, fingerprint, from_json, planned
from deploy_service.failures import KINDS, InterruptedOperationError
from settings import parse
from stack_config import PROJECT_FILE, read_stack_config

#: Pulumi itself allows more, such as ``..``, which would become a path.
STACK_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
#: The oldest CLI whose events and options are those of :mod:`deploy_service.operation`.
OLDEST_CLI = (3, 160, 0)
#: What an operation's environment takes over from this process, besides AWS and the backend.
_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "NO_PROXY", "no_proxy", "HTTPS_PROXY", "DOCKER_HOST")
_PULUMI = (
    "PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
)  # fmt: skip
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "out", "build", "node_modules")
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class Done:
    """A finished operation. ``fingerprint`` is that of a preview's effect."""

    operation: str
    events: tuple[Event, ...]
    fingerprint: str = ""
    value: Any = None

    @property
    def steps(self) -> list[Step]:
        """The steps that change something."""
        return planned(self.events)

    @property
    def counts(self) -> Mapping[str, int]:
        """The engine's own count of resources by operation."""
        return next((event.counts for event in reversed(self.events) if isinstance(event, Summary)), {})


@dataclass
class Stacks:
    """The stacks whose files are in ``data``. ``program`` is a checkout; ``environment`` replaces this process's own.

    ``seconds`` limits an operation; afterwards it is interrupted, and ended half a minute later.
    """

    data: Path
    program: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    python: str = sys.executable
    seconds: int = 3600
    policy_packs: Sequence[str] = ()

    def preview(self, stack: str, on_event: Callable[[Event], None] = lambda event: None) -> Done:
        """Return what ``up`` would do, with its fingerprint. A stack without state is created."""
        return self._run(child.PREVIEW, stack, on_event)

    def up(self, stack: str, on_event: Callable[[Event], None] = lambda event: None) -> Done:
        """Deploy a stack."""
        return self._run(child.UP, stack, on_event)

    def drift(self, stack: str, on_event: Callable[[Event], None] = lambda event: None) -> Done:
        """Return what differs between the state and the cloud. Repairs nothing, and does not change the state."""
        return self._run(child.DRIFT, stack, on_event, create=False)

    def destroy(self, stack: str, on_event: Callable[[Event], None] = lambda event: None) -> Done:
        """Delete everything of a stack, from its state alone."""
        return self._run(child.DESTROY, stack, on_event, create=False)

    def outputs(self, stack: str) -> dict[str, Any]:
        """Return a stack's outputs; a secret one is masked."""
        found: dict[str, Any] = self._run(child.OUTPUTS, stack, create=False).value
        return found

    def history(self, stack: str) -> list[dict[str, Any]]:
        """Return a stack's updates, newest first."""
        found: list[dict[str, Any]] = self._run(child.HISTORY, stack, create=False).value
        return found

    def cancel(self, stack: str) -> None:
        """Remove the lock of an update whose process has died."""
        self._run(child.CANCEL, stack, create=False)

    def configure(self, stack: str, settings: Mapping[str, object]) -> None:
        """Write a stack's file from validated settings; keep its secrets provider and salt.

        Raises:
            ProblemsError: the stack's name or a setting is not allowed. Nothing is written then.
        """
        check_stack_name(stack)
        project = yaml.safe_load((self.program / PROJECT_FILE).read_text(encoding="utf-8"))["name"]
        file = self._file(stack)
        kept = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
        values = {key if ":" in key else f"{project}:{key}": value for key, value in settings.items()}
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy2(self.program / PROJECT_FILE, folder)
            tried = Path(folder) / file.name
            tried.write_text(yaml.safe_dump({**kept, "config": values}), encoding="utf-8")
            config = read_stack_config(Path(folder), stack)
            parse(config.project, config.stack, config.values)
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(tried, file)

    def settings(self, stack: str) -> Mapping[str, str]:
        """Return all settings of a stack as text, defaults included.

        Raises:
            ProblemsError: the stack has no file.
        """
        check_stack_name(stack)
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy2(self.program / PROJECT_FILE, folder)
            if self._file(stack).exists():
                shutil.copy2(self._file(stack), folder)
            return read_stack_config(Path(folder), stack).values

    def _file(self, stack: str) -> Path:
        return self.data / f"Pulumi.{stack}.yaml"

    def _run(
        self, operation: str, stack: str, on_event: Callable[[Event], None] = lambda event: None, *, create: bool = True
    ) -> Done:
        """Run an operation in a process of its own.

        Raises:
            OperationError: it did not succeed.
            ProblemsError: the stack has no file, or the CLI is missing or too old.
        """
        settings = self.settings(stack)
        with self._workspace(stack) as (folder, home):
            environment = self._environment(home)
            check_cli(environment)
            job: dict[str, Any] = {"operation": operation, "stack": stack, "create": create, "environment": environment}
            job |= {"folder": str(folder / "program"), "home": str(home), "policy_packs": list(self.policy_packs)}
            events, last = self._child(job, environment, on_event)
        if failure := last.get("failure"):
            raise KINDS[failure["kind"]](failure["text"])
        mark = fingerprint(events, settings) if operation == child.PREVIEW else ""
        return Done(operation, tuple(events), mark, last.get("result"))

    def _child(
        self, job: Mapping[str, Any], environment: Mapping[str, str], on_event: Callable[[Event], None]
    ) -> tuple[list[Event], Mapping[str, Any]]:
        events: list[Event] = []
        command = [self.python, "-m", child.__name__]
        with (Path(job["home"]) / "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=Path(__file__).resolve().parents[1],
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
            with _limited(process, self.seconds):
                stdin, stdout = process.stdin, process.stdout
                if stdin is None or stdout is None:
                    raise RuntimeError("the operation was started without its pipes")
                stdin.write(json.dumps(job))
                stdin.close()
                for line in stdout:
                    found = json.loads(line)
                    if "event" not in found:
                        return events, found
                    events.append(from_json(found["event"]))
                    on_event(events[-1])
        raise InterruptedOperationError(f"the process of {job['operation']} ended before the engine did")

    @contextmanager
    def _workspace(self, stack: str) -> Iterator[tuple[Path, Path]]:
        """A copy of the program and a PULUMI_HOME, for one operation. The stack file comes from the data folder and returns."""
        with tempfile.TemporaryDirectory(prefix="operation-") as name:
            folder, home = Path(name), Path(name) / "home"
            shutil.copytree(self.program, folder / "program", ignore=_LEFT_OUT)
            (folder / "program" / ".venv").symlink_to(self._virtual_environment())
            home.mkdir()
            plugins = Path(self.environment.get("PULUMI_HOME", Path.home() / ".pulumi")) / "plugins"
            if plugins.is_dir():
                (home / "plugins").symlink_to(plugins)
            copied = folder / "program" / self._file(stack).name
            shutil.copy2(self._file(stack), copied)
            try:
                yield folder, home
            finally:
                _replace(copied, self._file(stack))

    def _virtual_environment(self) -> Path:
        own = self.program / ".venv"
        return own if own.exists() else Path(sys.prefix)

    def _environment(self, home: Path) -> dict[str, str]:
        """Nothing reaches the engine but the search path, AWS's own variables, and where the state and its key are."""
        names = {*_INHERITED, *_PULUMI} | {name for name in self.environment if name.startswith("AWS_")}
        kept = {name: self.environment[name] for name in names if name in self.environment}
        return {**kept, "HOME": str(home), "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"}


def check_stack_name(stack: str) -> None:
    """Raise ProblemsError for a name that is not allowed."""
    if not STACK_NAME.fullmatch(stack):
        allowed = "allowed: 1 to 40 lower-case letters, digits and hyphens, beginning with a letter"
        raise one_problem("stack", "name", stack, allowed)


def check_cli(environment: Mapping[str, str]) -> None:
    """Raise ProblemsError if the Pulumi CLI is missing, too old, or does not tell its version."""
    oldest = ".".join(map(str, OLDEST_CLI))
    advice = f"needed: the Pulumi CLI {oldest} or later on PATH; https://www.pulumi.com/docs/install/"
    found = shutil.which("pulumi", path=environment.get("PATH", os.defpath))
    if found is None:
        raise ProblemsError("deployment", [Problem("pulumi", None, advice)])
    done = subprocess.run([found, "version"], env=dict(environment), capture_output=True, text=True, check=False, timeout=60)
    match = _VERSION.match(done.stdout.strip())
    if match is None or tuple(map(int, match.groups())) < OLDEST_CLI:
        raise ProblemsError("deployment", [Problem("pulumi version", done.stdout.strip() or None, advice)])


@contextmanager
def _limited(process: subprocess.Popen[str], seconds: int) -> Iterator[None]:
    """End the process after the block; interrupt it after a time, as Ctrl-C does, so that the engine can save its state."""

    def interrupt() -> None:
        os.killpg(process.pid, signal.SIGINT)

    timer = threading.Timer(seconds, interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _replace(source: Path, target: Path) -> None:
    """Replace a file at once, so that a reader sees the old or the new content."""
    beside = target.with_name(f".{target.name}.new")
    shutil.copy2(source, beside)
    beside.replace(target)
