from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from pipeline_def.template.keys import example_values
from pipeline_def.template.render import render
from pipeline_def.template.text import read_template
from policies.kinds import OBJECT, PIPELINE
from tests.policies.cases import BY_NAME, UNKNOWN, Case, Member, bad, good, judge

RENDERED = render(read_template(), example_values(sections=True))
TAG = ":" + example_values()["feature_image_uri"].rpartition(":")[2]


def edited(*edits: tuple[str, Any], text: str = RENDERED) -> dict[str, str]:
    """Return the rendered definition with other values at paths such as ``Training.RoleArn``; None removes the value."""
    raw = json.loads(text)
    for path, value in edits:
        step, *parents, last = path.split(".")
        place = _find(raw["Steps"], step)["Arguments"]
        for key in parents:
            place = place[key]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return {"pipelineDefinition": json.dumps(raw)}


def _find(steps: list[dict[str, Any]], name: str) -> dict[str, Any]:
    for step in steps:
        if step["Name"] == name:
            return step
        inner = step["Arguments"].get("IfSteps", [])
        if any(one["Name"] == name for one in inner):
            return _find(inner, name)
    raise KeyError(name)


def replaced(old: str, new: str) -> dict[str, str]:
    assert old in RENDERED
    return {"pipelineDefinition": RENDERED.replace(old, new)}


def ungated(name: str) -> dict[str, str]:
    """Return the rendered definition with the gate renamed and its steps moved out, next to it."""
    raw = json.loads(RENDERED.replace("QualityGate", name))
    gate = _find(raw["Steps"], name)
    raw["Steps"].remove(gate)
    raw["Steps"] += gate["Arguments"]["IfSteps"]
    return {"pipelineDefinition": json.dumps(raw)}


def location(key: str) -> dict[str, object]:
    return {"pipelineDefinitionS3Location": {"bucket": "b", "objectKey": key}}


KEY = f"definitions/{hashlib.sha256(RENDERED.encode()).hexdigest()}.json"
FE = "step FeatureEngineering, $.Steps[0].Arguments"
TRAINING = "step Training, $.Steps[1].Arguments"
CASES = [
    good("pipeline-definition", PIPELINE, edited()),
    bad("pipeline-definition", PIPELINE, {}, "pipelineDefinition is missing"),
    bad("pipeline-definition", PIPELINE, location("k"), "an object definitions/<SHA-256>.json"),
    good("pipeline-definition", PIPELINE, location(KEY)),
    good("pipeline-definition", OBJECT, {"key": "code/run-fe-step.py", "content": "import sys"}),
    good("pipeline-definition", OBJECT, {"key": KEY, "content": RENDERED}),
    bad("pipeline-definition", OBJECT, {"key": KEY, "content": f"{RENDERED} "}, "the SHA-256 of the object's content"),
    bad("pipeline-definition", OBJECT, {"key": KEY, "content": RENDERED.replace(TAG, ":latest")}, "latest'", "[image]"),
    bad(
        "pipeline-training",
        OBJECT,
        {"key": KEY, "content": edited(("Training.EnableNetworkIsolation", False))["pipelineDefinition"]},
        "EnableNetworkIsolation is False",
    ),
    bad("pipeline-definition", PIPELINE, {"pipelineDefinition": "not JSON"}, "[json]"),
    bad("pipeline-definition", PIPELINE, edited(("Training.RoleArn", None)), "step Training", "[required]"),
    bad("pipeline-definition", PIPELINE, replaced(TAG, ":latest"), "FeatureEngineering", "latest'", "[image]"),
    bad("pipeline-definition", PIPELINE, replaced(TAG, ":v1"), "content-hash tag or a digest"),
    bad("pipeline-definition", PIPELINE, replaced("forecasting-deepar:1", "forecasting-deepar:latest"), "never latest"),
    bad("pipeline-definition", PIPELINE, edited(), "allowed: an image in us-east-1", region="us-east-1"),
    bad(
        "pipeline-definition",
        PIPELINE,
        edited(("FeatureEngineering.Environment.DB_PASSWORD", "correct horse battery")),
        "Environment.DB_PASSWORD is '****' (21 characters, not shown)",
        "[secret]",
    ),
    bad("pipeline-definition", PIPELINE, ungated("Gate"), "every model passes the quality gate"),
    bad("pipeline-definition", PIPELINE, replaced("QualityGate", "Gate"), "every model passes the quality gate"),
    bad("pipeline-definition", PIPELINE, replaced(TAG, ":latest"), "latest'", name="other-pipeline"),
    good("pipeline-model-isolation", PIPELINE, edited()),
    bad(
        "pipeline-model-isolation",
        PIPELINE,
        edited(("CreateModel.EnableNetworkIsolation", False)),
        "step CreateModel",
        "is False",
    ),
    bad(
        "pipeline-model-isolation",
        PIPELINE,
        edited(("CreateModel.EnableNetworkIsolation", None)),
        "EnableNetworkIsolation is missing",
    ),
    good("pipeline-training", PIPELINE, edited()),
    bad(
        "pipeline-training",
        PIPELINE,
        edited(("Training.EnableNetworkIsolation", "true")),
        f"{TRAINING}.EnableNetworkIsolation is 'true'",
    ),
    bad(
        "pipeline-training",
        PIPELINE,
        edited(("Training.EnableInterContainerTrafficEncryption", None)),
        "TrafficEncryption is missing",
    ),
    bad("pipeline-training", PIPELINE, edited(("Training.StoppingCondition", None)), "MaxRuntimeInSeconds is missing"),
    good("pipeline-processing", PIPELINE, edited()),
    bad(
        "pipeline-processing", PIPELINE, edited(("FeatureEngineering.NetworkConfig", None)), f"{FE}.NetworkConfig", "is missing"
    ),
    bad(
        "pipeline-processing",
        PIPELINE,
        edited(("FeatureEngineering.StoppingCondition", None)),
        "MaxRuntimeInSeconds is missing",
    ),
]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_definitions(case: Case) -> None:
    case.check()


def test_no_secret_is_shown() -> None:
    secret = "correct horse battery staple"
    inputs = edited(
        ("FeatureEngineering.Environment.API_KEY", secret),
        ("FeatureEngineering.AppSpecification.ContainerArguments", ["--token", secret]),
    )
    found = judge(BY_NAME["pipeline-definition"], [Member(PIPELINE, inputs)])
    assert len(found) >= 2
    assert not any(secret in message for message in found)


@pytest.mark.parametrize(
    "control", [name for name, control in BY_NAME.items() if control.unknown_reported_by == "pipeline-definition"]
)
def test_an_unknown_definition_is_reported_once(control: str) -> None:
    assert judge(BY_NAME[control], [Member(PIPELINE, {"pipelineDefinition": UNKNOWN}, stack="prod")]) == []
