"""An endpoint with a registered model, from the command that creates it to its forecasts and its end."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contracts.layout import ExecutionLayout
from contracts.status import PUBLISHED
from contracts.tables import ExecutionAttribute
from local_run.session import Session
from runs import begin, cli_endpoints
from runs.cli import app
from runs.forecasting import published, start_forecast
from runs.prediction import LEVELS
from tests.whole_run.conftest import Finished, finish

pytestmark = pytest.mark.slow
LINES = f"{ExecutionLayout('next').request_lines}/0000.jsonl"


@pytest.fixture(scope="module")
def trained(session: Session) -> Finished:
    ended = finish(session, begin.start(session.stack, "demo", "trained"))
    assert ended.item[ExecutionAttribute.OUTCOME] == "Registered"
    return ended


@pytest.fixture(scope="module")
def package(trained: Finished) -> str:
    return str(trained.item[ExecutionAttribute.MODEL_PACKAGE_ARN])


@pytest.fixture(scope="module")
def endpoint(session: Session, package: str) -> str:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cli_endpoints.Stack, "load", lambda path=None: session.stack)
        done = runs("endpoint", "up", package, "--for", "2h", "--wait")
    assert done.exit_code == 0, done.output
    first, _, last = done.output.splitlines()
    assert last == "status   InService"
    return first.removeprefix("endpoint ")


@pytest.fixture(scope="module")
def forecast(session: Session, trained: Finished) -> Finished:
    ended = finish(session, start_forecast(session.stack, "demo", execution_id="next"))
    assert ended.item[ExecutionAttribute.OUTCOME] == PUBLISHED
    return ended


@pytest.fixture(autouse=True)
def commands(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(cli_endpoints.Stack, "load", lambda path=None: session.stack)
    yield


def runs(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_without_a_forecast_the_command_says_what_to_start(package: str, endpoint: str) -> None:
    done = runs("predict", endpoint)
    assert done.exit_code == 1
    assert f"start one: `runs forecast demo --model {package}`" in done.stderr


@pytest.mark.usefixtures("forecast")
def test_csv_has_each_asset_for_the_times_of_the_forecast(session: Session, endpoint: str, forecast: Finished) -> None:
    rows = list(csv.DictReader(io.StringIO(runs("predict", endpoint, "--format", "csv").stdout)))
    assert list(rows[0]) == ["asset", "time", "mean", *(f"q{level}" for level in LEVELS)]
    found = published(session.stack, forecast.item)
    assert {row["asset"] for row in rows} == set(found["assets"])
    times = [row["time"] for row in rows if row["asset"] == found["asset"]]
    assert len(times) == 20
    # The forecast has no rows for weekends; the model's steps are calendar days.
    assert {row["time"][:10] for row in found["rows"]} < set(times)
    assert times[0] > found["cutoff"][:10]
    for row in rows:
        values = [float(row[f"q{level}"]) for level in LEVELS]
        assert values == sorted(values)
        assert max(map(abs, values)) < 0.1, "these are log returns, not prices"


@pytest.mark.usefixtures("forecast")
def test_the_table_has_the_predicted_asset_and_says_what_the_values_are(endpoint: str) -> None:
    table = runs("predict", endpoint, "--horizon", "3").stdout
    assert "log return of price, by version 1 for the requests of next" in table
    assert (len(re.findall("sp500", table)), "nasdaq" in table) == (3, False)


@pytest.mark.usefixtures("forecast")
def test_json_says_everything(package: str, endpoint: str) -> None:
    made = json.loads(runs("predict", endpoint, "--format", "json", "--horizon", "2").stdout)
    rows = made.pop("rows")
    assert made == {
        "endpoint": endpoint, "modelPackage": package, "template": "demo", "transform": "log_return",
        "target": "log return of price", "requests": "next",
    }  # fmt: skip
    assert len(rows) == 2 * 6
    assert list(rows[0]["quantiles"]) == list(LEVELS)


@pytest.mark.usefixtures("forecast")
def test_a_file_of_request_lines_is_answered_line_by_line(endpoint: str, forecast: Finished, tmp_path: Path) -> None:
    lines = forecast.read(LINES).decode().splitlines()
    file = tmp_path / "lines.jsonl"
    file.write_text("\n".join(reversed(lines)))
    stored = runs("predict", endpoint, "--format", "csv").stdout.splitlines()
    given = runs("predict", endpoint, "--format", "csv", "--request", str(file)).stdout.splitlines()
    assert (given[0], sorted(given)) == (stored[0], sorted(stored))
    assert given[1].partition(",")[0] == stored[-1].partition(",")[0]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "at least one line with a DeepAR request"),
        ("{", "line 1"),
        ('{"start": "2020-01-01", "target": 1, "cat": [0]}', "target is not a list"),
        ('{"start": "yesterday", "target": [1], "cat": [0]}', "Invalid isoformat string: 'yesterday'"),
        ('{"start": "2020-01-01T00:00:00+02:00", "target": [1], "cat": [0]}', "start has a time zone"),
        ('{"start": "2020-01-01", "target": [1], "cat": [6]}', "cat is 6; the model knows 0 to 5: "),
        ('{"start": "2020-01-01", "target": [1]}', "'cat'"),
    ],
)
def test_a_file_without_requests_is_refused(endpoint: str, tmp_path: Path, content: str, problem: str) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text(content)
    done = runs("predict", endpoint, "--request", str(file))
    assert (done.exit_code, done.stdout) == (1, "")
    assert problem in done.stderr


def test_other_mistakes_are_one_message_each(endpoint: str, tmp_path: Path) -> None:
    assert "not found; see `runs endpoint list`" in runs("predict", "other").stderr
    assert "--horizon is 21; allowed: from 1 to 20" in runs("predict", endpoint, "--horizon", "21").stderr
    assert "none.jsonl does not exist" in runs("predict", endpoint, "--request", str(tmp_path / "none.jsonl")).stderr


@pytest.mark.usefixtures("forecast")
def test_request_lines_that_were_replaced_since_are_not_sent(session: Session, endpoint: str, forecast: Finished) -> None:
    stored, place = forecast.read(LINES), {"Bucket": session.outputs.models_bucket, "Key": LINES}
    session.stack.s3.put_object(**place, Body=stored + b"\n")
    try:
        done = runs("predict", endpoint)
    finally:
        session.stack.s3.put_object(**place, Body=stored)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "SHA-256" in done.stderr


def test_an_endpoint_that_is_down_no_longer_answers(package: str) -> None:
    name = runs("endpoint", "up", package, "--for", "15m").stdout.splitlines()[0].removeprefix("endpoint ")
    assert name in runs("endpoint", "list", "demo").stdout
    assert runs("endpoint", "down", name).stdout == f"deleted {name}\n"
    assert name not in runs("endpoint", "list", "demo").stdout
    assert f"{name} (not found)" in runs("predict", name).stderr


def test_an_endpoint_whose_time_is_over_is_deleted_by_the_deployed_clean_up(session: Session, package: str) -> None:
    name = runs("endpoint", "up", package, "--for", "2h").stdout.splitlines()[0].removeprefix("endpoint ")
    session.sagemaker.clock.advance(timedelta(hours=1))
    assert name in runs("endpoint", "list", "demo").stdout
    session.sagemaker.clock.advance(timedelta(hours=3))
    assert name not in runs("endpoint", "list", "demo").stdout
    assert f"{name} (not found)" in runs("predict", name).stderr
