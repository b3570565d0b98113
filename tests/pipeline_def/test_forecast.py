"""The forecast pipeline's definition, and the rule that it uses an approved model with its own fitted state."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from contracts import layout, status
from contracts import parameters as names
from pipeline_def.check.phases import check_definition
from pipeline_def.template.keys import example_values
from pipeline_def.template.render import render
from pipeline_def.template.text import FORECAST, read_template
from tests.pipeline_def.definitions import REGION, arguments, get, parameter, step

Json = dict[str, Any]


def good(sections: bool = True) -> Json:
    definition: Json = json.loads(render(read_template(FORECAST), example_values(sections=sections, pipeline=FORECAST)))
    return definition


def findings(definition: Json) -> list[str]:
    return [f"{found.rule} {found.path}: {found.allowed}" for found in check_definition(json.dumps(definition), REGION)]


@pytest.mark.parametrize("sections", [False, True])
def test_the_definition_passes_the_check(sections: bool) -> None:
    definition = good(sections)
    assert findings(definition) == []
    assert tuple(item["Name"] for item in definition["Steps"]) == status.FORECAST_STEPS


def test_a_start_names_the_execution_the_model_and_its_fitted_state() -> None:
    without = [item["Name"] for item in good()["Parameters"] if "DefaultValue" not in item]
    assert tuple(without) == names.SET_BY_START


def test_the_model_comes_from_the_registry_alone() -> None:
    container = arguments(good(), status.CREATE_MODEL_STEP)["PrimaryContainer"]
    assert container == {"ModelPackageName": get(f"Parameters.{names.MODEL_PACKAGE_ARN}")}


def _container(definition: Json) -> None:
    container = arguments(definition, status.CREATE_MODEL_STEP)["PrimaryContainer"]
    container["ModelPackageName"] = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/group/1"


def _artefact(definition: Json) -> None:
    arguments(definition, status.CREATE_MODEL_STEP)["PrimaryContainer"]["ModelDataUrl"] = "s3://bucket/model.tar.gz"


def _fitted(definition: Json) -> None:
    for item in arguments(definition, status.PREPARE_STEP)["ProcessingInputs"]:
        if item["S3Input"]["LocalPath"] == layout.INPUT_FITTED_DIR:
            item["S3Input"]["S3Uri"] = "s3://bucket/other"


def _samples(definition: Json) -> None:
    inputs = arguments(definition, status.PUBLISH_STEP)["ProcessingInputs"]
    inputs[:] = [item for item in inputs if item["S3Input"]["LocalPath"] != layout.INPUT_SAMPLES_DIR]


def _index(definition: Json) -> None:
    source = arguments(definition, status.FORECAST_STEP)["TransformInput"]["DataSource"]["S3DataSource"]
    source["S3Uri"] = source["S3Uri"]["Std:Join"]["Values"][0]


def _table(definition: Json) -> None:
    del arguments(definition, status.PUBLISH_STEP)["Environment"]["PREDICTION_TABLE"]


def _default(definition: Json) -> None:
    parameter(definition, names.EXECUTION_ID)["DefaultValue"] = "shared"


def _no_publish(definition: Json) -> None:
    definition["Steps"].remove(step(definition, status.PUBLISH_STEP))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_container, "forecast $.Steps[1].Arguments.PrimaryContainer: allowed: {'ModelPackageName'"),
        (_artefact, "forecast $.Steps[1].Arguments.PrimaryContainer: allowed: {'ModelPackageName'"),
        (_fitted, "allowed: Parameters.FittedS3Uri"),
        (_samples, "needed: Publish reads it"),
        (_index, "allowed: lines/ below the output requests of Prepare"),
        (_table, "needed: the step stores the forecast there"),
        (_default, "every start names its own"),
        (_no_publish, "needed: handlers and reports know this step by its name"),
    ],
)
def test_a_forecast_that_could_use_another_model_or_lose_its_result_is_reported(
    change: Callable[[Json], None], expected: str
) -> None:
    definition = good()
    change(definition)
    assert any(expected in found for found in findings(definition)), findings(definition)


def test_a_step_that_registers_has_no_place_here() -> None:
    definition = good()
    definition["Steps"].append({**step(definition, status.CREATE_MODEL_STEP), "Name": "Another"})
    assert any("makes a model" in found for found in findings(definition))
