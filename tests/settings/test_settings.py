from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import settings
from contracts.problems import ProblemsError
from contracts.regions import DEEPAR_ACCOUNTS
from settings import Settings, next_times, parse

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "model-training"
STACKS = ("dev", "prod", "local")
BLOCK = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]


def config(stack: str = "dev", **changes: str | None) -> dict[str, str]:
    values = {f"{PROJECT}:{key}": entry["default"] for key, entry in BLOCK.items()}
    values |= yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    texts |= {key if ":" in key else f"{PROJECT}:{key}": value for key, value in changes.items() if value is not None}
    return {key: value for key, value in texts.items() if changes.get(key.removeprefix(f"{PROJECT}:"), "") is not None}


def problems(**changes: str | None) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        parse(PROJECT, "dev", config(**changes))
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_file_is_right(stack: str) -> None:
    parsed = parse(PROJECT, stack, config(stack))
    assert parsed.stack == stack
    assert parsed.region in DEEPAR_ACCOUNTS


def test_prod_is_protected_and_waits_for_approval() -> None:
    parsed = parse(PROJECT, "prod", config("prod"))
    assert parsed.protect_data
    assert parsed.approval_status == "PendingManualApproval"
    assert parsed.creates_key


def test_pulumi_yaml_declares_exactly_the_settings() -> None:
    fields = {str(field.alias) for name, field in Settings.model_fields.items() if name not in ("project", "stack", "region")}
    assert set(BLOCK) == fields
    assert all({"type", "description", "default"} <= entry.keys() for entry in BLOCK.values())


