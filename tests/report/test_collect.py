"""Reading a bundle from a stack, and writing the report's files."""

from __future__ import annotations

import copy
import html
import json
from pathlib import Path
from typing import Any

import pytest

from contracts.layout import ExecutionLayout
from contracts.metrics import mean_weighted_quantile_loss
from contracts.problems import ProblemsError, needs_extra
from runs.cli import app
from runs.report import ReportBundle, build_report, collect_bundle
from runs.report.picture import draw_figure
from runs.report.stored import is_forecast_report
from runs.report.write import write_report
from runs.stack import Stack
from tests.conftest import PIPELINE_ARN, REGION
from tests.fake_sagemaker import FakeSageMaker
from tests.report.support import ID, forecasts, item

ARN = f"{PIPELINE_ARN}/execution/abc"


@pytest.fixture
def executed(stack: Stack) -> Stack:
    """A stack with one execution's item and files."""
    stack.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    stack.dynamodb.Table(stack.outputs.execution_table).put_item(Item=item())
    layout = ExecutionLayout(ID)
    files = {
        layout.forecasts: forecasts(),
        layout.gate_json: {"threshold": 1.2},
        f"{layout.evaluation}/importance.json": {"scores": {"a": 0.1}},
    }
    for key, content in files.items():
        stack.s3.put_object(Bucket="models", Key=key, Body=json.dumps(content).encode())
    return stack


def test_a_bundle_holds_what_the_execution_left(executed: Stack) -> None:
    bundle = collect_bundle(executed, ID)
    assert bundle.forecasts == forecasts()
    assert bundle.gate == {"threshold": 1.2}
    assert bundle.importance == {"scores": {"a": 0.1}}
    assert bundle.parameters["epochs"] == "7"
    assert [(step.name, step.seconds, step.attempt) for step in bundle.steps] == [
        ("FeatureEngineering", 10.0, 1),
        ("Training", 90.0, 2),
        ("Extra", None, 1),
    ]
    assert "Snapshot" not in bundle.item


def test_parameters_that_nobody_set_are_the_defaults_of_what_ran(executed: Stack, sagemaker: FakeSageMaker) -> None:
    sagemaker.add(ARN, [])
    executed.dynamodb.Table(executed.outputs.execution_table).put_item(Item=item(PipelineExecutionArn=ARN))
    bundle = collect_bundle(executed, ID)
    passed = {"ExecutionId": ID, "epochs": "7", "likelihood": "student-T"}
    assert bundle.parameters == {**passed, "prediction_length": "20", "TrainingInstanceType": "ml.c5.xlarge"}
    assert bundle.passed == passed.keys()


def test_a_pipeline_that_was_deleted_leaves_what_the_start_set(executed: Stack, sagemaker: FakeSageMaker) -> None:
    executed.dynamodb.Table(executed.outputs.execution_table).put_item(Item=item(PipelineExecutionArn=ARN))
    assert set(collect_bundle(executed, ID).parameters) == {"ExecutionId", "epochs", "likelihood"}


def test_files_that_were_never_written_are_left_out(executed: Stack) -> None:
    executed.s3.delete_object(Bucket="models", Key=ExecutionLayout(ID).forecasts)
    bundle = collect_bundle(executed, ID)
    assert (bundle.forecasts, bundle.gate) == (None, {"threshold": 1.2})


@pytest.mark.parametrize("execution_id", ["unknown", "../x"])
def test_an_unknown_execution_is_told(executed: Stack, execution_id: str) -> None:
    with pytest.raises(ProblemsError, match="execution id"):
        collect_bundle(executed, execution_id)


def test_files_are_written_under_the_execution(executed: Stack, tmp_path: Path) -> None:
    written = write_report(executed, ID, tmp_path)
    assert written.paths == {"report": tmp_path / ID / "report.html", "picture": tmp_path / ID / "forecast.png"}
    page = written.paths["report"].read_text()
    assert "Forecast of sp500" in page
    assert written.headline in html.unescape(page)
    executed.s3.delete_object(Bucket="models", Key=ExecutionLayout(ID).forecasts)
    assert set(write_report(executed, ID, tmp_path / "more").paths) == {"report"}


def test_a_report_that_lacks_a_drawing_library_names_the_extra_that_has_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands need the extra ``cli`` alone; the report needs more, and says what."""

    def undrawn(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")

    monkeypatch.setattr("runs.report.write.write_report", undrawn)
    monkeypatch.setattr("runs.cli.Stack.load", lambda _: None)
    with pytest.raises(SystemExit) as ended, needs_extra("cli"):
        app(["report", ID], prog_name="runs")
    assert ended.value.code == 1
    assert capsys.readouterr().err == "this command needs the module matplotlib: pip install '.[local]'\n"


def test_a_report_computes_each_loss_once(executed: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[int] = []

    def counted(actual: Any, quantiles: Any) -> float | None:
        computed.append(len(actual))
        return mean_weighted_quantile_loss(actual, quantiles)

    monkeypatch.setattr("runs.report.verdict.mean_weighted_quantile_loss", counted)
    write_report(executed, ID, tmp_path)
    assert len(computed) == 2 * len(forecasts()["windows"])  # the model's and the naive forecast's


def test_what_the_reconciler_noted_is_shown(executed: Stack, tmp_path: Path) -> None:
    noted = item(Problems=["evaluation/gate.json cannot be read: NoSuchKey: gone"])
    executed.dynamodb.Table(executed.outputs.execution_table).put_item(Item=noted)
    page = write_report(executed, ID, tmp_path).paths["report"].read_text()
    assert "Note: evaluation/gate.json cannot be read: NoSuchKey: gone" in page


def paths(value: Any, path: list[Any]) -> list[Any]:
    """Paths of all parts of JSON data; of a list only the first entry."""
    parts: Any = value
    for key in path:
        parts = parts[key]
    keys = list(parts) if isinstance(parts, dict) else [0] if isinstance(parts, list) and parts else []
    return [where for key in keys for where in [[*path, key], *paths(value, [*path, key])]]


@pytest.mark.parametrize("bad", [None, "text", [], {}, True, float("nan"), "2020-13-01"], ids=repr)
def test_damaged_forecasts_are_used_or_left_out_and_never_fail_a_report(bad: Any) -> None:
    for where in paths(forecasts(), []):
        report = copy.deepcopy(forecasts())
        parts: Any = report
        for key in where[:-1]:
            parts = parts[key]
        parts[where[-1]] = bad
        bundle = ReportBundle.of_item(item(), report if is_forecast_report(report) else None)
        assert "<h1>" in build_report(bundle), where
        if bundle.forecasts and bundle.forecasts["windows"]:
            draw_figure(bundle)


DAMAGED = [b"", b"{", b"[" * 100_000, b"\xff", b"7", b'{"scores": 7, "windows": 7}', b'{"threshold": "x"}']


@pytest.mark.parametrize("content", DAMAGED, ids=lambda content: repr(content[:20]))
def test_damaged_files_are_noted_and_left_out(executed: Stack, tmp_path: Path, content: bytes) -> None:
    layout = ExecutionLayout(ID)
    keys = (layout.forecasts, layout.gate_json, f"{layout.evaluation}/importance.json")
    for key in keys:
        executed.s3.put_object(Bucket="models", Key=key, Body=content)
    bundle = collect_bundle(executed, ID)
    assert bundle.forecasts is None
    assert f"{layout.forecasts} is left out" in " ".join(bundle.problems)
    assert set(write_report(executed, ID, tmp_path).paths) == {"report"}
