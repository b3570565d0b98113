"""Drift on the deployed stack: the second forecast scores the first one, and the deployed check acts on that."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from contracts.tables import ExecutionAttribute
from contracts.template import parse_template
from local_run.demo import TEMPLATE
from local_run.sample_data import write_samples
from local_run.session import Session
from runs import assets, begin, cli_drift, models, templates
from runs.cli import app
from runs.drift_episodes import EpisodeStore
from runs.forecasting import start_forecast
from runs.price_files import read_price_files
from runs.store import execution_store
from tests.whole_run.conftest import GATE_MARGIN, WAIT_SECONDS, finish

pytestmark = pytest.mark.slow

#: The test's model server samples noise, which does not reach such a skill.
WATCHED = {"gateMargin": GATE_MARGIN, "drift": {"forecasts": 1, "minimumSkill": 0.9, "retrain": True}}
#: The shared prices end in March 2013, so a forecast of 20 days after this one has its actual values.
UNTIL = "2013-02-08"


@pytest.fixture(scope="module")
def scored(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """An approved model has forecast before and after the prices of the last weeks were stored."""
    templates.put(session.stack, parse_template(json.loads(TEMPLATE.read_text()) | WATCHED), replace=True)
    finish(session, begin.start(session.stack, "demo", "trained"))
    earlier, whole = (list(write_samples(tmp_path_factory.mktemp("prices")).values()) for _ in range(2))
    for path in earlier:
        _shorten(path)
    for paths, name in ((earlier, "f1"), (whole, "f2")):
        assets.put(session.stack, read_price_files(paths))
        ended = finish(session, start_forecast(session.stack, "demo", execution_id=name))
        assert ended.item[ExecutionAttribute.OUTCOME] == "Published"
    return session


def _shorten(path: Path) -> None:
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *(row for row in rows if row.partition(",")[0] <= UNTIL), ""]))


@pytest.fixture(scope="module")
def inbox(scored: Session) -> Callable[[], list[dict[str, Any]]]:
    sqs = scored.stack.client("sqs")
    url = sqs.create_queue(QueueName="team")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    scored.stack.sns.subscribe(TopicArn=scored.outputs.alarm_topic_arn, Protocol="sqs", Endpoint=arn)
    return lambda: [json.loads(one["Body"]) for one in sqs.receive_message(QueueUrl=url).get("Messages", [])]


def call_check(session: Session) -> dict[str, Any]:
    name = f"{session.outputs.pipeline_name}-drift-check"
    answer: dict[str, Any] = json.loads(session.stack.client("lambda").invoke(FunctionName=name)["Payload"].read())
    return answer


def test_the_deployed_check_sends_one_notice_and_starts_one_training(
    scored: Session, inbox: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = call_check(scored), call_check(scored)
    (retraining,) = first["started"]
    assert second == {"started": []}
    episode = EpisodeStore(scored.stack, "demo").get()
    assert episode is not None
    (message,) = inbox()
    assert "of the last scored forecast (after the price of 2013-02-08) is below the required +90.0%" in message["Message"]
    item = execution_store(scored.stack).get(retraining)
    assert item is not None
    assert (item[ExecutionAttribute.ORIGIN], item[ExecutionAttribute.KIND]) == ("drift", "training")
    assert scored.sagemaker.wait(item[ExecutionAttribute.PIPELINE_EXECUTION_ARN], WAIT_SECONDS)
    assert call_check(scored) == {"started": []}
    finished = execution_store(scored.stack).get(retraining)
    assert finished is not None
    monkeypatch.setattr(cli_drift.Stack, "load", lambda path=None: scored.stack)
    monkeypatch.setattr(cli_drift, "CONSOLE", Console(width=200))
    # The retraining has registered a model that is approved and has not forecast, so the episode is over.
    printed = CliRunner().invoke(app, ["drift", "demo"]).output
    assert "No statement: 0 forecasts are scored for the model in use; 1 are needed" in printed
    ended = EpisodeStore(scored.stack, "demo").get()
    assert ended is not None
    assert (ended.since, ended.noticed_at, bool(ended.ended_at)) == (episode.since, episode.noticed_at, True)
    models.decide(scored.stack, str(finished["ModelPackageArn"]), models.REJECTED, "")
    printed = CliRunner().invoke(app, ["drift", "demo"]).output
    (row,) = [line for line in printed.splitlines() if " f1 " in line]
    assert row.count("2013-") == 2