def test_settings_hold_no_defaults() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.is_required()] == []


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("aws:region", "eu-centrl-1", ["did you mean 'eu-central-1'?", "us-east-1"]),
        ("trainingInstanceType", "m5.xlarge", ["did you mean 'ml.m5.xlarge'?"]),
        ("processingInstanceType", "ml.enormous", ["a SageMaker instance type"]),
        ("trainingMaxRuntimeSeconds", "0", ["60 to 432000"]),
        ("trainingMaxRuntimeSeconds", "two", ["a whole number"]),
        ("trainingMaxRuntimeSeconds", "1e9", ["a whole number"]),
        ("trainingMaxRuntimeSeconds", "3600.0", ["a whole number"]),
        ("handlerConcurrency", "-2", ["-1 (none reserved)"]),
        ("handlerConcurrency", "0", ["or from 1 to 1000"]),
        ("subnetIds", '["subnet-01234567", "subnet-01234567"]', ["different ids"]),
        ("subnetIds", '["subnet-xyz"]', ["subnetIds[0]", "subnet-0123456789abcdef0"]),
        ("subnetIds", "subnet-0123456789abcdef0", ["a JSON list"]),
        ("securityGroupIds", json.dumps([f"sg-{number:08x}" for number in range(6)]), ["at most 5"]),
        ("retrainingSchedule", "every day", ["rate(7 days)"]),
        ("retrainingSchedule", "cron(0 6 * * MON *)", ["cron(0 6 ? * MON *)"]),
        ("retrainingSchedule", "cron(61 6 ? * MON *)", ["cron(0 6 ? * MON *)"]),
        ("retrainingSchedule", "cron(0/0 6 ? * MON *)", ["cron(0 6 ? * MON *)"]),
        ("retrainingSchedule", "cron(0 6 32W * ? *)", ["cron(0 6 ? * MON *)"]),
        ("retrainingSchedule", "rate(1 days)", ["rate(7 days)"]),
        ("retrainingSchedule", "at(2027-01-01T00:00:00)", ["rate(7 days)"]),
        *(
            ("retrainingSchedule", f"cron({inside})", ["cron(0 6 ? * MON *)"])
            for inside in (
                "0 6 ? * FOOL *",
                "0 6 ? * ZZZL *",
                "0 6 ? * 777L *",
                "0 6 ? * XXX#1 *",
                "0 6 ? * MON#6 *",
                "\u0660 6 ? * MON *",
                "0 \u0666-12 ? * MON *",
                "0 6 */400 * ? *",
                "0 0/24 1 1 ? *",
                "0 6 1 */\u0662 ? *",
                "0 12-6 ? * MON *",
                "0 6 ? * FRI-MON *",
                "0 6 ? * MON-FRI-SUN *",
                "0 6 ? *  MON *",
                "* * * * ? *",
                "0,30 6 ? * MON *",
                "0/15 6 ? * MON *",
                "0-1 6 ? * MON *",
            )
        ),
        ("retrainingSchedule", "rate(1 minute)", ["once an hour"]),
        ("retrainingSchedule", "rate(59 minutes)", ["once an hour"]),
        ("retrainingSchedule", "rate(\u0667 days)", ["rate(7 days)"]),
        ("retrainingTemplate", "-x", ["letters, digits and hyphens"]),
        ("forecastSchedule", "rate(59 minutes)", ["once an hour"]),
        ("forecastTemplate", "-x", ["letters, digits and hyphens"]),
        ("approvalStatus", "approved", ["PendingManualApproval or Approved"]),
        ("alarmEmail", "me", ["one e-mail address"]),
        ("alarmEmail", "<a@example.org>", ["one e-mail address"]),
        ("alarmEmail", "a@example.org,b@example.org", ["one e-mail address"]),
        *(
            ("alarmEmail", address, ["one e-mail address"])
            for address in ("a\0b@example.org", "a@b..org", ".a@b.org", "a..b@c.org", "a@-b.org", f"{'a' * 65}@b.org")
        ),
        ("alarmEmail", f"a@{'b.' * 130}org", ["one e-mail address"]),
        ("assetsBucketName", "My_Bucket", ["3 to 63 lower-case"]),
        ("modelsBucketName", "xn--models", ["not beginning with xn--"]),
        ("accessLogsBucket", "logs-s3alias", ["nor ending with -s3alias"]),
        ("modelsBucketName", "my.models", ["3 to 63 lower-case"]),
        ("accessLogsBucket", "my..logs", ["not two together"]),
        ("accessLogsBucket", "192.168.5.4", ["not two together"]),
        ("permissionsBoundary", "arn:aws:iam::123456789012:role/bound", ["ARN of an IAM policy"]),
        ("encryptionKey", "alias/mine", ["the ARN of a KMS key"]),
        ("managedSpot", "yes", ["true or false"]),
        ("logSyncSeconds", "0", ["1 to 3600"]),
        ("logRetentionDays", "8", ["365"]),
        ("executionExpiryDays", "-1", ["0 (never)"]),
        ("baseImage", "python:latest", ["never :latest"]),
        ("baseImage", "python", ["name:tag"]),
        ("baseImage", "a::b", ["name:tag"]),
        ("baseImage", "localhost:5000/python", ["name:tag"]),
        ("baseImage", "a//b:1", ["name:tag"]),
        ("subnetIds", "[" * 100_000 + "]" * 100_000, ["a JSON list"]),
        ("securityGroupIds", '["sg-01234567", NaN]', ["a JSON list"]),
        ("owner", "", ["1 to 256"]),
        ("owner", "aws:me", ["1 to 256"]),
        ("owner", "\n", ["1 to 256"]),
    ],
)
def test_one_wrong_setting_is_named_with_what_is_allowed(key: str, value: str, words: list[str]) -> None:
    (found,) = problems(**{key: value})
    assert key in found
    assert all(word in found for word in words)
    assert repr(value)[1:20].rstrip("'") in found or "[0]" in found


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"subnetIds": '["subnet-0123456789abcdef0"]'}, "securityGroupIds", "set both or neither"),
        ({"securityGroupIds": '["sg-0123456789abcdef0"]'}, "subnetIds", "set both or neither"),
        ({"retrainingSchedule": "rate(7 days)"}, "retrainingTemplate", "set both or neither"),
        ({"retrainingTemplate": "nightly"}, "retrainingSchedule", "set both or neither"),
        ({"forecastSchedule": "rate(1 day)"}, "forecastTemplate", "set both or neither"),
        ({"forecastTemplate": "nightly"}, "forecastSchedule", "set both or neither"),
        ({"managedSpot": "true", "trainingMaxWaitSeconds": "1800"}, "trainingMaxWaitSeconds", "(3600) to 3600"),
        ({"managedSpot": "true", "trainingMaxWaitSeconds": "7200"}, "trainingMaxWaitSeconds", "without checkpoints"),
        (
            {"assetsBucketName": "prices", "modelsBucketName": "prices"},
            "modelsBucketName",
            "the same name",
        ),
        ({"pipelineBucketName": "prices", "accessLogsBucket": "prices"}, "accessLogsBucket", "has the same name"),
        ({"encryptionKey": "create", "trainingInstanceType": "ml.g5.xlarge"}, "trainingInstanceType", "local storage"),
        (
            {"encryptionKey": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"},
            "encryptionKey",
            "in the stack's region",
        ),
        ({"encryptionKey": "arn:aws-cn:kms:eu-central-1:123456789012:key/1"}, "encryptionKey", "in the stack's region"),
        ({"permissionsBoundary": "arn:aws-cn:iam::123456789012:policy/x"}, "permissionsBoundary", "arn:aws:…"),
    ],
)
def test_settings_that_do_not_go_together(changes: dict[str, str], key: str, words: str) -> None:
    (found,) = problems(**changes)
    assert found.startswith(f"{PROJECT}:{key} ")
    assert words in found


