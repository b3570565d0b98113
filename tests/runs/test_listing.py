"""The rows of `runs list`, their conditions and formats, and the differences of two executions."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.problems import ProblemsError
from contracts.snapshot import to_attribute
from runs import cli, cli_operations
from runs.cli import app
from runs.execution_diff import compared_executions, execution_differences
from runs.listing import FIELDS, as_csv, listed, row_of
from runs.stack import Stack

ARN = "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/pipe/execution/{}"


def put(stack: Stack, name: str, created: str, template: dict[str, Any], parameters: dict[str, str], **more: Any) -> None:
    snapshot: Any = {
        "Template": {"predictedAsset": "AAPL", "endTraining": "2012-01-01", "frequency": "1D"} | template,
        "Parameters": parameters, "ImageUri": "image:1", "DefinitionDigest": "a" * 64,
        "Assets": {"AAPL": {"Sha256": "b" * 64}},
    }  # fmt: skip
    item = {"Id": name, "TemplateId": "daily", "Status": "Succeeded", "CreatedAt": created, "Origin": "runs", "Steps": {}}
    item |= {"Snapshot": to_attribute(snapshot), "PipelineExecutionArn": ARN.format(name)}
    stack.dynamodb.Table(stack.outputs.execution_table).put_item(Item={**item, **more})


@pytest.fixture
def executions(stack: Stack) -> Stack:
    """Three executions: one registered, one failed at the training, one forecast."""
    step = {"Status": "Succeeded", "StartedAt": "2026-01-01T00:00:00Z", "EndedAt": "2026-01-01T00:00:30Z"}
    steps = {"FeatureEngineering": step, "Training": {**step, "Status": "Failed", "EndedAt": "2026-01-01T00:02:00Z"}}
    good = {"Outcome": "Registered", "GateMetric": Decimal("0.125"), "Steps": {**steps, "RegisterModel": step}}
    put(stack, "good", "2026-01-01T00:00:00.000+00:00", {}, {"epochs": "5"}, **good)
    put(stack, "bad", "2026-01-02T00:00:00.000+00:00", {"frequency": "1W"}, {"epochs": "9"}, Status="Failed", Steps=steps)
    forecast = {"Steps": {"Prepare": step}, "Kind": "forecast", "Outcome": "Published"}
    put(stack, "next", "2026-01-03T00:00:00.000+00:00", {}, {}, **forecast)
    return stack


def names(stack: Stack, *where: str, search: str = "") -> list[str]:
    return [row["execution"] for row in listed(stack, where, search)]


def test_rows_have_what_identifies_an_execution_and_how_far_it_is(executions: Stack) -> None:
    rows = {row["execution"]: row for row in listed(executions)}
    assert list(rows) == ["next", "bad", "good"]
    assert {name: rows["good"][name] for name in ("kind", "asset", "asOf", "step", "outcome", "skill")} == {
        "kind": "training", "asset": "AAPL", "asOf": "2012-01-01", "step": "7/7 RegisterModel", "outcome": "Registered",
        "skill": "+12.5%",
    }  # fmt: skip
    assert (rows["bad"]["step"], rows["next"]["step"], rows["next"]["asOf"]) == ("2/7 Training", "1/4 Prepare", "")
    assert tuple(rows["good"]) == FIELDS


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (["status=Failed"], ["bad"]),
        (["kind=forecast"], ["next"]),
        (["Template.frequency=1D"], ["next", "good"]),
        (["Parameters.epochs=5"], ["good"]),
        (["Template.frequency=1*", "outcome=*ed"], ["next", "good"]),
        (["ImageUri=image:1"], ["next", "bad", "good"]),
        (["outcome="], ["bad"]),
        (["template=other"], []),
    ],
)
def test_conditions_name_a_field_or_a_path_in_the_snapshot(executions: Stack, where: list[str], found: list[str]) -> None:
    assert names(executions, *where) == found


@pytest.mark.parametrize("search", ["oo", ARN.format("good"), "execution/good"])
def test_a_part_of_the_id_or_of_the_arn_is_found(executions: Stack, search: str) -> None:
    assert names(executions, search=search) == ["good"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("Failed", "--where is 'Failed'; allowed: field=value"),
        ("=x", "allowed: field=value"),
        ("statu=Failed", "no execution has this field; did you mean 'status'\\? allowed: execution, template"),
        ("Template.nothing=1", "no execution has this field; .*or a path in the snapshot such as Template.frequency"),
    ],
)
def test_a_condition_on_nothing_is_refused(executions: Stack, where: str, message: str) -> None:
    with pytest.raises(ProblemsError, match=message):
        names(executions, where)


def test_without_executions_any_field_can_be_asked_for(stack: Stack) -> None:
    assert names(stack, "Template.frequency=1D") == []


@pytest.mark.parametrize("output", ["csv", "json", "table"])
def test_each_format_has_all_executions(executions: Stack, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    monkeypatch.setattr(cli.Stack, "load", lambda path=None: executions)
    done = CliRunner().invoke(app, ["list", "--format", output])
    assert done.exit_code == 0, done.output
    if output == "table":
        assert [name in done.output for name in ("good", "bad", "next")] == [True] * 3
        return
    read = json.loads(done.output) if output == "json" else list(csv.DictReader(io.StringIO(done.output)))
    assert read == listed(executions)


def test_a_name_that_a_spreadsheet_would_run_is_text() -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv([row_of({"Id": "x", "TemplateId": "=1+1", "GateMetric": "-0.1"})])))
    assert (row["template"], row["skill"]) == ("'=1+1", "'-10.0%")


def test_only_what_differs_is_shown(executions: Stack) -> None:
    found = execution_differences(*compared_executions(executions, "bad", None))
    assert found == [
        ("parameter.epochs", '"9"', '"5"'),
        ("template.frequency", '"1W"', '"1D"'),
        ("status", "Failed", "Succeeded"),
        ("outcome", "–", "Registered"),
        ("skill", "–", "0.125"),
        ("time of RegisterModel", "–", "30 s"),
    ]


def test_the_command_says_that_nothing_differs(executions: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_operations.Stack, "load", lambda path=None: executions)
    assert CliRunner().invoke(app, ["diff", "good", "good"]).output == "nothing differs\n"
    refused = CliRunner().invoke(app, ["diff", "good"])
    assert (refused.exit_code, "no other execution of template daily has registered a model" in refused.stderr) == (1, True)
