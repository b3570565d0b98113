"""A model moves to a second stack on the same emulator, is approved there, and forecasts there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner, Result

from contracts import model_metadata as metadata
from contracts.layout import SCORES_FILE, ExecutionLayout
from contracts.status import PUBLISHED
from contracts.tables import ExecutionAttribute
from local_run.demo import store_samples
from local_run.deployment.deploy import deploy
from local_run.session import PROJECT, Session
from runs import begin, cli_models
from runs.cli import app
from runs.forecasting import start_forecast
from runs.models import Model, bucket_and_key, model_package, models_of
from runs.stack import Stack
from runs.store import execution_store
from tests.whole_run.conftest import WAIT_SECONDS, Finished, finish

pytestmark = pytest.mark.slow
LAYOUT = ExecutionLayout("trained")


@pytest.fixture(scope="module")
def package(session: Session) -> str:
    ended = finish(session, begin.start(session.stack, "demo", "trained"))
    assert ended.item[ExecutionAttribute.OUTCOME] == "Registered"
    return str(ended.item[ExecutionAttribute.MODEL_PACKAGE_ARN])


@pytest.fixture(scope="module")
def other(session: Session) -> Stack:
    """A second stack, whose models have to be approved."""
    outputs = deploy(session.emulator, PROJECT, "dev").stack_outputs()
    return Stack(outputs, boto3.Session(region_name=outputs.region))


@pytest.fixture
def to(other: Stack, tmp_path: Path) -> str:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(other.outputs.exported()))
    return str(path)


@pytest.fixture(autouse=True)
def commands(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(cli_models.Stack, "load", lambda path=None: session.stack)
    yield


def promote(package: str, to: str) -> Result:
    return CliRunner().invoke(app, ["models", "promote", package, "--to", to])


def content(stack: Stack, uri: str) -> bytes:
    bucket, key = bucket_and_key(uri)
    found: bytes = stack.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return found


def only(stack: Stack) -> Model:
    (found,) = models_of(stack, "demo")
    return found


def described(stack: Stack, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = stack.sagemaker.describe_model_package(ModelPackageName=arn)
    return found


def test_nothing_is_promoted_if_a_file_is_not_the_one_that_was_registered(
    session: Session, other: Stack, package: str, to: str
) -> None:
    changed = {"Bucket": session.outputs.models_bucket, "Key": LAYOUT.scores}
    missing = {"Bucket": session.outputs.models_bucket, "Key": f"{LAYOUT.evaluation}/scales.json"}
    kept = [(place, session.stack.s3.get_object(**place)["Body"].read()) for place in (changed, missing)]
    session.stack.s3.put_object(**changed, Body=b"{}")
    session.stack.s3.delete_object(**missing)
    try:
        done = promote(package, to)
    finally:
        for place, body in kept:
            session.stack.s3.put_object(**place, Body=body)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "promote: 2 problems" in done.stderr
    assert f"s3://{missing['Bucket']}/{missing['Key']} is missing" in done.stderr
    assert f"{LAYOUT.scores} is 'SHA-256 {hashlib.sha256(b'{}').hexdigest()}'; the training recorded" in done.stderr
    assert list(models_of(other, "demo")) == []
    assert "Contents" not in other.s3.list_objects_v2(Bucket=other.outputs.models_bucket)


def test_a_model_of_another_stack_waits_for_approval_and_has_every_file(
    session: Session, other: Stack, package: str, to: str
) -> None:
    done = promote(package, to)
    assert done.exit_code == 0, done.output
    moved, source = only(other), model_package(session.stack, package)
    assert done.stdout.splitlines()[-1] == f"promoted {moved.arn} (PendingManualApproval)"
    assert (moved.approval, moved.execution_id) == ("PendingManualApproval", source.execution_id)
    assert moved.properties[metadata.PROMOTED_FROM] == package
    uris = {metadata.uri_key(stem) for stem in metadata.FORECAST_FILES}
    same = [name for name in metadata.PROPERTIES if name not in uris]
    assert {name: moved.properties[name] for name in same} == {name: source.properties[name] for name in same}
    prefix = f"s3://{other.outputs.models_bucket}/executions/trained-"
    for stem in metadata.FORECAST_FILES:
        uri = moved.properties[metadata.uri_key(stem)]
        assert uri.startswith(prefix)
        assert hashlib.sha256(content(other, uri)).hexdigest() == source.properties[metadata.hash_key(stem)]
    package_of = {stack: described(stack, arn) for stack, arn in ((session.stack, package), (other, moved.arn))}
    containers = {stack: found["InferenceSpecification"]["Containers"][0] for stack, found in package_of.items()}
    assert containers[other]["ModelDataUrl"].startswith(prefix)
    artefacts = [content(stack, container["ModelDataUrl"]) for stack, container in containers.items()]
    assert artefacts[0] == artefacts[1]
    assert moved.properties["ModelSha256"] == hashlib.sha256(artefacts[0]).hexdigest()
    metrics = package_of[other]["ModelMetrics"]
    for metric in (metrics["ModelQuality"]["Statistics"], metrics["Explainability"]["Report"]):
        assert metric["S3Uri"].startswith(prefix)
        assert json.loads(content(other, metric["S3Uri"]))
    assert json.loads(content(other, f"{moved.fitted_uri}/{SCORES_FILE}")) == json.loads(
        content(session.stack, f"{source.fitted_uri}/{SCORES_FILE}")
    )


def test_a_second_time_it_says_that_it_is_there_and_restores_what_is_missing(other: Stack, package: str, to: str) -> None:
    promote(package, to)
    before = only(other)
    said = f"was promoted before, with the same files: {before.arn}\n"
    assert promote(package, to).stdout == said
    bucket, key = bucket_and_key(before.properties["TargetS3Uri"])
    other.s3.delete_object(Bucket=bucket, Key=key)
    assert promote(package, to).stdout == f"written  s3://{bucket}/{key}\n{said}"
    assert only(other) == before
    other.s3.put_object(Bucket=bucket, Key=key, Body=b"changed")
    done = promote(package, to)
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"s3://{bucket}/{key} is 'SHA-256" in done.stderr
    assert content(other, f"s3://{bucket}/{key}") == b"changed"
    other.s3.delete_object(Bucket=bucket, Key=key)
    assert promote(package, to).exit_code == 0


def test_the_model_forecasts_in_its_new_stack_once_it_is_approved_there(
    session: Session, other: Stack, package: str, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(package, to)
    monkeypatch.setattr(cli_models.Stack, "load", lambda path=None: other)
    assert CliRunner().invoke(app, ["models", "approve", only(other).arn]).exit_code == 0
    shown = json.loads(CliRunner().invoke(app, ["models", "show", only(other).arn]).stdout)
    assert shown["PromotedFrom"] == package
    store_samples(other)
    started = start_forecast(other, "demo", execution_id="there")
    assert session.sagemaker.wait(started.pipeline_execution_arn, WAIT_SECONDS)
    item = execution_store(other).get("there")
    assert item is not None
    assert item[ExecutionAttribute.OUTCOME] == PUBLISHED, item.get(ExecutionAttribute.FAILURE_REASON)


def test_a_promoted_model_can_be_promoted_on(session: Session, other: Stack, package: str, to: str) -> None:
    """Its own files are known by the hashes in its metadata; the training's manifests are not in its stack."""
    promote(package, to)
    moved = only(other)
    other.sagemaker.update_model_package(ModelPackageArn=moved.arn, ModelApprovalStatus="Approved")
    outputs = session.outputs.exported() | {"modelsBucket": "third-models", "modelPackageGroup": "third"}
    session.stack.s3.create_bucket(
        Bucket="third-models", CreateBucketConfiguration={"LocationConstraint": session.outputs.region}
    )
    session.stack.sagemaker.create_model_package_group(ModelPackageGroupName="third")
    third = Path(to).with_name("third.json")
    third.write_text(json.dumps(outputs))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cli_models.Stack, "load", lambda path=None: other)
        done = promote(moved.arn, str(third))
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1].startswith("promoted ")


