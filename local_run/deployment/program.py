"""Run a Pulumi program inside this process, as the Pulumi language host runs it in one of its own.

Every run gets a thread with a context and an event loop of its own: the SDK keeps settings, configuration, root resource and
outstanding outputs in context variables, so that one run knows nothing of another.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import runpy
import sys
import threading
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from types import ModuleType

import pulumi
from pulumi.runtime.mocks import MockEngine
from pulumi.runtime.settings import Settings, configure
from pulumi.runtime.stack import run_in_stack

from contracts.problems import ProblemsError, one_problem
from local_run.deployment.monitor import Monitor
from stack_config import StackConfig

_log = logging.getLogger(__name__)
_OWN_ROOT = Path(__file__).resolve().parents[2]

# The working directory and the table of modules belong to the whole process.
_one_at_a_time = threading.Lock()


def run_program(project_dir: Path, config: StackConfig, monitor: Monitor, preview: bool = False) -> None:
    """Run ``__main__.py`` of ``project_dir`` against the monitor until every resource and output is settled.

    Raises the program's exception or the monitor's failure, after all of the run's threads have ended.
    """
    if not (project_dir / "__main__.py").is_file():
        raise one_problem("program", "folder", str(project_dir), "allowed: a folder with a __main__.py")

    def body() -> None:
        try:
            _run(project_dir, config, monitor, preview)
        except BaseException as error:  # the caller's thread raises it
            monitor.stop(error)

    with _one_at_a_time, chdir(project_dir), _modules_of(project_dir):
        thread = threading.Thread(target=contextvars.Context().run, args=(body,), name="pulumi-program")
        thread.start()
        try:
            thread.join()
        except BaseException as error:
            monitor.stop(error)
            thread.join()
            raise
    if monitor.failure is not None:
        raise _user_error(monitor.failure)


def _run(project_dir: Path, config: StackConfig, monitor: Monitor, preview: bool) -> None:
    pulumi.runtime.set_all_config(dict(config.values))
    configure(
        Settings(
            project=config.project,
            stack=config.stack,
            monitor=monitor,
            engine=MockEngine(_log),
            dry_run=preview,
            organization="organization",
            root_directory=str(project_dir),
        )
    )
    loop = asyncio.new_event_loop()
    # Outputs of what was not made any more fail for want of it; the first failure is the one that is raised.
    loop.set_exception_handler(lambda _, context: _log.debug("after the failure: %s", context))
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(run_in_stack(lambda: _main(project_dir, monitor)))
    except BaseException as error:
        monitor.stop(error)
        raise
    finally:
        _settle(loop)


def _main(project_dir: Path, monitor: Monitor) -> None:
    try:
        runpy.run_path(str(project_dir), run_name="__main__")
    except BaseException as error:
        monitor.stop(error)
        raise


def _settle(loop: asyncio.AbstractEventLoop) -> None:
    """End the tasks that are left, and wait for calls that are on their way to the emulator."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_default_executor())
    asyncio.set_event_loop(None)
    loop.close()


@contextmanager
def _modules_of(project_dir: Path) -> Iterator[None]:
    """Let the program import its own ``settings``, ``components`` …, even if others of these names are imported here."""
    root = project_dir.resolve()
    names = {path.stem for path in root.iterdir() if path.suffix == ".py" or path.is_dir()} - {"__main__"}
    ours = {name for name in sys.modules if name.partition(".")[0] in names}
    others = {name: sys.modules.pop(name) for name in sorted(ours) if not _lies_in(sys.modules[name], root)}
    try:
        yield
    finally:
        if root != _OWN_ROOT:
            for name in [name for name, module in sys.modules.items() if _lies_in(module, root)]:
                del sys.modules[name]
        sys.modules.update(others)


def _lies_in(module: ModuleType, root: Path) -> bool:
    spec = getattr(module, "__spec__", None)
    places = [*(getattr(module, "__path__", None) or ()), getattr(spec, "origin", None) or getattr(module, "__file__", None)]
    return any(place and Path(place).is_relative_to(root) for place in places)


def _user_error(error: BaseException) -> BaseException:
    """The problems themselves, where the program raised them as the cause of another error."""
    cause = error.__cause__
    return cause if isinstance(cause, ProblemsError) and not isinstance(error, ProblemsError) else error
