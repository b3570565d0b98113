"""The example of a program that takes what a training stack exports: run on the exports that the program really makes."""

from __future__ import annotations

import runpy
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml
from pulumi.runtime import mocks

from tests.components.recording import PROJECT, ROOT, Recorder, run_in_context

EXAMPLE = ROOT / "examples" / "stack_reference"
PROJECT_FILE = yaml.safe_load((EXAMPLE / "Pulumi.yaml").read_text())


@dataclass
class Serving(Recorder):
    """Answers for the one stack that the example refers to."""

    training: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        assert args.typ == "pulumi:pulumi:StackReference", args.typ
        self.asked.append(str(args.resource_id))
        return args.name, {"name": args.name, "outputs": self.training, "secretOutputNames": []}


def run_example(exports: dict[str, Any]) -> Serving:
    serving = Serving("eu-central-1", project=PROJECT_FILE["name"], training=exports)
    configured = {f"{PROJECT_FILE['name']}:{key}": entry["default"] for key, entry in PROJECT_FILE["config"].items()}
    run_in_context(lambda: runpy.run_path(str(EXAMPLE / "__main__.py"), run_name="__main__"), serving, configured)
    return serving


def test_it_finds_all_it_needs_among_a_stacks_exports(recorded: Recorder) -> None:
    serving = run_example(recorded.exports)
    assert serving.exports == {name: recorded.exports[name] for name in ("modelPackageGroup", "modelRoleArn", "alarmTopicArn")}
    assert all(serving.exports.values())


def test_it_refers_to_a_stack_of_this_project(dev: Recorder) -> None:
    (asked,) = run_example(dev.exports).asked
    _, project, stack = asked.split("/")
    assert project == PROJECT
    assert (ROOT / f"Pulumi.{stack}.yaml").is_file()


@pytest.mark.parametrize("name", ["modelPackageGroup", "modelRoleArn", "alarmTopicArn"])
def test_a_renamed_export_breaks_it(dev: Recorder, name: str) -> None:
    renamed = {f"{key}Renamed" if key == name else key: value for key, value in dev.exports.items()}
    with pytest.raises(KeyError, match=name):
        run_example(renamed)
