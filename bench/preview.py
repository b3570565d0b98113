"""Compares ``pulumi preview`` with a bare program that registers the same resources with constant inputs.

Both run in turn on the same machine, with the same state and the same providers (those of tests/engine, with the emulator). The
difference is our own code: settings, names, policies, the build context, the rendered and checked definition, and the provider
calls for the account and the registry. Wall-clock time depends on other work on the machine. The benchmark therefore also
reports the processor time of all processes that the CLI starts, and of the program's process, which excludes the providers.
``python -m bench.preview [stack] [repetitions]``.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from components.sources import handler_sources
from tests.engine.checkout import Checkout
from tests.engine.cli import Cli
from tests.engine.plugin_home import ROOT, build_plugin_home

RATIO_TARGET = 1.3
OWN_SECONDS_TARGET = 0.5
REPETITIONS = 5
_SECRET_KEY = "4dabf18193072939515e22adb298388d"  # noqa: S105 (how the state marks a value that is not plain)
_CONSTANT = Path(__file__).resolve().parent / "constant_program"


def main(stack: str = "dev", repetitions: str = str(REPETITIONS)) -> int:
    if shutil.which("pulumi") is None:
        print("skipped: the Pulumi CLI (pulumi) is not on PATH")
        return 0
    with tempfile.TemporaryDirectory() as folder, _environment(Path(folder)) as environment:
        checkout = Checkout.of_this_repository(Path(folder) / "program")
        program = Cli(checkout.path, stack, environment)
        program.init()
        program.up()
        constant = Cli(_constant_program(program, Path(folder) / "constant"), stack, environment)
        count = len(program.resources())
        both = [_timed(cli, Path(folder)) for cli in (program, constant)]
        pairs = [(_cost(both[0], Path(folder)), _cost(both[1], Path(folder))) for _ in range(int(repetitions) + 1)][1:]
    return _report(stack, count, pairs)


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, of the processors (CLI, program and providers together), and of the program's process."""

    clock: float
    processor: float
    program: float


def _timed(cli: Cli, folder: Path) -> Cli:
    """The same, with the program telling at its end what it took."""
    mark = folder / f"{cli.project.name}.seconds"
    with (cli.project / "__main__.py").open("a", encoding="utf-8") as program:
        program.write("import atexit, pathlib, time\n")
        program.write(f"_mark = pathlib.Path({str(mark)!r})\n")
        program.write("atexit.register(lambda: _mark.write_text(str(time.process_time())))\n")
    return cli


def _cost(cli: Cli, folder: Path) -> Cost:
    """Of a preview that finds nothing to do."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    clock = cli.require_unchanged().seconds
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(clock, processor, float((folder / f"{cli.project.name}.seconds").read_text(encoding="utf-8")))


def _report(stack: str, count: int, pairs: list[tuple[Cost, Cost]]) -> int:
    """Print the figures; 1 where a target is missed."""
    print(f"stack {stack}: {count} resources, {len(pairs)} previews of each program in turn; medians, in seconds")
    print(f"{'':26}{'clock':>10}{'processor':>12}{'program':>10}")
    lines: dict[str, Callable[[float, float], float]] = {
        "this program": lambda ours, constant: ours,
        "constant inputs": lambda ours, constant: constant,
        f"ratio (target {RATIO_TARGET})": lambda ours, constant: ours / constant,
        f"own code (target {OWN_SECONDS_TARGET})": lambda ours, constant: ours - constant,
    }
    found = {}
    for label, of in lines.items():
        columns = zip(*([of(*each) for each in zip(astuple(a), astuple(b), strict=True)] for a, b in pairs), strict=True)
        found[label] = [statistics.median(column) for column in columns]
        clock, processor, program = found[label]
        print(f"{label:26}{clock:10.2f}{processor:12.2f}{program:10.2f}")
    ratio, own = list(found.values())[2:]
    return 0 if ratio[0] <= RATIO_TARGET and own[2] < OWN_SECONDS_TARGET else 1


@contextmanager
def _environment(folder: Path) -> Iterator[dict[str, str]]:
    """A CLI of its own, and an emulator that runs as long as the block does."""
    command = [sys.executable, str(ROOT / "tests" / "engine" / "emulator_process.py"), "eu-central-1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 (both are pipes)
        (folder / "backend").mkdir()
        try:
            yield {
                **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
                **json.loads(process.stdout.readline()),
                "PULUMI_HOME": str(build_plugin_home(folder / "home")),
                "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}",
                "PULUMI_CONFIG_PASSPHRASE": "",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            }
        finally:
            process.stdin.close()
            process.wait(timeout=30)


def _constant_program(deployed: Cli, folder: Path) -> Path:
    """Write a project that registers the stack's resources in the same order, with the inputs in its state."""
    shutil.copytree(_CONSTANT, folder)
    for file in ("Pulumi.yaml", f"Pulumi.{deployed.stack}.yaml"):
        shutil.copy2(deployed.project / file, folder / file)
    (folder / ".venv").symlink_to(sys.prefix)
    # The image's context is one of its inputs; it must lie where they say.
    shutil.copytree(deployed.project / "build", folder / "build")
    state = json.loads(deployed.run("stack", "export", "--show-secrets").stdout)["deployment"]["resources"]
    kept = [_entry(deployed.project, made) for made in state if not made["type"].startswith("pulumi:")]
    written = {"resources": kept, "outputs": deployed.outputs()}
    (folder / "resources.json").write_text(json.dumps(written), encoding="utf-8")
    return folder


def _entry(project: Path, made: Mapping[str, Any]) -> dict[str, Any]:
    inputs = {key: _constant(value) for key, value in made.get("inputs", {}).items()}
    if made["type"] == "aws:lambda/function:Function":
        inputs["code"] = {"archive": handler_sources(project, inputs["handler"].split(".")[1])}
    return {
        "urn": made["urn"],
        "type": made["type"],
        "name": made["urn"].rsplit("::", 1)[1],
        "parent": made.get("parent", ""),
        "custom": made["custom"],
        "protect": made.get("protect", False),
        "retainOnDelete": made.get("retainOnDelete", False),
        "inputs": inputs,
    }


def _constant(value: Any) -> Any:
    """A secret as ``{"secret": …}``; all else as it is."""
    if isinstance(value, dict):
        if "plaintext" in value and _SECRET_KEY in value:
            return {"secret": json.loads(value["plaintext"])}
        return {key: _constant(item) for key, item in value.items()}
    return [_constant(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
