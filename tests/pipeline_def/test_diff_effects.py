"""The effects of a change depend on what became of the value: added, removed, switched, narrowed or widened."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from pipeline_def.diff.changes import Change, compare
from tests.pipeline_def.definitions import arguments, good, output, parameter, step
from tests.pipeline_def.mutation import registered

Definition = dict[str, Any]
Edit = Callable[[Definition], object]


def effects(changes: list[Change]) -> set[str]:
    return {f"{effect.kind}: {effect.says}" for change in changes for effect in change.effects}


def effects_of(change: Edit, before: Edit = lambda d: None) -> set[str]:
    old = good()
    before(old)
    new = copy.deepcopy(old)
    change(new)
    return effects(compare(old, new))


def training(d: Definition) -> Any:
    return arguments(d, "Training")


def choices(*values: str) -> Edit:
    return lambda d: parameter(d, "ModelApprovalStatus").update(EnumValues=list(values))


NARROWED = "data contract: starts that set other values are rejected"
WIDENED = "data contract: starts may set more values"
FREE = "data contract: starts may set any value"
DECIDES = "security: it decides who approves a model"
ENUM = ("PendingManualApproval", "Approved", "Rejected")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (ENUM, ENUM[:1], {NARROWED, DECIDES}),
        (ENUM, (*ENUM, "X"), {WIDENED, DECIDES}),
        (ENUM, ("PendingManualApproval", "X"), {NARROWED, WIDENED, DECIDES}),
    ],
)
def test_allowed_values_narrowed_and_widened(before: tuple[str, ...], after: tuple[str, ...], says: set[str]) -> None:
    assert effects_of(choices(*after), choices(*before)) == says


def test_allowed_values_come_and_go() -> None:
    def gone(d: Definition) -> None:
        del parameter(d, "ModelApprovalStatus")["EnumValues"]

    assert effects_of(gone) == {FREE, DECIDES}
    assert effects_of(choices(*ENUM), gone) == {NARROWED, DECIDES}


def test_another_type_of_a_parameter_wants_other_values() -> None:
    assert "data contract: starts must set values of the new type" in effects_of(
        lambda d: parameter(d, "AssetsS3Uri").update(Type="Float")
    )


KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (None, KEY, "security: holders of this key can read what it encrypts"),
        (KEY, None, "security: your own key no longer encrypts it"),
        (KEY, f"{KEY}2", "security: holders of the key can read what it encrypts"),
    ],
)
@pytest.mark.parametrize(("where", "member"), [("ResourceConfig", "VolumeKmsKeyId"), ("OutputDataConfig", "KmsKeyId")])
def test_a_key_that_comes_goes_and_is_another(
    where: str, member: str, before: str | None, after: str | None, says: str
) -> None:
    def with_key(key: str | None) -> Edit:
        return lambda d: training(d)[where].update({member: key}) if key else training(d)[where].pop(member)

    assert effects_of(with_key(after), with_key(before)) == {says}


REACHES = "security: the container has network access, so data can leave it"
PLAIN = "security: traffic between the job's instances is not encrypted"
DEAR = "cost: on-demand prices apply; instances are not interrupted"


@pytest.mark.parametrize(
    ("member", "on", "off"),
    [
        ("EnableNetworkIsolation", "security: the container has no network access", REACHES),
        (
            "EnableInterContainerTrafficEncryption",
            "security: traffic between the job's instances is encrypted",
            PLAIN,
        ),
        ("EnableManagedSpotTraining", "cost: spot instances are cheaper but can be interrupted", DEAR),
    ],
)
def test_the_effects_of_a_switch_depend_on_its_state(member: str, on: str, off: str) -> None:
    def to(value: bool | None) -> Edit:
        return lambda d: training(d).pop(member) if value is None else training(d).update({member: value})

    assert effects_of(to(False), to(True)) == effects_of(to(None), to(True)) == effects_of(to(False), to(None)) == {off}
    assert effects_of(to(True), to(False)) == effects_of(to(True), to(None)) == {on}


def test_a_switch_that_is_known_only_at_run_time_has_the_general_effect() -> None:
    found = effects_of(lambda d: training(d).update(EnableNetworkIsolation={"Get": "Parameters.Isolated"}))
    assert found == {"security: it decides what the container can reach and who can listen"}


MODEL = {"model: another model is registered or served", "security: writers of that location decide what is served"}


def test_another_artefact_is_another_model() -> None:
    assert effects_of(lambda d: registered(d).update(ModelDataUrl="s3://elsewhere/model.tar.gz")) == MODEL
    source = {"S3DataSource": {"S3Uri": "s3://elsewhere/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    assert effects_of(lambda d: registered(d).update(ModelDataSource=source)) == MODEL
    assert effects_of(lambda d: arguments(d, "RegisterModel").update(SourceUri="arn:aws:sagemaker:x")) == MODEL


def test_the_environment_of_a_serving_container_is_input() -> None:
    found = effects_of(lambda d: arguments(d, "CreateModel")["PrimaryContainer"].update(Environment={"A": "b"}))
    assert found == {"data contract: the container gets other input"}


def test_checkpoints_debugging_and_profiling() -> None:
    assert effects_of(lambda d: training(d).update(CheckpointConfig={"S3Uri": "s3://elsewhere/c"})) == {
        "data contract: checkpoints are stored there",
        "model: a training can resume from checkpoints there",
    }
    assert effects_of(lambda d: training(d).update(RemoteDebugConfig={"EnableRemoteDebug": True})) == {
        "security: a shell in the container gives access to its data and its role"
    }
    for member in ("DebugHookConfig", "ProfilerConfig"):
        found = effects_of(lambda d, member=member: training(d).update({member: {"S3OutputPath": "s3://elsewhere/d"}}))
        assert {text.partition(":")[0] for text in found} == {"security", "data contract"}


def test_starts_with_a_shared_execution_id_overwrite_each_other() -> None:
    shared = {"data contract: starts without an id share one, and overwrite each other's files"}
    with_default: Edit = lambda d: parameter(d, "ExecutionId").update(DefaultValue="x")  # noqa: E731
    assert effects_of(with_default) == shared
    assert effects_of(lambda d: parameter(d, "ExecutionId").pop("DefaultValue"), with_default) == {
        "data contract: every start must set it"
    }


def test_a_removed_parameter_need_not_be_set() -> None:
    added = effects_of(lambda d: d["Parameters"].append({"Name": "Seed", "Type": "Integer"}))
    removed = effects_of(lambda d: d["Parameters"].remove(parameter(d, "ModelPackageGroupName")))
    assert added == {"data contract: every start must set it"}
    assert removed == {"data contract: a start that sets it is rejected"}


def test_removing_a_job_or_a_condition() -> None:
    def without(name: str) -> Edit:
        return lambda d: d["Steps"].remove(step(d, name))

    assert "cost: one job fewer in every execution" in effects_of(without("Training"))
    assert "model: models are used without this condition" in effects_of(without("QualityGate"))


def test_a_step_that_leaves_its_branch_always_runs() -> None:
    def out(d: Definition) -> None:
        d["Steps"].append(arguments(d, "QualityGate")["IfSteps"].pop())

    old, new = good(), good()
    out(new)
    assert "model: it always runs" in effects(compare(old, new))
    assert "model: it runs only under a condition" in effects(compare(new, old))


def test_an_output_added_or_removed_did_not_move() -> None:
    def gone(d: Definition) -> None:
        arguments(d, "FeatureEngineering")["ProcessingOutputConfig"]["Outputs"].remove(output(d, "evaluation"))

    assert "data contract: these files are no longer written" in effects_of(gone)
    assert "data contract: additional files are written" in effects_of(
        lambda d: arguments(d, "FeatureEngineering")["ProcessingOutputConfig"].update(good_outputs()), gone
    )


def test_how_an_output_is_uploaded_is_not_where_to() -> None:
    def evaluation(**members: str) -> Edit:
        return lambda d: output(d, "evaluation")["S3Output"].update(members)

    assert effects_of(evaluation(S3UploadMode="Continuous")) == {"data contract: it decides when readers find the files"}
    assert effects_of(evaluation(LocalPath="/opt/ml/processing/output/p")) == {
        "data contract: other files of the container are uploaded"
    }
    assert effects_of(evaluation(S3Uri="s3://a/b")) == {"data contract: readers of these files must look elsewhere"}


def test_a_query_writes_its_results() -> None:
    def dataset(uri: str) -> Edit:
        definition = {"AthenaDatasetDefinition": {"OutputS3Uri": uri}}
        given = {"InputName": "dataset", "DatasetDefinition": definition}
        return lambda d: arguments(d, "FeatureEngineering")["ProcessingInputs"].append(given)

    assert effects_of(dataset("s3://a/b")) == {"data contract: the results of a query are written there"}


def good_outputs() -> Definition:
    outputs: Definition = arguments(good(), "FeatureEngineering")["ProcessingOutputConfig"]
    return outputs


def test_automatic_approval_is_reported() -> None:
    found = effects_of(lambda d: arguments(d, "RegisterModel").update(ModelApprovalStatus="Approved"))
    assert found == {"security: models are approved without a person"}


def test_a_cache_switched_off_serves_nothing() -> None:
    def cached(enabled: bool) -> Edit:
        return lambda d: step(d, "Training").update(CacheConfig={"Enabled": enabled})

    assert effects_of(cached(True)) == {"data contract: a cache hit reuses another execution's files"}
    assert effects_of(cached(False), cached(True)) == {"data contract: each execution writes its own files"}
