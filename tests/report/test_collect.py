"""Reading a bundle from a stack, and writing the report's files."""

from __future__ import annotations

import copy
import html
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.layout import ExecutionLayout
from contracts.problems import ProblemsError, needs_extra
from runs.cli import app
from runs.report import Files, ReportBundle, build_report, collect_bundle
from runs.report.bundle import file_keys
from runs.report.coming import coming_forecast, is_coming_forecast
from runs.report.stored import is_baselines, is_calibration, is_champion, is_forecast_report, is_gate, is_importance, is_scores
from runs.report.write import write_report
from runs.stack import Stack
from tests.conftest import PIPELINE_ARN, REGION
from tests.fake_sagemaker import FakeSageMaker
from tests.report.support import ID, coming, files, item

ARN = f"{PIPELINE_ARN}/execution/abc"


@pytest.fixture
def executed(stack: Stack) -> Stack:
    """A stack with one execution's item and files."""
    stack.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    stack.dynamodb.Table(stack.outputs.execution_table).put_item(Item=item())
    for name, key in file_keys(ExecutionLayout(ID)).items():
        if (content := getattr(files(), name)) is not None:
            stack.s3.put_object(Bucket="models", Key=key, Body=json.dumps(content).encode())
    return stack


def test_a_bundle_holds_what_the_execution_left(executed: Stack) -> None:
    bundle = collect_bundle(executed, ID)
    assert bundle.files == files()
    assert bundle.problems == ()
    assert (bundle.asset, bundle.quantity, bundle.unit) == ("sp500", "price", "USD")
    assert bundle.parameters["epochs"] == "7"
    assert [(step.name, step.seconds, step.attempt) for step in bundle.steps] == [
        ("FeatureEngineering", 10.0, 1),
        ("Training", 90.0, 2),
        ("Extra", None, 1),
    ]
    assert "Snapshot" not in bundle.item


def test_a_coming_forecast_is_read_from_the_executions_prefix(executed: Stack) -> None:
    key = f"executions/{ID}/forecast/forecast.json"
    executed.s3.put_object(Bucket="models", Key=key, Body=json.dumps(coming()).encode())
    found = collect_bundle(executed, ID).coming
    assert found is not None
    assert (found.asset, found.last_price, len(found.times)) == ("sp500", 100.0, 3)


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
    assert collect_bundle(executed, ID).files == files(forecasts=None)


@pytest.mark.parametrize("execution_id", ["unknown", "../x"])
def test_an_unknown_execution_is_told(executed: Stack, execution_id: str) -> None:
    with pytest.raises(ProblemsError, match="execution id"):
        collect_bundle(executed, execution_id)


def test_files_are_written_under_the_execution(executed: Stack, tmp_path: Path) -> None:
    written = write_report(executed, ID, tmp_path)
    assert written.paths == {"report": tmp_path / ID / "report.html", "picture": tmp_path / ID / "forecast.png"}
    page = written.paths["report"].read_text()
    assert "Forecast of sp500" in page
    assert written.headline in html.unescape(page).replace("\u00a0", " ")
    for key in file_keys(ExecutionLayout(ID)).values():
        executed.s3.delete_object(Bucket="models", Key=key)
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


def test_what_the_reconciler_noted_is_shown(executed: Stack) -> None:
    noted = item(Problems=["evaluation/gate.json cannot be read: NoSuchKey: gone"])
    executed.dynamodb.Table(executed.outputs.execution_table).put_item(Item=noted)
    page = build_report(collect_bundle(executed, ID))
    assert "Note: evaluation/gate.json cannot be read: NoSuchKey: gone" in page


def paths(value: Any, path: list[Any]) -> list[Any]:
    """Paths of all parts of JSON data; of a list only the first entry."""
    parts: Any = value
    for key in path:
        parts = parts[key]
    keys = list(parts) if isinstance(parts, dict) else [0] if isinstance(parts, list) and parts else []
    return [where for key in keys for where in [[*path, key], *paths(value, [*path, key])]]


REMOVED = "removed"
CHECKS = {
    "forecasts": is_forecast_report,
    "scores": is_scores,
    "gate": is_gate,
    "champion": is_champion,
    "importance": is_importance,
    "calibration": is_calibration,
    "baselines": is_baselines,
    "coming": is_coming_forecast,
}


@pytest.mark.parametrize("bad", [None, "text", {}, float("nan"), "2020-13-01", [None], REMOVED], ids=repr)
@pytest.mark.parametrize("name", CHECKS)
def test_damaged_files_are_used_or_left_out_and_never_fail_a_report(name: str, bad: Any) -> None:
    """Whatever part of a file is replaced: the page and the picture's panels have no part of it, or all that they need."""
    whole = files(coming=coming())
    for where in paths(getattr(whole, name), []):
        content = copy.deepcopy(getattr(whole, name))
        parts: Any = content
        for key in where[:-1]:
            parts = parts[key]
        if bad == REMOVED:
            del parts[where[-1]]
        else:
            parts[where[-1]] = bad
        found = replace(whole, **{name: content if CHECKS[name](content) else None})
        bundle = ReportBundle.of_item(item(), found)
        assert "<h1>" in build_report(bundle), where


@given(
    rows=st.lists(
        st.recursive(
            st.none() | st.text(max_size=3) | st.floats(),
            lambda part: (
                st.lists(part) | st.dictionaries(st.sampled_from(["asset", "time", "mean", "quantiles", "0.1", "0.5"]), part)
            ),
        )
    )
)
def test_a_coming_forecast_is_read_tolerantly(rows: list[Any]) -> None:
    usable = coming()["rows"]
    found = coming_forecast(coming(rows=[*rows, *usable]))
    assert found is not None
    assert len(found.times) >= 3
    assert found.csv_text().count("\n") == len(found.times) + 1


DAMAGED = [b"", b"{", b"[" * 100_000, b"\xff", b"7", b'{"scores": 7, "windows": 7}', b'{"skill": "x", "scores": 7}']


@pytest.mark.parametrize("content", DAMAGED, ids=lambda content: repr(content[:20]))
def test_damaged_objects_are_noted_and_left_out(executed: Stack, tmp_path: Path, content: bytes) -> None:
    keys = file_keys(ExecutionLayout(ID)).values()
    for key in keys:
        executed.s3.put_object(Bucket="models", Key=key, Body=content)
    bundle = collect_bundle(executed, ID)
    assert bundle.files == Files()
    assert all(f"{key} is left out" in " ".join(bundle.problems) for key in keys)
    assert set(write_report(executed, ID, tmp_path).paths) == {"report"}