def test_all_problems_at_once() -> None:
    found = problems(
        **{
            "aws:region": None,
            "owner": None,
            "bucketNmae": "x",
            "model-trainng:owner": "x",
            "trainingInstanceType": "m5.xlarge",
            "alarmEmail": "me",
            "managedSpot": "true",
            "trainingMaxWaitSeconds": "60",
            "retrainingSchedule": "rate(7 days)",
        }
    )
    assert len(found) == 8
    text = "\n".join(found)
    assert "aws:region is missing" in text
    assert "owner is missing" in text
    assert "unknown key; did you mean 'modelsBucketName'?" in text
    assert "did you mean 'model-training'?" in text


def test_a_misplaced_region_is_explained() -> None:
    (found,) = problems(region="eu-central-1")
    assert "aws:region" in found


def test_other_providers_keys_are_theirs() -> None:
    assert parse(PROJECT, "dev", config(**{"aws:skipCredentialsValidation": "true", "random:seed": "1"}))


@pytest.mark.parametrize("type_", ["ml.p6-b200.48xlarge", "ml.p6e-gb200.36xlarge", "ml.trn2.48xlarge", "ml.g7e.2xlarge"])
def test_local_storage_takes_no_key(type_: str) -> None:
    (found,) = problems(encryptionKey="create", trainingInstanceType=type_)
    assert "local storage" in found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("accessLogsBucket", "my.logs.bucket"),
        ("alarmEmail", "on.call+ml@mail.example.co.uk"),
        ("baseImage", "localhost:5000/team/python_slim:3.12"),
        ("baseImage", f"public.ecr.aws/docker/library/python:3.12@sha256:{'0' * 64}"),
        ("owner", "team-aws: data"),
    ],
)
def test_what_aws_and_docker_take(key: str, value: str) -> None:
    assert value in parse(PROJECT, "dev", config(**{key: value})).model_dump().values()


@pytest.mark.parametrize("key", ["aws:region", *(f"{PROJECT}:{key}" for key in BLOCK)])
def test_no_setting_may_be_encrypted(key: str) -> None:
    with pytest.raises(ProblemsError) as caught:
        parse(PROJECT, "dev", config(**{key: "hunter2"}), [key, "random:token"])
    (found,) = map(str, caught.value.problems)
    plain = f"set it in plain text: pulumi config set {key} <value>"
    assert found == f"{key} is '[secret]'; no setting of this project is a secret; {plain}"


def test_encrypted_settings_are_reported_with_all_other_problems() -> None:
    changes = {"managedSpot": "true", "trainingMaxRuntimeSeconds": "3571", "trainingMaxWaitSeconds": "60", "owner": ""}
    with pytest.raises(ProblemsError) as caught:
        parse(PROJECT, "dev", config(**changes), [f"{PROJECT}:trainingMaxRuntimeSeconds"])
    assert [problem.where.partition(":")[2] for problem in caught.value.problems] == ["trainingMaxRuntimeSeconds", "owner"]
    assert "3571" not in str(caught.value)


NOW = datetime(2027, 1, 30, 12, 34, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("rate(1 hour)", ["2027-01-30 13:34", "2027-01-30 14:34", "2027-01-30 15:34"]),
        ("rate(7 days)", ["2027-02-06 12:34", "2027-02-13 12:34", "2027-02-20 12:34"]),
        ("rate(90 minutes)", ["2027-01-30 14:04", "2027-01-30 15:34", "2027-01-30 17:04"]),
        ("cron(0 6 ? * MON *)", ["2027-02-01 06:00", "2027-02-08 06:00", "2027-02-15 06:00"]),
        ("cron(0 6 31 * ? *)", ["2027-01-31 06:00", "2027-03-31 06:00", "2027-05-31 06:00"]),
        ("cron(0 6 29 2 ? *)", ["2028-02-29 06:00", "2032-02-29 06:00", "2036-02-29 06:00"]),
        ("cron(0 6 L * ? *)", ["2027-01-31 06:00", "2027-02-28 06:00", "2027-03-31 06:00"]),
        ("cron(0 6 LW * ? *)", ["2027-02-26 06:00", "2027-03-31 06:00", "2027-04-30 06:00"]),
        ("cron(0 6 ? * L *)", ["2027-02-06 06:00", "2027-02-13 06:00", "2027-02-20 06:00"]),
        ("cron(0 6 ? * FRIL *)", ["2027-02-26 06:00", "2027-03-26 06:00", "2027-04-30 06:00"]),
        ("cron(0 6 15W * ? *)", ["2027-02-15 06:00", "2027-03-15 06:00", "2027-04-15 06:00"]),
        ("cron(0 6 ? * TUE#5 *)", ["2027-03-30 06:00", "2027-06-29 06:00", "2027-08-31 06:00"]),
        ("cron(0 6 1 1 ? 2028-2029)", ["2028-01-01 06:00", "2029-01-01 06:00"]),
        ("cron(0 6 31 2 ? *)", []),
    ],
)
def test_next_times_of_a_schedule(expression: str, times: list[str]) -> None:
    assert [f"{time:%Y-%m-%d %H:%M}" for time in next_times(expression, NOW)] == times


