"""The drift check: one notice and at most one retraining per episode, whatever is repeated, late or failing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from contracts import model_metadata as metadata
from contracts.drift import DriftRule
from contracts.status import FAILED, SUCCEEDED
from contracts.tables import ExecutionAttribute
from handlers import drift_check
from handlers.drift_check import DriftCheckError
from runs.begin import start
from runs.drift_check import check_template, watched_templates
from runs.drift_episodes import NOTICE_TIME, EpisodeStore
from runs.history import Change
from runs.stack import Stack
from runs.store import ExecutionStore
from tests.examples import examples
from tests.fake_sagemaker import FakeSageMaker
from tests.predictions import forecast_rows, put_rows
from tests.runs.registry import add_package


def package(template: str, version: int = 1) -> str:
    return f"arn:aws:sagemaker:eu-central-1:123456789012:model-package/{template}/{version}"


NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
GOOD, BAD = (1.0, 2.0), (3.0, 2.0)
RULE = {"forecasts": 2, "minimumSkill": -0.1, "retrain": False}
RETRAIN = RULE | {"retrain": True}
Inbox = Callable[[], list[dict[str, Any]]]
MODEL = package("daily")


@pytest.fixture(autouse=True)
def inbox(stack: Stack, sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """The stack's topic with a subscriber; returns the messages that arrived since the last call."""
    monkeypatch.setattr(drift_check, "stack", lambda: stack)
    stack.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": stack.outputs.region})
    topic = stack.sns.create_topic(Name="alarms")["TopicArn"]
    assert topic == stack.outputs.alarm_topic_arn
    sqs = stack.client("sqs")
    url = sqs.create_queue(QueueName="team")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    stack.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def received() -> list[dict[str, Any]]:
        found = []
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in batch:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += [json.loads(message["Body"]) for message in batch]
        return found

    return received


def put_template(
    stack: Stack, drift: dict[str, Any] | None, name: str = "daily", assets: Sequence[str] = (), end: str = "2025-12-31"
) -> None:
    """Store a template with an approved model."""
    content = {"id": name, "predictedAsset": "AAPL", "endTraining": end, "drift": drift}
    item = {"Id": name, "Template": json.dumps(content), "Parameters": {}, "BaseAssets": list(assets)}
    stack.dynamodb.Table(stack.outputs.template_table).put_item(Item=item)
    approve(stack, package(name), name)


def approve(stack: Stack, arn: str, name: str) -> None:
    """Make a version the only approved one of a template."""
    for one in stack.sagemaker.packages.values():
        if one["CustomerMetadataProperties"][metadata.EXECUTION_ID] == name:
            one["ModelApprovalStatus"] = "Rejected"
    add_package(stack, stack.sagemaker, arn, json.dumps({"id": name, "endTraining": "2026-01-01"}).encode(), name)


def put_bad(stack: Stack, *cutoffs: int, template: str = "daily") -> None:
    model = package(template)
    put_rows(stack, [row for cutoff in cutoffs for row in forecast_rows(cutoff, [BAD], model=model, template=template)])


def check(stack: Stack, now: datetime = NOW) -> list[str]:
    """One check of all templates at a time; returns the trainings that it started."""
    started = [check_template(stack, item, rule, now) for item, rule in watched_templates(stack)]
    return [one.execution_id for one in started if one]


def conclude(store: ExecutionStore, execution_id: str, status: str) -> None:
    store.record(execution_id, Change("2026-03-01T13:00:00.000+00:00", status))


def test_a_notice_says_what_is_wrong_and_what_to_do_once(stack: Stack, inbox: Inbox) -> None:
    put_template(stack, RULE)
    put_bad(stack, 1, 2)
    assert [drift_check.handle() for _ in range(3)] == [{"started": []}] * 3
    (message,) = inbox()
    assert message["Subject"] == "Drift: forecasts of template daily"
    text = message["Message"]
    assert "Skill -50.0% over the last 2 scored forecasts (after the prices of 2026-01-02 to 2026-01-03)" in text
    assert "below the required -10.0%" in text
    assert f"Model: {MODEL}" in text
    assert "Look at each forecast: python -m runs drift daily\n" in text
    assert "Retrain: python -m runs start daily. A training uses prices until endTraining, which is 2025-12-31." in text


def test_a_training_that_uses_the_newest_prices_anyway_needs_no_other_date(stack: Stack, inbox: Inbox) -> None:
    put_template(stack, RULE, end="latest")
    put_bad(stack, 1, 2)
    drift_check.handle()
    assert "2. Retrain: python -m runs start daily.\n3." in inbox()[0]["Message"]


@pytest.mark.parametrize(
    ("drift", "bad"), [(None, (1, 2)), (RULE, (1,)), (RULE, ()), (RULE | {"minimumSkill": -0.6}, (1, 2))],
    ids=["no rule", "fewer scored", "no forecasts", "skill is high enough"],
)  # fmt: skip
def test_no_notice_without_a_skill_below_the_rule(
    stack: Stack, inbox: Inbox, drift: dict[str, Any] | None, bad: tuple[int, ...]
) -> None:
    put_template(stack, drift)
    put_bad(stack, *bad)
    drift_check.handle()
    assert inbox() == []


def test_a_check_that_meets_another_ones_episode_sends_nothing(stack: Stack, inbox: Inbox) -> None:
    """The other check has begun the episode, and is about to send its notice."""
    put_template(stack, RETRAIN)
    put_bad(stack, 1, 2)
    assert EpisodeStore(stack, "daily").begin(MODEL, NOW) is not None
    assert EpisodeStore(stack, "daily").begin(MODEL, NOW) is None
    assert (check(stack, NOW + timedelta(seconds=1)), inbox()) == ([], [])


