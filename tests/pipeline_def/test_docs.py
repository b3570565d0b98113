"""The examples in docs/pipeline-diff.md are what the commands print."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from pipeline_def.check import as_error, check_definition
from pipeline_def.compare.changes import compare
from pipeline_def.compare.formats import as_markdown, as_terminal
from pipeline_def.compare.placeholder_values import placeholder_values
from pipeline_def.compare.sources import Source
from pipeline_def.template import read_template
from tests.pipeline_def.definitions import REGION, arguments, good, parameter, step

DOC = (Path(__file__).parents[2] / "docs" / "pipeline-diff.md").read_text()
SIDES = ("origin/main", "the working tree's template")


def template() -> dict[str, Any]:
    """The template with its keys where a stack's values would stand."""
    return Source("template", read_template()).definition(placeholder_values(read_template(), sections=False))


def shown(text: str) -> bool:
    return f"```\n{text}```\n" in DOC


def test_a_new_default() -> None:
    new = template()
    parameter(new, "epochs")["DefaultValue"] = 30
    assert shown(as_terminal(compare(template(), new), *SIDES))


def test_a_new_step() -> None:
    new = template()
    backtest = copy.deepcopy(step(new, "FeatureEngineering"))
    backtest["Name"] = "Backtest"
    backtest["DependsOn"] = ["Training"]
    backtest["Arguments"]["ProcessingInputs"] = []
    del backtest["Arguments"]["NetworkConfig"], backtest["PropertyFiles"]
    outputs = backtest["Arguments"]["ProcessingOutputConfig"]["Outputs"][:1]
    outputs[0]["OutputName"] = "backtest"
    outputs[0]["S3Output"]["S3Uri"]["Std:Join"]["Values"][2] = "backtest"
    backtest["Arguments"]["ProcessingOutputConfig"]["Outputs"] = outputs
    backtest["Arguments"] = dict(sorted(backtest["Arguments"].items(), key=lambda item: item[0] != "ProcessingResources"))
    new["Steps"].insert(2, backtest)
    step(new, "QualityGate")["DependsOn"] = ["Backtest"]
    said = as_terminal(compare(template(), new), *SIDES)
    assert sorted(said.splitlines()) == sorted(_example("step Backtest").splitlines())


def _example(names: str) -> str:
    """The code block that has these words."""
    return next(block for block in DOC.split("```\n") if names in block and block.startswith(("1 ", "2 ", "3 ", "**")))


def test_a_changed_image() -> None:
    old, new = good(sections=False), good(sections=False)
    application = arguments(new, "FeatureEngineering")["AppSpecification"]
    application["ImageUri"] = application["ImageUri"].rpartition(":")[0] + ":9f1c2a7be04d53186a2f7c90d1e8b345"
    assert shown(as_markdown(compare(old, new), "deployed.json", "new.json"))


def test_findings() -> None:
    definition = good()
    parameter(definition, "epochs")["DefaultValue"] = 0
    parameter(definition, "ProcessingInstanceType")["DefaultValue"] = "m5.xlarge"
    step(definition, "FeatureEngineering")["RetryPolicies"][0]["MaxAttempts"] = 21
    said = str(as_error(check_definition(json.dumps(definition), REGION)))
    assert shown(said.replace("3 problems", "3 findings") + "\n")
