from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import settings
from contracts.problems import ProblemsError
from contracts.regions import DEEPAR_ACCOUNTS
from settings import Settings, parse

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
        ({"managedSpot": "true", "trainingMaxWaitSeconds": "1800"}, "trainingMaxWaitSeconds", "(3600) to 3600"),
        ({"managedSpot": "true", "trainingMaxWaitSeconds": "7200"}, "trainingMaxWaitSeconds", "without checkpoints"),
        ({"assetsBucketName": "prices", "modelsBucketName": "prices"}, "modelsBucketName", "assetsBucketName has that name"),
        ({"pipelineBucketName": "prices", "accessLogsBucket": "prices"}, "accessLogsBucket", "has that name too"),
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


@pytest.mark.parametrize(
    ("secret", "changes", "hidden"),
    [
        ("trainingInstanceType", {"trainingInstanceType": "c5.9xlarge"}, "c5.9xlarge"),
        ("aws:region", {"aws:region": "eu-centrl-1"}, "did you mean"),
        (
            "trainingMaxRuntimeSeconds",
            {"managedSpot": "true", "trainingMaxRuntimeSeconds": "3571", "trainingMaxWaitSeconds": "60"},
            "3571",
        ),
        ("logRetentionDays", {"logRetentionDays": "hunter2"}, "hunter2"),
    ],
)
def test_no_hint_tells_what_is_secret(secret: str, changes: dict[str, str], hidden: str) -> None:
    key = secret if ":" in secret else f"{PROJECT}:{secret}"
    with pytest.raises(ProblemsError) as caught:
        parse(PROJECT, "dev", config(**changes), [key])
    assert hidden not in str(caught.value)
    assert len(caught.value.problems) == 1


def test_texts_that_are_kept_secret_are_known() -> None:
    changes = {"alarmEmail": "a@b.org", "encryptionKey": "create", "logRetentionDays": "30"}
    network = {"subnetIds": '["subnet-01234567"]', "securityGroupIds": '["sg-01234567"]'}
    secret = [f"{PROJECT}:{key}" for key in (*changes, *network, "managedSpot")]
    assert parse(PROJECT, "dev", config(**changes, **network), secret).secret_texts == (
        "subnet-01234567",
        "sg-01234567",
        "a@b.org",
    )
    assert parse(PROJECT, "dev", config(**changes)).secret_texts == ()


def test_a_secret_value_is_masked() -> None:
    with pytest.raises(ProblemsError) as caught:
        parse(PROJECT, "dev", config(alarmEmail="hunter2"), [f"{PROJECT}:alarmEmail"])
    assert "hunter2" not in str(caught.value)
    assert "alarmEmail" in str(caught.value)


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