@pytest.mark.parametrize("approval", ["PendingManualApproval", "Rejected"])
def test_only_an_approved_model_is_promoted_and_only_to_another_stack(
    session: Session, package: str, approval: str, tmp_path: Path
) -> None:
    own = tmp_path / "own.json"
    own.write_text(json.dumps(session.outputs.exported()))
    api = session.stack.sagemaker
    api.update_model_package(ModelPackageArn=package, ModelApprovalStatus=approval)
    try:
        done = promote(package, str(own))
    finally:
        api.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    assert done.exit_code == 1
    assert f"`runs models approve {package}` gives it" in done.stderr
    assert "the outputs of another stack than the model's" in done.stderr


def test_a_profile_that_does_not_exist_is_one_message(package: str, to: str) -> None:
    done = CliRunner().invoke(app, ["models", "promote", package, "--to", to, "--to-profile", "nobody"])
    assert done.exit_code == 1
    assert "nobody" in done.stderr
    assert "Traceback" not in done.output


def test_a_model_is_compared_with_itself_and_with_another_seed(session: Session, package: str) -> None:
    second: Finished = finish(session, begin.start(session.stack, "demo", "again", {"learning_rate": "0.01"}))
    arn = str(second.item[ExecutionAttribute.MODEL_PACKAGE_ARN])
    shown = CliRunner().invoke(app, ["models", "compare", package, arn]).stdout
    assert [line.split()[1] for line in shown.splitlines() if "parameter." in line] == ["parameter.learning_rate"]
    assert "not comparable" not in shown
    for text in ("trained", "again", "mean_wQuantileLoss", "values in the 80% band", "training time", "drift"):
        assert text in shown
