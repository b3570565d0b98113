"""Forecasts with an approved model: the second deployed pipeline, from the command to the published files and rows."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.layout import ExecutionLayout
from contracts.problems import ProblemsError
from contracts.status import FORECAST_STEPS
from contracts.tables import ExecutionAttribute
from local_run.session import Session
from runs import begin, cli_forecasts
from runs.cli import app
from runs.cli_forecasts import forecast_table
from runs.forecasting import forecasts_of, published, start_forecast
from runs.models import REJECTED, decide, model_package, models_of
from runs.report import collect_bundle
from tests.whole_run.conftest import Finished, finish

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(session: Session) -> Finished:
    ended = finish(session, begin.start(session.stack, "demo", "trained"))
    assert ended.item[ExecutionAttribute.OUTCOME] == "Registered"
    return ended


@pytest.fixture(scope="module")
def forecast(session: Session, trained: Finished) -> Finished:
    ended = finish(session, start_forecast(session.stack, "demo", execution_id="next"))
    assert ended.item[ExecutionAttribute.STATUS] == "Succeeded", ended.item.get(ExecutionAttribute.FAILURE_REASON)
    return ended


def rows_of(session: Session) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.stack.dynamodb.Table(session.outputs.prediction_table).scan()["Items"]
    return found


def test_the_forecast_begins_after_the_last_price_and_is_in_prices(session: Session, forecast: Finished) -> None:
    found = published(session.stack, forecast.item)
    body = session.stack.s3.get_object(Bucket=session.outputs.assets_bucket, Key="assets/sp500.csv")["Body"].read().decode()
    closes = {row["Date"]: float(row["Close"]) for row in csv.DictReader(io.StringIO(body))}
    own = [row for row in found["rows"] if row["asset"] == "sp500"]
    assert len(own) > 10
    assert all(row["time"] > found["cutoff"] for row in own)
    assert [row["time"] for row in own] == sorted(row["time"] for row in own)
    last = closes[found["cutoff"][:10]]
    assert all(0.5 * last < row["quantiles"]["0.5"] < 2 * last for row in own)
    assert {row["asset"] for row in found["rows"]} == set(found["assets"])
    for row in found["rows"]:
        values = [row["quantiles"][level] for level in sorted(row["quantiles"], key=float)]
        assert values == sorted(values)


def test_its_steps_outcome_files_and_rows_are_kept(session: Session, forecast: Finished) -> None:
    assert set(forecast.item[ExecutionAttribute.STEPS]) == set(FORECAST_STEPS)
    assert forecast.item[ExecutionAttribute.OUTCOME] == "Published"
    assert ExecutionAttribute.PROBLEMS not in forecast.item
    layout = ExecutionLayout("next")
    for name in ("forecast.csv", "forecast.json", "forecast.parquet"):
        assert forecast.read(f"{layout.forecast}/{name}")
    found = published(session.stack, forecast.item)
    lines = forecast.read(f"{layout.forecast}/forecast.csv").decode().splitlines()
    assert lines[0] == "asset,cutoff,time,mean," + ",".join(f"q{level}" for level in found["rows"][0]["quantiles"])
    assert len(lines) == 1 + len(found["rows"])
    assert len([row for row in rows_of(session) if row["ExecutionId"] == "next"]) == len(found["rows"])
    assert forecast_table(found).row_count == len([row for row in found["rows"] if row["asset"] == "sp500"])
    assert [item[ExecutionAttribute.ID] for item in forecasts_of(session.stack, "demo")] == ["next"]


def test_the_report_of_the_training_shows_the_forecast_with_its_model(session: Session, forecast: Finished) -> None:
    coming = collect_bundle(session.stack, "trained").coming
    assert coming is not None
    assert coming.facts["execution_id"] == "next"
    own = collect_bundle(session.stack, "next")
    assert own.coming == coming
    assert [step.name for step in own.steps] == list(FORECAST_STEPS)


@pytest.mark.parametrize("file", ["forecast.csv", "forecast.json"])
def test_the_command_prints_the_published_file(
    session: Session, forecast: Finished, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_forecasts.Stack, "load", lambda path=None: session.stack)
    arguments = ["forecast", "demo", "--id", "next", "--wait", "--format", file.rpartition(".")[2]]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert done.output.strip() == forecast.read(f"{ExecutionLayout('next').forecast}/{file}").decode().strip()


def test_the_same_id_starts_nothing_a_second_time_and_another_horizon_is_refused(session: Session, forecast: Finished) -> None:
    assert not start_forecast(session.stack, "demo", execution_id="next").new
    with pytest.raises(ProblemsError, match="since its start --horizon changed; choose another id"):
        start_forecast(session.stack, "demo", execution_id="next", horizon=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"horizon": 0}, "--horizon is 0; allowed: from 1 to 20, the template's predictionLength"),
        ({"horizon": 21}, "--horizon is 21; allowed: from 1 to 20"),
        ({"model_arn": "arn:aws:sagemaker:eu-central-1:123456789012:model-package/other/1"}, "model package is"),
        ({"overrides": {"ModelPackageArn": "x"}}, "--set ModelPackageArn is 'x'; it is set by --model, --id and the registry"),
        ({"overrides": {"epochs": "2"}}, "--set epochs is '2'; unknown parameter"),
    ],
)
def test_what_cannot_be_forecast_is_refused_before_anything_is_written(
    session: Session, forecast: Finished, arguments: dict[str, Any], message: str
) -> None:
    before = len(list(forecasts_of(session.stack, "demo")))
    with pytest.raises(ProblemsError) as caught:
        start_forecast(session.stack, "demo", **arguments)
    assert message in str(caught.value)
    assert len(list(forecasts_of(session.stack, "demo"))) == before


def test_a_template_without_a_model_says_how_to_get_one(session: Session) -> None:
    with pytest.raises(ProblemsError, match="it has no approved model; train one: `runs start`"):
        start_forecast(session.stack, "unknown")


def test_only_an_approved_model_forecasts(session: Session, forecast: Finished) -> None:
    (model,) = models_of(session.stack, "demo")
    assert model.execution_id == "trained"
    assert model_package(session.stack, model.arn).frozen()["Files"].keys() >= {"target.json", "scales.json"}
    decide(session.stack, model.arn, REJECTED, "a test")
    with pytest.raises(ProblemsError, match=f"approve one: `runs models approve {model.arn}`"):
        start_forecast(session.stack, "demo")
    with pytest.raises(ProblemsError, match="Rejected.*allowed: a version with the status Approved"):
        start_forecast(session.stack, "demo", model_arn=model.arn)
