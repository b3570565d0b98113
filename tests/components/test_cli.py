"""``python -m components``: what it prints, and for which configuration."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from components import cli
from components.cli import main
from components.iam.actors import ACTORS
from tests.components.recording import ROOT, Recorder


def test_says_who_does_what_to_what_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    text = capsys.readouterr().out
    for actor in ACTORS:
        assert f"model-training-dev-{actor.name}: {actor.purpose}" in text
        assert all(statement.why in text and statement.actions[0] in text for statement in actor.statements)
        for statement in actor.statements:
            assert not statement.by or f"{statement.why}  [{statement.by} itself]" in text
    assert "arn:aws:dynamodb:eu-central-1:123456789012:table/model-training-dev-execution" in text


def test_policies_as_the_program_makes_them(prod: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--stack", "prod", "--json"])
    printed = json.loads(capsys.readouterr().out)
    deployed = {resource.name: resource.inputs["policy"] for resource in prod.of("aws:iam/rolePolicy:RolePolicy")}
    wanted = json.loads(deployed["roles-training-policy"])
    key = "arn:aws:kms:eu-central-1:123456789012:key/"
    same = json.loads(re.sub(rf"{key}[^\"]+", f"{key}x", json.dumps(printed["training"]["permissions"])))
    assert same == json.loads(re.sub(rf"{key}[^\"]+", f"{key}x", json.dumps(wanted)))


def test_the_deployers_policy(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--deployer", "--json"])
    assert [json.dumps(policy) for policy in json.loads(capsys.readouterr().out)]
    main(["--deployer"])
    assert "sagemaker:CreatePipeline" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stack", "nope"], "name is 'nope'; allowed: dev, local, prod"),
        (["--account", "12"], "--account is '12'; allowed: 12 digits"),
        (["--account", "١" * 12], "--account"),
    ],
)
def test_a_wrong_argument_is_named(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 1
    assert message in capsys.readouterr().err


@pytest.fixture
def stack_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a stack "dev" next to a copy of the project's file; what a test writes into it is all that the stack sets."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    return tmp_path / "Pulumi.dev.yaml"


SECRETS = """
encryptionsalt: v1:salt
config:
  aws:region: eu-central-1
  model-training:alarmEmail: {secure: v1:abc}
  model-training:subnetIds: [{secure: v1:def}]
"""


def test_an_encrypted_setting_is_rejected(stack_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack_file.write_text(SECRETS)
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 1
    plain = "no setting of this project is a secret; set it in plain text: pulumi config set"
    assert capsys.readouterr().err.splitlines() == [
        "configuration of stack dev: 2 problems",
        f"  - model-training:subnetIds is '[secret]'; {plain} model-training:subnetIds <value>",
        f"  - model-training:alarmEmail is '[secret]'; {plain} model-training:alarmEmail <value>",
    ]


def test_a_setting_can_be_given_on_the_command_line(stack_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack_file.write_text(SECRETS)
    subnets = ["--config", 'subnetIds=["subnet-0123456789abcdef0"]', "--config", 'securityGroupIds=["sg-0123456789abcdef0"]']
    main(["--config", "model-training:alarmEmail=a@example.org", *subnets, "--json"])
    training = json.loads(capsys.readouterr().out)["training"]["permissions"]["Statement"]
    (attach,) = [statement for statement in training if statement["Sid"] == "AttachToVpc"]
    assert "arn:aws:ec2:eu-central-1:123456789012:subnet/subnet-0123456789abcdef0" in attach["Resource"]


def test_keys_without_a_namespace_are_the_projects_own(stack_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack_file.write_text("config:\n  aws:region: eu-west-1\n  assetsBucketName: our-own-assets\n")
    main([])
    assert "arn:aws:s3:::our-own-assets" in capsys.readouterr().out


def test_a_stack_file_without_settings_lacks_the_region(stack_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack_file.write_text("# nothing yet\n")
    with pytest.raises(SystemExit):
        main([])
    assert "aws:region is missing" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["alarmEmail", "=x"])
def test_a_setting_needs_its_value(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--config", text])
    assert f"--config is {text!r}; allowed: key=value" in capsys.readouterr().err
