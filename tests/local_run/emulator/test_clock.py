"""The emulator's clock: every deployed schedule and rule fires for each of its times, in order, and time passes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.problems import ProblemsError
from local_run.cli import app
from local_run.durations import read_duration, read_speed
from local_run.emulator import virtual_time
from local_run.emulator.advance import PATH, advanced
from local_run.emulator.server import Emulator
from local_run.emulator.service import LocalSageMaker
from local_run.session import empty_account

REGION = "eu-central-1"
ROLE = "arn:aws:iam::123456789012:role/scheduler"


class Account:
    """An account with a queue that schedules and rules send to."""

    def __init__(self, emulator: Emulator, sagemaker: LocalSageMaker) -> None:
        self.emulator, self.sagemaker = emulator, sagemaker
        self._sqs = emulator.client("sqs")
        self._url = self._sqs.create_queue(QueueName="inbox")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self._queue = attributes["Attributes"]["QueueArn"]

    def schedule(self, name: str, expression: str, state: str = "ENABLED") -> None:
        self.emulator.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression=expression,
            State=state,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": self._queue,
                "RoleArn": ROLE,
                "Input": json.dumps({"of": name, "slot": "<aws.scheduler.scheduled-time>"}),
            },
        )

    def rule(self, name: str, expression: str) -> None:
        events = self.emulator.client("events")
        events.put_rule(Name=name, ScheduleExpression=expression)
        events.put_targets(Rule=name, Targets=[{"Id": "inbox", "Arn": self._queue}])

    def received(self) -> list[dict[str, Any]]:
        assert self.sagemaker.events.drain(60)
        found = []
        while batch := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", []):
            for message in batch:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            found += [json.loads(message["Body"]) for message in batch]
        return found


@pytest.fixture
def account() -> Iterator[Account]:
    with empty_account(REGION) as (emulator, sagemaker):
        yield Account(emulator, sagemaker)
    assert virtual_time.offset() == timedelta()


def slots(messages: list[dict[str, Any]], name: str) -> list[str]:
    return [message["slot"] for message in messages if message.get("of") == name]


def test_a_day_fires_each_time_of_each_schedule_and_rule_once(account: Account) -> None:
    account.schedule("daily", "cron(0 6 * * ? *)")
    account.schedule("off", "rate(1 hour)", "DISABLED")
    account.rule("hourly", "rate(1 hour)")
    begun = datetime.now(UTC)
    fired = account.sagemaker.clock.advance(timedelta(days=2))
    assert [one.due for one in fired] == sorted(one.due for one in fired)
    assert [one.name for one in fired].count("daily") == 2
    assert [one.name for one in fired].count("hourly") in (47, 48)  # the first hour counts from the emulator's start
    messages = account.received()
    six = [datetime.fromisoformat(slot) for slot in slots(messages, "daily")]
    assert [(slot.hour, slot.minute) for slot in six] == [(6, 0), (6, 0)]
    assert six[1] - six[0] == timedelta(days=1)
    events = [message for message in messages if message.get("source") == "aws.events"]
    assert {event["detail-type"] for event in events} == {"Scheduled Event"}
    assert len(events) + len(six) == len(fired)
    assert datetime.now(UTC) - begun >= timedelta(days=2)


def test_two_advances_fire_what_one_does(account: Account) -> None:
    account.schedule("daily", "cron(30 12 * * ? *)")
    both = [one for days in (1, 3) for one in account.sagemaker.clock.advance(timedelta(days=days))]
    assert len({one.due for one in both}) == len(both) == 4


def test_a_schedule_that_is_created_later_counts_from_then_and_a_deleted_one_fires_no_more(account: Account) -> None:
    clock = account.sagemaker.clock
    clock.advance(timedelta(hours=5))
    account.schedule("later", "rate(1 hour)")
    assert clock.advance(timedelta(minutes=1)) == []
    assert [one.name for one in clock.advance(timedelta(hours=2))] == ["later", "later"]
    account.emulator.client("scheduler").delete_schedule(Name="later")
    assert clock.advance(timedelta(hours=2)) == []


def test_at_a_higher_speed_time_passes_faster(account: Account) -> None:
    account.schedule("often", "rate(1 minute)")
    begun = datetime.now(UTC)
    account.sagemaker.clock.run(3600)
    messages: list[dict[str, Any]] = []
    while len(messages) < 3:  # a tick of a second of this machine is an hour there
        messages += account.received()
    assert datetime.now(UTC) - begun >= timedelta(minutes=3)
    found = slots(messages, "often")
    assert found == sorted(set(found))


def test_the_command_advances_a_running_emulator(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.schedule("daily", "cron(0 6 * * ? *)")
    for name, value in account.emulator.environment("user").items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app, ["advance", "1d"])
    assert done.exit_code == 0, done.output
    first, last = done.output.splitlines()
    assert first.endswith("06:00 UTC  daily")
    assert last.startswith("1 times fired; it is ")


def test_who_does_not_know_the_secret_cannot_advance(account: Account) -> None:
    variables = account.emulator.environment("user") | {"AWS_SECRET_ACCESS_KEY": "guessed"}
    with pytest.raises(ProblemsError, match="403"):
        advanced(variables, timedelta(hours=1))
    assert virtual_time.offset() == timedelta()


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({}, "AWS_ENDPOINT_URL"),
        ({"AWS_ENDPOINT_URL": "https://sagemaker.eu-central-1.amazonaws.com", "AWS_SECRET_ACCESS_KEY": "x"}, "on this machine"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_SECRET_ACCESS_KEY": "x"}, "no emulator answers there"),
    ],
)
def test_an_emulator_that_is_not_there_is_one_message(variables: dict[str, str], problem: str) -> None:
    with pytest.raises(ProblemsError, match=problem):
        advanced(variables, timedelta(hours=1))
    assert PATH.startswith("/_emulator/")


@pytest.mark.parametrize("text", ["", "0m", "7", "-1d", "367d", "1w", "1.5h", "１d"])
def test_another_duration_is_refused(text: str) -> None:
    with pytest.raises(ProblemsError, match="allowed: from 1m to 366d"):
        read_duration(text)


@pytest.mark.parametrize(("text", "speed"), [("off", 0), ("1x", 1), ("60x", 60), ("1.5x", 1.5), ("3600x", 3600)])
def test_a_speed_is_a_factor(text: str, speed: float) -> None:
    assert read_speed(text) == speed


@pytest.mark.parametrize("text", ["", "0x", "0.5x", "60", "3601x", "fast"])
def test_another_speed_is_refused(text: str) -> None:
    with pytest.raises(ProblemsError, match="allowed: off, or from 1x to 3600x"):
        read_speed(text)
