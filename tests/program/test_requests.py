"""What a deployment asks of AWS, held against botocore's models of its services: patterns, enums, lengths, bounds, ARNs.

The emulator checks little of that, so without this test only the first real ``pulumi up`` would find such a mistake.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_run.deployment.deploy import deploy
from local_run.emulator.pipelines.records.shapes import shape_problems
from local_run.emulator.server import Emulator
from settings import PROJECT_NAME_MAX, STACK_NAME_MAX
from tests.components.recording import EVERYTHING
from tests.program.conftest import ROOT
from tests.program.rights import Request

PROGRAM = (
    "__main__.py", "settings.py", "stack_config.py", "contracts", "components", "pipeline_def", "fe_image", "handlers", "runs",
)  # fmt: skip
#: Every option except the bucket of access logs, which does not exist here.
WITH_ALL = {**EVERYTHING, "accessLogsBucket": ""}
ARN = re.compile(r"arn:aws(-[a-z]+)*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws)?:[^\s]+")


@pytest.mark.parametrize(("stack", "more"), [("dev", {}), ("local", {}), ("prod", {}), ("prod", WITH_ALL)])
def test_every_request_of_a_deployment_is_one_that_its_service_takes(
    emulator: Emulator, requests: list[Request], stack: str, more: dict[str, object]
) -> None:
    deploy(emulator, ROOT, stack, {f"model-training:{key}": value for key, value in more.items()})
    assert len(requests) > 100
    assert Counter(problem for request in requests for problem in problems(request)) == {}


def test_the_longest_project_and_stack_names_fit(emulator: Emulator, requests: list[Request], tmp_path: Path) -> None:
    project, stack = "p" * PROJECT_NAME_MAX, "s" * STACK_NAME_MAX
    for name in PROGRAM:
        (tmp_path / name).symlink_to(ROOT / name)
    declared = (ROOT / "Pulumi.yaml").read_text()
    (tmp_path / "Pulumi.yaml").write_text(declared.replace("name: model-training", f"name: {project}", 1))
    configured = (ROOT / "Pulumi.prod.yaml").read_text()
    (tmp_path / f"Pulumi.{stack}.yaml").write_text(configured.replace("model-training:", f"{project}:"))
    deployment = deploy(emulator, tmp_path, stack, {f"{project}:{key}": value for key, value in WITH_ALL.items()})
    assert deployment.stack_outputs().pipeline_name.startswith(project)
    assert Counter(problem for request in requests for problem in problems(request)) == {}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "message"),
    [
        ("events", "PutRule", {"Name": "a rule"}, "regular expression"),
        ("events", "PutTargets", {"Rule": "r", "Targets": [{"Id": "1", "Arn": "function"}]}, "no ARN"),
        ("cloudwatch", "PutMetricAlarm", {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "Equal"}, "Equal"),
        ("sqs", "CreateQueue", {"QueueName": "q", "Attribute": {}}, "Attribute"),
    ],
)
def test_a_request_that_a_service_refuses_is_found(
    service: str, operation: str, parameters: dict[str, Any], message: str
) -> None:
    model = boto3.client(service, region_name="eu-central-1").meta.service_model
    assert message in " ".join(problems(Request(model.operation_model(operation), parameters)))


def problems(request: Request) -> Iterator[str]:
    shape = request.model.input_shape
    if shape is None:
        return
    yield from (f"{request.name}: {problem}" for problem in shape_problems(shape, request.parameters))
    for where, value in arns(request.parameters):
        if not ARN.fullmatch(value):
            yield f"{request.name}: {where} is no ARN: {value!r}"


def arns(value: object, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from arns(item, f"{where}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from arns(item, where)
    elif isinstance(value, str) and where.lower().endswith(("arn", "arns")):
        yield where, value