def test_a_notice_that_could_not_be_sent_is_sent_by_a_later_check(
    stack: Stack, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_template(stack, RETRAIN)
    put_bad(stack, 1, 2)

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "InternalError", "Message": "try again"}}, "Publish")

    with monkeypatch.context() as patched:
        patched.setattr(stack.sns, "publish", refuse)
        with pytest.raises(ClientError):
            check(stack)
    assert (check(stack, NOW + timedelta(minutes=1)), inbox()) == ([], [])
    assert len(check(stack, NOW + 2 * NOTICE_TIME)) == 1
    assert len(inbox()) == 1


def test_the_episode_survives_that_its_template_is_stored_again(stack: Stack, inbox: Inbox) -> None:
    put_template(stack, RULE)
    put_bad(stack, 1, 2)
    check(stack)
    put_template(stack, RULE)
    check(stack, NOW + timedelta(hours=1))
    assert len(inbox()) == 1


NUMBERS = itertools.count()
STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from([1, 1, 2]), st.booleans()), max_size=8)


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_each_episode_has_one_notice(stack: Stack, inbox: Inbox, steps: list[tuple[bool, int, bool]]) -> None:
    """An episode begins with a skill below the rule, and ends with a skill above it or when another model is approved.

    Whether the model is bad, the approved version, and whether a forecast with another version was made by hand.
    """
    name = f"template-{next(NUMBERS)}"
    put_template(stack, RULE | {"forecasts": 1}, name)
    item = stack.dynamodb.Table(stack.outputs.template_table).get_item(Key={"Id": name})["Item"]
    expected, current = 0, None
    for number, (is_bad, version, by_hand) in enumerate(steps):
        approve(stack, package(name, version), name)
        losses = [BAD if is_bad else GOOD]
        put_rows(stack, forecast_rows(number, losses, model=package(name, version), template=name))
        if by_hand:
            opposite = [GOOD if is_bad else BAD]
            put_rows(stack, forecast_rows(number, opposite, model=package(name, 3), template=name, name=f"z-{number}"))
        for minute in (0, 1):
            check_template(stack, item, DriftRule(1), NOW + timedelta(hours=number, minutes=minute))
        if current is not None and (not is_bad or version != current):
            current = None
        if is_bad and current is None:
            expected, current = expected + 1, version
    assert len(inbox()) == expected


def test_a_retraining_starts_once_with_an_id_of_the_episode(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker, inbox: Inbox
) -> None:
    put_template(stack, RETRAIN)
    put_bad(stack, 1, 2)
    assert check(stack) == ["daily-20260301-120000-d"]
    item = store.get("daily-20260301-120000-d")
    assert item is not None
    assert (item[ExecutionAttribute.KIND], item[ExecutionAttribute.ORIGIN]) == ("training", "drift")
    assert check(stack, NOW + timedelta(hours=1)) == []
    conclude(store, "daily-20260301-120000-d", FAILED)
    put_bad(stack, 3)
    assert check(stack, NOW + timedelta(hours=2)) == []
    assert sagemaker.starts == 1
    assert "Retrain: it starts once by itself" in inbox()[0]["Message"]


@pytest.mark.parametrize(("status", "retrains"), [(SUCCEEDED, False), (FAILED, True)])
def test_no_retraining_while_another_training_runs_nor_after_it_succeeded(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker, status: str, retrains: bool
) -> None:
    put_template(stack, RETRAIN)
    put_template(stack, None, "other")
    put_bad(stack, 1, 2)
    start(stack, "other", "of-another-template")
    other = start(stack, "daily", "by-hand")
    now = datetime.now(UTC) - timedelta(minutes=1)
    assert (check(stack, now), sagemaker.starts) == ([], 2)
    conclude(store, other.execution_id, status)
    assert len(check(stack, now + timedelta(hours=1))) == retrains


def test_a_training_that_ended_before_the_episode_does_not_count(stack: Stack, store: ExecutionStore) -> None:
    put_template(stack, RETRAIN)
    put_bad(stack, 1, 2)
    start(stack, "daily", "earlier")
    conclude(store, "earlier", SUCCEEDED)
    assert len(check(stack, datetime.now(UTC) + timedelta(minutes=1))) == 1


def test_a_retraining_that_sagemaker_cannot_start_now_is_started_by_the_next_check(
    stack: Stack, sagemaker: FakeSageMaker, inbox: Inbox
) -> None:
    put_template(stack, RETRAIN)
    put_bad(stack, 1, 2)
    sagemaker.refusals = ["ResourceLimitExceeded"] * 100
    with pytest.raises(DriftCheckError, match="daily: ProblemsError: .*ResourceLimitExceeded"):
        drift_check.handle()
    sagemaker.refusals = []
    drift_check.handle()
    drift_check.handle()
    assert (sagemaker.starts, len(inbox())) == (1, 1)


def test_a_template_that_cannot_be_retrained_does_not_keep_the_others_from_it(
    stack: Stack, sagemaker: FakeSageMaker, inbox: Inbox
) -> None:
    put_template(stack, RETRAIN, "a", assets=["GONE"])
    put_template(stack, RETRAIN, "b")
    for name in "ab":
        put_bad(stack, 1, 2, template=name)
    with pytest.raises(DriftCheckError) as caught:
        drift_check.handle()
    assert list(caught.value.failures) == ["a"]
    assert "runs assets put GONE.csv" in caught.value.failures["a"]
    assert (sagemaker.starts, len(inbox())) == (1, 2)
