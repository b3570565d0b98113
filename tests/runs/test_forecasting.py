"""Starts of the forecast pipeline: what is frozen, and the command that resumes a start that SageMaker refused for now."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.problems import ProblemsError
from contracts.snapshot import from_attribute
from contracts.tables import ExecutionAttribute
from runs import cli_forecasts
from runs.cli import app
from runs.forecasting import start_forecast
from runs.pipeline_start import START_WAITS
from runs.stack import Stack
from runs.store import execution_store
from tests.fake_sagemaker import FakeSageMaker
from tests.runs.registry import PACKAGE, TEMPLATE, ready_to_forecast


@pytest.fixture(autouse=True)
def registered(stack: Stack, sagemaker: FakeSageMaker) -> None:
    ready_to_forecast(stack, sagemaker)


def test_the_snapshot_freezes_model_prices_and_horizon(stack: Stack) -> None:
    start_forecast(stack, "daily", horizon=3, execution_id="f1")
    item = execution_store(stack).get("f1")
    assert item is not None
    snapshot = from_attribute(item[ExecutionAttribute.SNAPSHOT])
    assert (item[ExecutionAttribute.KIND], snapshot["Horizon"]) == ("forecast", 3)
    assert snapshot["Model"]["PackageArn"] == PACKAGE
    assert snapshot["Model"]["FittedS3Uri"] == "s3://models/executions/t/evaluation"
    assert snapshot["Model"]["Files"]["template.json"] == hashlib.sha256(TEMPLATE).hexdigest()
    assert set(snapshot["Assets"]) == {"AAPL"}
    assert snapshot["Template"] == json.loads(TEMPLATE)


@pytest.mark.parametrize("chosen", [{}, {"horizon": 3, "overrides": {"ForecastInstanceType": "ml.m5.large"}}])
def test_the_printed_command_resumes_the_start_with_all_that_was_chosen(
    stack: Stack, sagemaker: FakeSageMaker, chosen: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sagemaker.refusals = ["ResourceLimitExceeded"] * (len(START_WAITS) + 1)
    with pytest.raises(ProblemsError) as caught:
        start_forecast(stack, "daily", execution_id="f1", **chosen)
    printed = re.search(r"resume it with `python -m runs (.*)`", str(caught.value))
    assert printed is not None
    monkeypatch.setattr(cli_forecasts.Stack, "load", lambda path=None: stack)
    done = CliRunner().invoke(app, shlex.split(printed[1]))
    assert done.exit_code == 0, done.output
    item = execution_store(stack).get("f1")
    assert item is not None
    assert (sagemaker.starts, item[ExecutionAttribute.PIPELINE_EXECUTION_ARN] is not None) == (1, True)


def test_a_template_file_that_was_replaced_since_the_training_is_refused(stack: Stack) -> None:
    stack.s3.put_object(Bucket="models", Key="executions/t/evaluation/template.json", Body=TEMPLATE + b" ")
    with pytest.raises(ProblemsError, match="the model's metadata have .*; restore the file"):
        start_forecast(stack, "daily")
    assert execution_store(stack).all() == []


def test_each_problem_of_a_start_is_reported_at_once(stack: Stack, sagemaker: FakeSageMaker) -> None:
    sagemaker.packages[PACKAGE]["ModelApprovalStatus"] = "PendingManualApproval"
    stack.s3.delete_object(Bucket="assets", Key="assets/AAPL.csv")
    with pytest.raises(ProblemsError) as caught:
        start_forecast(stack, "daily", model_arn=PACKAGE, horizon=11, execution_id="-", overrides={"FittedS3Uri": "s3://b/c"})
    assert [problem.where for problem in caught.value.problems] == [
        "model package", "--horizon", "--id", "--set FittedS3Uri", "asset AAPL",
    ]  # fmt: skip
    assert (execution_store(stack).all(), sagemaker.starts) == ([], 0)