@given(
    st.sampled_from(["15", "31", "L", "1,15", "*/10", "20W"]),
    st.sampled_from(["*", "2", "JAN,JUL", "*/3", "4,6"]),
    st.sampled_from(["*", "2027-2031"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),
)
def test_next_times_are_in_order_and_match_the_expression(day: str, month: str, year: str, now: datetime) -> None:
    times = next_times(f"cron(30 4 {day} {month} ? {year})", now)
    assert times == sorted(set(times))
    assert all(time > now and (time.hour, time.minute, time.second) == (4, 30, 0) for time in times)
    impossible = day == "31" and month in ("2", "4,6")
    assert (times == []) == impossible


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 6 31 2 ? *)",
        "cron(0 6 30 FEB ? *)",
        "cron(0 6 31 4,6 ? *)",
        "cron(0 6 31 APR,JUN,SEP,NOV ? *)",
        "cron(0 6 29 2 ? 2027)",
        "cron(0 6 1 1 ? 2020)",
        "cron(0 6 ? * MON 1970-2025)",
        "cron(0 6 31W 2 ? *)",
    ],
)
@pytest.mark.parametrize("noun", ["retraining", "forecast"])
def test_a_schedule_that_never_fires_is_rejected(expression: str, noun: str) -> None:
    (found,) = problems(**{f"{noun}Schedule": expression, f"{noun}Template": "nightly"})
    assert "it never fires; allowed: a cron expression for dates that exist" in found


@pytest.mark.parametrize("stack", ["", "Dev", "..", "-x", "x" * 41, "a-", "a--b", "ünïcode", "a/b", "dev\n"])
def test_stack_names_that_would_break_resource_names(stack: str) -> None:
    with pytest.raises(ProblemsError, match="lower-case letters, digits and single hyphens"):
        parse(PROJECT, stack, config())


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "rate(1 hour)",
        "rate(7 days)",
        "cron(0 6 ? * MON *)",
        "rate(60 minutes)",
        "cron(15 6-18/4 ? * MON-FRI 2026-2030)",
        "cron(0 6 ? * MONL *)",
        "cron(0 6 ? * L *)",
        "cron(0 6 LW */3 ? *)",
        "cron(0 6 15W * ? *)",
        "cron(0 12 L * ? *)",
        "cron(0 12 1,15 JAN,JUL ? *)",
        "cron(30 4 ? * 2#1 *)",
    ],
)
def test_schedules_that_the_scheduler_takes(schedule: str) -> None:
    template = "nightly" if schedule else ""
    assert (
        parse(PROJECT, "dev", config(retrainingSchedule=schedule, retrainingTemplate=template)).retraining_schedule == schedule
    )


@given(st.text(max_size=40))
def test_no_text_breaks_the_schedule_check(text: str) -> None:
    try:
        parse(PROJECT, "dev", config(retrainingSchedule=text, retrainingTemplate="nightly"))
    except ProblemsError as error:
        assert all("retraining" in problem.where for problem in error.problems)


@given(st.dictionaries(st.sampled_from(sorted(BLOCK)), st.text(max_size=30), min_size=1))
def test_whatever_stands_in_a_key_is_a_value_or_a_problem(changes: dict[str, str]) -> None:
    try:
        parse(PROJECT, "dev", config(**changes))
    except ProblemsError as error:
        assert all(problem.where.startswith(f"{PROJECT}:") for problem in error.problems)


def test_load_reads_the_programs_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "get_project", lambda: PROJECT)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")
    pulumi.runtime.set_all_config(config(owner="somebody"))
    try:
        assert settings.load().owner == "somebody"
    finally:
        pulumi.runtime.set_all_config({})


def test_every_setting_is_in_the_how_to() -> None:
    text = (ROOT / "docs" / "deploying.md").read_text()
    assert [key for key in BLOCK if f"`{key}`" not in text] == []
