"""What previews of one deployed stack show: nothing from elsewhere, and of a change just that change."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.checkout import Checkout
from tests.engine.cli import Cli
from tests.engine.facts import client

FUNCTION = "aws:lambda/function:Function"


@pytest.fixture(scope="module")
def revision(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    made = Checkout.of_this_repository(tmp_path_factory.mktemp("deployed") / "checkout")
    made.commit("deployed")
    return made


@pytest.fixture(scope="module")
def deployed(revision: Checkout, environment: dict[str, str]) -> Iterator[Cli]:
    found = Cli(revision.path, "dev", environment)
    found.init()
    found.up()
    yield found


@pytest.fixture
def clone(revision: Checkout, tmp_path: Path) -> Checkout:
    return revision.clone(tmp_path / "elsewhere", umask=0o077)


@pytest.fixture
def at(deployed: Cli) -> Callable[[Checkout], Cli]:
    """The CLI on the same stack, from another checkout and under another umask."""
    return lambda checkout: Cli(checkout.path, deployed.stack, deployed.environment, umask=0o077)


def test_another_checkout_under_another_umask_is_no_change(clone: Checkout, at: Callable[[Checkout], Cli]) -> None:
    os.utime(clone.path / "fe_image" / "run-fe-step.py", (0, 0))
    assert (clone.path / "__main__.py").stat().st_mode & 0o077 == 0
    at(clone).require_unchanged()


def test_changed_handler_code_is_an_update_of_its_function(clone: Checkout, at: Callable[[Checkout], Cli]) -> None:
    with (clone.path / "handlers" / "reconcile.py").open("a", encoding="utf-8") as handler:
        handler.write("\n# changed\n")
    (step,) = at(clone).plan()
    assert (step.type, step.operation, step.name) == (FUNCTION, "update", "functions-reconcile-function")
    assert all(path.startswith("code") for path in step.paths)


def test_a_renamed_component_keeps_its_data(clone: Checkout, at: Callable[[Checkout], Cli]) -> None:
    arguments = "context"
    options = 'pulumi.ResourceOptions(aliases=[pulumi.Alias(name="tables")])'
    clone.edit("__main__.py", f'Tables("tables", {arguments})', f'Tables("data", {arguments}, {options})')
    assert at(clone).plan() == []


def test_what_was_changed_by_hand_is_found_and_put_right(deployed: Cli) -> None:
    deployed.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    bucket = deployed.outputs()["modelsBucket"]
    s3 = client(deployed, "s3")
    opened = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=opened)

    deployed.run("refresh", "--yes", "--skip-preview")
    (step,) = deployed.plan()
    assert (step.operation, step.name) == ("update", "storage-models-public-access")
    deployed.up()
    found = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert found == dict.fromkeys(opened, True)


def test_no_secret_stands_in_the_state(deployed: Cli) -> None:
    token = client(deployed, "ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    password = deployed.run("stack", "export", "--show-secrets").stdout
    exported = deployed.run("stack", "export").stdout
    (image,) = [entry for entry in json.loads(password)["deployment"]["resources"] if entry["type"].startswith("docker:")]
    clear = json.loads(image["inputs"]["registry"]["password"]["plaintext"])
    assert clear and clear not in exported
    assert token not in exported
    for secret in (deployed.environment["AWS_SECRET_ACCESS_KEY"], deployed.environment["PULUMI_CONFIG_PASSPHRASE"]):
        assert secret not in exported and secret not in password


def test_wrong_settings_are_refused_at_preview_all_at_once(clone: Checkout, at: Callable[[Checkout], Cli]) -> None:
    ours = {
        "processingInstanceType": "m5.xlarge",
        "trainingInstanceType": "ml.nothing",
        "approvalStatus": "Perhaps",
        "alarmEmail": "nobody",
        "retrainingSchedule": "every monday",
        "forecastSchedule": "every day",
        "logRetentionDays": 31,
        "encryptionKey": "alias/mine",
        "subnetIds": ["subnet-1"],
        "securityGroupIds": ["default"],
        "executionExpiryDays": -1,
        "handlerConcurrency": 1001,
        "modelsBucketName": "Models",
        "baseImage": "python:latest",
        "trainingTimeout": 60,
    }
    wrong = {"aws:region": "mars-north-1"} | {f"model-training:{key}": value for key, value in ours.items()}
    lines = [f"  {key}: {json.dumps(value)}\n" for key, value in wrong.items()]
    text = (clone.path / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines(keepends=True) if not any(f"{key}:" in line for key in wrong)]
    (clone.path / "Pulumi.dev.yaml").write_text("".join([*kept, *lines]), encoding="utf-8")
    refused = at(clone).run("preview", check=False)
    assert refused.code != 0
    assert [key for key in wrong if key not in refused.text] == []
    assert "Traceback" not in refused.text


def test_a_template_that_breaks_a_rule_is_refused_at_preview(clone: Checkout, at: Callable[[Checkout], Cli]) -> None:
    clone.edit_template_default("epochs", "many")
    refused = at(clone).run("preview", check=False)
    assert refused.code != 0
    assert "parameter epochs: allowed: an integer" in refused.text
    assert "Traceback" not in refused.text
