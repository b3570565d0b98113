"""Child processes: each is started in its own process group, read line by line, and ended by its id.

A job is ended as SageMaker ends one: SIGTERM to its whole group, then SIGKILL after a grace period.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess  # noqa: S404 - running the jobs is what this is for
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

LineSink = Callable[[str], None]

#: Longer lines are truncated, because one line must not fill the memory or exceed a log event (256 KB in CloudWatch).
LINE_BYTES = 64 * 1024

#: Variables that a child process inherits: they locate programs and libraries, but contain no AWS settings.
#: XDG_CACHE_HOME and JAX's variables locate and configure the trainings' compilation cache.
_INHERITED = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "TZ", "OMP_NUM_THREADS"),
    *("XDG_CACHE_HOME", "JAX_COMPILATION_CACHE_DIR", "JAX_ENABLE_COMPILATION_CACHE", "JAX_COMPILATION_CACHE_MAX_SIZE"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS",
)


def inherited_environment() -> dict[str, str]:
    """Return the part of this process's environment that jobs and functions inherit."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


class _Watchdog:
    """Reports running groups to ``watchdog.py``, which ends them if this process is killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def tell(self, event: str, pid: int) -> None:
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("watchdog.py"))]
                self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
            pipe = self._process.stdin
            if pipe is not None:
                pipe.write(f"{event} {pid}\n".encode())
                pipe.flush()


_watchdog = _Watchdog()


class OwnedProcess:
    """One child process with standard output and error merged and handed to ``on_line``, a line at a time.

    When it ends, what it started itself and left running ends with it, as a container's other processes do.
    ``before_kill`` is called before SIGKILL, for what a signal to the process would not reach (a container).
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        on_line: LineSink,
        directory: Path | None = None,
        before_kill: Callable[[], None] | None = None,
    ) -> None:
        self._before_kill = before_kill
        self._on_line = on_line
        self._lock = threading.Lock()
        self._reaped = False
        self._over = threading.Event()
        self._process = subprocess.Popen(
            list(command),
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _watchdog.tell("start", self.pid)
        self._reader = threading.Thread(target=self._read, name=f"output-of-{self.pid}", daemon=True)
        self._reader.start()
        threading.Thread(target=self._reap, name=f"end-of-{self.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code (negative: the signal that ended it), or None when it still runs after ``timeout`` seconds.

        Once there is a code, every line has been handed over.
        """
        return self._process.returncode if self._over.wait(timeout) else None

    def end(self, grace_seconds: float) -> int:
        """Send SIGTERM to the group, SIGKILL after the grace period, and return the exit code."""
        self._signal(signal.SIGTERM)
        if self.wait(grace_seconds) is None:
            if self._before_kill is not None:
                self._before_kill()
            self._signal(signal.SIGKILL)
        self._over.wait()
        return self._process.returncode

    def _signal(self, number: signal.Signals) -> None:
        # Until the process is reaped, its number cannot be reused.
        with self._lock:
            if not self._reaped:
                signal_group(self.pid, number)

    def _reap(self) -> None:
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            signal_group(self.pid, signal.SIGKILL)
            self._process.wait()
            self._reaped = True
            _watchdog.tell("end", self.pid)
        self._reader.join()
        self._over.set()

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is not None:
            with stream:
                for line in read_lines(stream):
                    self._on_line(line)


def read_lines(stream: IO[bytes]) -> Iterator[str]:
    """Yield the stream's lines without line ends, truncated at :data:`LINE_BYTES`; undecodable bytes are replaced."""
    while raw := stream.readline(LINE_BYTES):
        yield raw.decode("utf-8", "replace").rstrip("\r\n")


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to the process group of a child. A group that has already ended is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
