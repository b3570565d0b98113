"""Starting: once per id, from a frozen snapshot, and nothing written where anything is wrong."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from contracts.problems import ProblemsError
from contracts.snapshot import canonical_json, from_attribute
from contracts.tables import ExecutionAttribute
from runs.begin import start, start_slot
from runs.pipeline_start import START_WAITS
from runs.stack import Stack
from runs.store import ExecutionStore, execution_store
from tests.fake_sagemaker import FakeSageMaker
from tests.runs.registry import PACKAGE, register_model

PRICES = b"Date,Close\n2020-01-01,1.5\n"


@pytest.fixture(autouse=True)
def stored(stack: Stack) -> None:
    stack.dynamodb.Table(stack.outputs.template_table).put_item(
        Item={
            "Id": "daily",
            "Template": canonical_json({"id": "daily", "gateMargin": 0.05}),
            "Parameters": {"prediction_length": "10"},
            "BaseAssets": ["AAPL"],
        }
    )
    stack.s3.put_object(Bucket="assets", Key="assets/AAPL.csv", Body=PRICES)


def test_the_snapshot_is_what_was_there_at_start(stack: Stack, sagemaker: FakeSageMaker) -> None:
    started = start(stack, "daily", "e1", {"epochs": "3"})
    item = execution_store(stack).get("e1")
    assert item is not None
    snapshot = from_attribute(item[ExecutionAttribute.SNAPSHOT])
    assert snapshot["Parameters"] == {"prediction_length": "10", "epochs": "3"}
    assert snapshot["Template"] == {"id": "daily", "gateMargin": 0.05}
    asset = snapshot["Assets"]["AAPL"]
    assert asset["Sha256"] == hashlib.sha256(PRICES).hexdigest()
    assert stack.s3.get_object(Bucket="assets", Key=asset["Key"], VersionId=asset["VersionId"])["Body"].read() == PRICES
    assert item[ExecutionAttribute.PIPELINE_EXECUTION_ARN] == started.pipeline_execution_arn
    passed = {entry["Name"]: entry["Value"] for entry in sagemaker.executions[started.pipeline_execution_arn]["parameters"]}
    assert passed == {"ExecutionId": "e1", "prediction_length": "10", "epochs": "3"}


def test_the_champion_is_the_model_that_is_approved_at_the_start_and_no_part_of_the_snapshot(
    stack: Stack, sagemaker: FakeSageMaker
) -> None:
    start(stack, "daily", "e1")
    register_model(stack, sagemaker)
    assert not start(stack, "daily", "e1").new, "an approval since then is no conflict"
    start(stack, "daily", "e2")
    sagemaker.packages[PACKAGE]["ModelApprovalStatus"] = "Rejected"
    start(stack, "daily", "e3")
    found = [execution_store(stack).get(name) for name in ("e1", "e2", "e3")]
    assert [item and item.get(ExecutionAttribute.CHAMPION) for item in found] == [None, PACKAGE, None]


def test_a_model_that_cannot_be_read_does_not_prevent_a_training(stack: Stack, sagemaker: FakeSageMaker) -> None:
    register_model(stack, sagemaker)
    stack.s3.put_object(Bucket="models", Key="executions/t/evaluation/template.json", Body=b"{}")
    started = start(stack, "daily", "e1")
    assert started.new
    assert [note for note in started.notes if "will compare with no approved model" in note and "restore the file" in note]


@pytest.fixture
def ablated(stack: Stack) -> dict[str, object]:
    """The stored template asks for an ablation."""
    template = {"id": "daily", "dynamicFeatures": ["rsi"], "importance": {"horizon": 1}, "evaluation": {"ablation": True}}
    stack.dynamodb.Table(stack.outputs.template_table).update_item(
        Key={"Id": "daily"},
        UpdateExpression="SET #t = :t",
        ExpressionAttributeNames={"#t": "Template"},
        ExpressionAttributeValues={":t": canonical_json(template)},
    )
    return template


def test_an_ablation_is_the_same_training_without_dynamic_features(
    stack: Stack, sagemaker: FakeSageMaker, ablated: dict[str, object]
) -> None:
    started = start(stack, "daily", "e1", {"epochs": "3"})
    assert started.notes[-1] == "the ablation is the execution e1-ablation"
    items = [execution_store(stack).get(name) for name in ("e1", "e1-ablation")]
    snapshots = [from_attribute(item[ExecutionAttribute.SNAPSHOT]) for item in items if item]
    assert [item and item[ExecutionAttribute.KIND] for item in items] == ["training", "ablation"]
    without = {"id": "daily", "dynamicFeatures": [], "evaluation": {"ablation": False}}
    assert [snapshot["Template"] for snapshot in snapshots] == [ablated, without]
    assert snapshots[1] == {**snapshots[0], "Template": without, "AblationOf": "e1"}
    assert not start(stack, "daily", "e1", {"epochs": "3"}).new
    assert sagemaker.starts == 2


def test_an_ablation_that_did_not_start_is_started_by_the_same_command(
    stack: Stack, sagemaker: FakeSageMaker, ablated: dict[str, object]
) -> None:
    sagemaker.refusals = ["", *["ResourceLimitExceeded"] * (len(START_WAITS) + 1)]
    started = start(stack, "daily", "e1", {"epochs": "3"})
    assert (started.new, sagemaker.starts) == (True, 1)
    assert "execution e1 is running, but its ablation could not start" in started.notes[-1]
    assert "resume it with `python -m runs start daily --id e1 --set epochs=3`" in started.notes[-1]
    assert not start(stack, "daily", "e1", {"epochs": "3"}).new
    assert sagemaker.starts == 2


def test_a_slot_that_fires_again_starts_its_ablation_if_that_is_missing(
    stack: Stack, sagemaker: FakeSageMaker, ablated: dict[str, object]
) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    sagemaker.refusals = ["", "ValidationException"]
    with pytest.raises(ClientError):
        start_slot(stack, "daily", moment)
    for _ in range(2):
        started = start_slot(stack, "daily", moment)
        assert started.notes == (f"the ablation is the execution {started.execution_id}-ablation",)
    assert sagemaker.starts == 2


def test_an_id_that_is_too_long_for_an_ablations_is_refused(
    stack: Stack, sagemaker: FakeSageMaker, ablated: dict[str, object]
) -> None:
    with pytest.raises(ProblemsError, match="allowed: at most 54 characters, because the template asks for an ablation"):
        start(stack, "daily", "e" * 55)
    assert (execution_store(stack).all(), sagemaker.starts) == ([], 0)


def test_the_same_start_again_changes_nothing(stack: Stack, sagemaker: FakeSageMaker) -> None:
    first = start(stack, "daily", "e1")
    again = start(stack, "daily", "e1")
    assert (first.new, again.new, sagemaker.starts) == (True, False, 1)
    assert again.pipeline_execution_arn == first.pipeline_execution_arn


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("override", "the parameters of --set or of the template"),
        ("asset", "the price files"),
        ("template", "the template"),
        ("definition", "our image, the deployed pipeline definition"),
    ],
)
def test_the_same_id_with_another_snapshot_is_a_conflict(
    stack: Stack, sagemaker: FakeSageMaker, what: str, changed: str
) -> None:
    start(stack, "daily", "e1")
    overrides = {}
    if what == "override":
        overrides = {"epochs": "4"}
    elif what == "asset":
        stack.s3.put_object(Bucket="assets", Key="assets/AAPL.csv", Body=PRICES + b"2020-01-02,2\n")
    elif what == "template":
        stack.dynamodb.Table(stack.outputs.template_table).update_item(
            Key={"Id": "daily"},
            UpdateExpression="SET #t = :t",
            ExpressionAttributeNames={"#t": "Template"},
            ExpressionAttributeValues={":t": json.dumps({"id": "daily", "gateMargin": 0.5})},
        )
    else:
        sagemaker.definition["Steps"][0]["Arguments"]["AppSpecification"]["ImageUri"] = "repository:other"
    with pytest.raises(ProblemsError, match=f"since its start {changed} changed; choose another id"):
        start(stack, "daily", "e1", overrides)
    assert sagemaker.starts == 1


@pytest.mark.parametrize("code", ["ConflictException", "ThrottlingException", "ResourceLimitExceeded", "InternalFailure"])
def test_a_start_that_sagemaker_cannot_make_now_is_retried(stack: Stack, sagemaker: FakeSageMaker, code: str) -> None:
    waits: list[float] = []
    stack.sleep = waits.append
    sagemaker.refusals = [code] * len(START_WAITS)
    assert start(stack, "daily", "e1").new
    assert (sagemaker.starts, tuple(waits)) == (1, START_WAITS)


@pytest.mark.parametrize("code", ["ConflictException", "ThrottlingException", "ResourceLimitExceeded"])
def test_retries_are_bounded_and_the_message_has_the_command_that_resumes(
    stack: Stack, sagemaker: FakeSageMaker, code: str
) -> None:
    sagemaker.refusals = [code] * (len(START_WAITS) + 1)
    with pytest.raises(ProblemsError, match=f"StartPipelineExecution is '{code}'") as caught:
        start(stack, "daily", None, {"epochs": "3"})
    assert sagemaker.refusals == []
    printed = re.search(r"resume it with `python -m runs start (.*)`", str(caught.value))
    assert printed is not None
    template, _, execution_id, *options = shlex.split(printed[1])
    assert options == ["--set", "epochs=3"]
    started = start(stack, template, execution_id, {"epochs": "3"})
    item = execution_store(stack).get(execution_id)
    assert item is not None
    assert (sagemaker.starts, started.pipeline_execution_arn) == (1, item[ExecutionAttribute.PIPELINE_EXECUTION_ARN])


def test_a_lost_connection_tells_the_id_too(stack: Stack, sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://sagemaker")

    with monkeypatch.context() as patched, pytest.raises(ProblemsError, match="resume it with .* --id e1"):
        patched.setattr(sagemaker, "start_pipeline_execution", unreachable)
        start(stack, "daily", "e1")
    start(stack, "daily", "e1")
    assert sagemaker.starts == 1


def test_a_start_that_died_before_it_noted_the_execution_starts_no_second_one(
    stack: Stack, sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(ExecutionStore, "attach", dies)
        start(stack, "daily", "e1")
    again = start(stack, "daily", "e1")
    item = execution_store(stack).get("e1")
    assert item is not None
    assert (sagemaker.starts, item[ExecutionAttribute.PIPELINE_EXECUTION_ARN]) == (1, again.pipeline_execution_arn)


def test_a_start_that_sagemaker_refuses_leaves_no_item(stack: Stack, sagemaker: FakeSageMaker) -> None:
    sagemaker.refusals = ["ValidationException"]
    with pytest.raises(ClientError):
        start(stack, "daily", "e1")
    assert execution_store(stack).get("e1") is None


def test_everything_wrong_is_said_at_once_and_nothing_is_written(stack: Stack, sagemaker: FakeSageMaker) -> None:
    stack.s3.delete_object(Bucket="assets", Key="assets/AAPL.csv")
    overrides = {
        "epochs": "0",
        "prediction_length": "5",
        "ExecutionId": "x",
        "epoch": "3",
        "TrainingInstanceType": "m5.large",
        "ModelApprovalStatus": "Maybe",
    }
    with pytest.raises(ProblemsError) as caught:
        start(stack, "daily", "bad id", overrides)
    text = str(caught.value)
    for part in (
        "epochs is '0'",
        "from 1 to 1000",
        "training template",
        "--set epoch is '3'; unknown parameter; did you mean 'epochs'? known: ",
        "ml.m5",
        "Approved, Rejected",
        "'bad id'",
        "asset AAPL",
    ):
        assert part in text
    assert len(caught.value.problems) == 8
    assert (execution_store(stack).all(), sagemaker.starts) == ([], 0)


def test_an_unknown_template_is_named(stack: Stack, sagemaker: FakeSageMaker) -> None:
    with pytest.raises(ProblemsError, match="template id is 'weekly'; not found"):
        start(stack, "weekly")
    assert execution_store(stack).all() == []


@pytest.mark.parametrize(("instance", "refused"), [("ml.g5.xlarge", True), ("ml.c5d.large", True), ("ml.c5.xlarge", False)])
def test_a_volume_key_and_local_storage_do_not_go_together(
    stack: Stack, sagemaker: FakeSageMaker, instance: str, refused: bool
) -> None:
    config = {"InstanceType": {"Get": "Parameters.TrainingInstanceType"}, "VolumeKmsKeyId": "arn:aws:kms:key"}
    sagemaker.definition["Steps"].append({"Name": "Training", "Arguments": {"ResourceConfig": config}})
    if refused:
        with pytest.raises(ProblemsError, match="local storage"):
            start(stack, "daily", "e1", {"TrainingInstanceType": instance})
    else:
        start(stack, "daily", "e1", {"TrainingInstanceType": instance})
    assert sagemaker.starts == (0 if refused else 1)


def test_a_price_history_that_is_too_large_is_refused_before_anything_is_written(
    stack: Stack, sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.frozen_assets.ASSET_MAX_BYTES", len(PRICES) - 1)
    with pytest.raises(ProblemsError, match=f"asset AAPL is '{len(PRICES)} bytes'; allowed: at most"):
        start(stack, "daily", "e1")
    assert (execution_store(stack).all(), sagemaker.starts) == ([], 0)


def test_price_histories_that_the_volume_does_not_hold_are_refused(stack: Stack, sagemaker: FakeSageMaker) -> None:
    sagemaker.definition["Parameters"].append({"Name": "ProcessingVolumeSizeInGB", "Type": "Integer", "DefaultValue": 0})
    with pytest.raises(ProblemsError, match="assets is"):
        start(stack, "daily", "e1")
    assert sagemaker.starts == 0


@pytest.mark.parametrize(
    "recorded", [None, {"AssetName": "AAPL", "Sha256": "ab" * 32, "StoredAt": "2026-01-01"}, {"AssetName": "AAPL"}]
)
def test_an_object_that_is_not_what_assets_put_recorded_is_noted(
    stack: Stack, sagemaker: FakeSageMaker, recorded: dict[str, str] | None
) -> None:
    if recorded:
        stack.dynamodb.Table(stack.outputs.asset_table).put_item(Item=recorded)
    (note,) = start(stack, "daily", "e1").notes
    assert note.startswith("asset AAPL: s3://assets/assets/AAPL.csv " + ("is not the file" if recorded else "was not stored"))
    assert "run `runs assets put AAPL.csv`" in note


@pytest.mark.parametrize(
    "dates", [{}, {"FirstDate": "x", "LastDate": "y", "Rows": 2}, {"FirstDate": "2020-01-01", "LastDate": 7}]
)
def test_stored_metadata_that_cannot_be_read_does_not_prevent_a_start(
    stack: Stack, sagemaker: FakeSageMaker, dates: dict[str, object]
) -> None:
    item = {"AssetName": "AAPL", "Sha256": hashlib.sha256(PRICES).hexdigest(), **dates}
    stack.dynamodb.Table(stack.outputs.asset_table).put_item(Item=item)
    started = start(stack, "daily", "e1")
    assert (started.new, started.notes) == (True, ())


def test_a_value_that_utf8_cannot_encode_is_refused(stack: Stack, sagemaker: FakeSageMaker) -> None:
    sagemaker.definition["Parameters"].append({"Name": "Note", "Type": "String"})
    with pytest.raises(ProblemsError, match=r"--set Note is .*valid in UTF-8"):
        start(stack, "daily", "e1", {"Note": "\udc80"})
