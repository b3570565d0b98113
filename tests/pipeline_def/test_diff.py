"""The changes that the comparison reports, and their words."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from pipeline_def.diff.changes import Change, compare
from pipeline_def.diff.formats import NOTHING, as_json, as_markdown, as_terminal
from pipeline_def.diff.sources import Source, compare_sources
from tests.pipeline_def.definitions import arguments, get, good, good_text, join, output, parameter, step


def changed(change: Any) -> list[Change]:
    new = good()
    change(new)
    return compare(good(), new)


def sentences(changes: list[Change]) -> list[str]:
    return [f"{change.subject}: {change.words}" for change in changes]


def kinds(change: Change) -> set[str]:
    return {effect.kind for effect in change.effects}


def test_white_space_is_not_a_change() -> None:
    spaced = Source("new", json.dumps(good(), indent=7))
    assert compare_sources(Source("old", good_text(True)), spaced) == []


def test_equal_definitions_are_reported_as_such() -> None:
    for writer in (as_terminal, as_markdown):
        assert NOTHING.lower() in writer([], "a", "b").lower()
    assert json.loads(as_json([], "a", "b"))["changed"] is False


def test_a_new_default_of_a_hyperparameter_has_a_cost() -> None:
    (change,) = changed(lambda d: parameter(d, "epochs").update(DefaultValue=300))
    assert f"{change.subject}: {change.words}" == "parameter epochs: default: 100 → 300"
    assert {"cost: each training takes 3 times as many epochs", "model: another model from the same data"} == {
        f"{effect.kind}: {effect.says}" for effect in change.effects
    }


def test_a_default_that_keeps_its_value_but_not_its_type_is_a_change() -> None:
    (change,) = changed(lambda d: parameter(d, "epochs").update(DefaultValue=100.0))
    assert change.label == "default"


def test_parameters_are_added_and_removed() -> None:
    def change(d: dict[str, Any]) -> None:
        d["Parameters"].remove(parameter(d, "num_layers"))
        d["Parameters"].append({"Name": "Seed", "Type": "Integer"})
        del parameter(d, "AssetsS3Uri")["DefaultValue"]
        parameter(d, "likelihood")["EnumValues"] = ["gaussian", "student-T"]

    found = changed(change)
    assert "parameter num_layers: removed: Integer, default 2" in sentences(found)
    assert "parameter Seed: added: Integer, without default" in sentences(found)
    effects = {change.subject: {effect.says for effect in change.effects} for change in found}
    assert "every start must set it" in effects["parameter Seed"]
    assert "every start must set it" in effects["parameter AssetsS3Uri"]
    assert "a start that sets it is rejected" in effects["parameter num_layers"]
    assert "starts that set other values are rejected" in effects["parameter likelihood"]


def test_steps_are_added_removed_and_rewired() -> None:
    def change(d: dict[str, Any]) -> None:
        extra = copy.deepcopy(step(d, "FeatureEngineering"))
        extra["Name"] = "Audit"
        extra["DependsOn"] = ["Training"]
        d["Steps"].append(extra)
        gate = arguments(d, "QualityGate")
        gate["IfSteps"].remove(step(d, "RegisterModel"))
        created = step(d, "CreateModel")
        d["Steps"].remove(created)
        gate["IfSteps"].append(created)
        step(d, "Training")["DependsOn"] = ["CreateModel"]

    found = changed(change)
    words = sentences(found)
    assert "step Audit: added: a Processing step, after Training" in words
    removed = "a RegisterModel step in IfSteps of QualityGate, after Evaluation and QualityGate and Training"
    assert f"step RegisterModel: removed: {removed}" in words
    assert "step CreateModel: place: always runs → IfSteps of QualityGate" in words
    assert "step Training: runs after: FeatureEngineering → CreateModel, FeatureEngineering" in words
    assert [change.how for change in found if change.label in ("place", "runs after")] == ["rewired"] * 3
    assert kinds(next(change for change in found if change.subject == "step Audit")) == {"cost"}
    assert "step Audit: role: arn:aws:iam::123456789012:role/model-training-dev-processing" in words
    assert "step Audit: instance type: <ProcessingInstanceType>" in words
    assert any(sentence.startswith("step Audit: image: 123456789012.dkr.ecr.") for sentence in words)


def test_image_outputs_retries_instances_and_gate_are_named_with_their_effects() -> None:
    def change(d: dict[str, Any]) -> None:
        processing = arguments(d, "FeatureEngineering")
        processing["AppSpecification"]["ImageUri"] = (
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com/features:c-ffffffffffffffff"
        )
        output(d, "train")["S3Output"]["S3Uri"] = join("s3://other/executions", get("Parameters.ExecutionId"), "train")
        step(d, "FeatureEngineering")["RetryPolicies"][0]["MaxAttempts"] = 2
        arguments(d, "Training")["ResourceConfig"]["InstanceType"] = "ml.g5.xlarge"
        arguments(d, "Training")["EnableNetworkIsolation"] = False
        arguments(d, "QualityGate")["Conditions"][0]["Type"] = "LessThan"

    found = {f"{change.subject} {change.label}": change for change in changed(change)}
    assert {name: kinds(change) for name, change in found.items()} == {
        "step FeatureEngineering image": {"security", "data contract"},
        "step FeatureEngineering output train": {"data contract"},
        "step FeatureEngineering retry of Step.SERVICE_FAULT, Step.THROTTLING": {"cost"},
        "step Training instance type": {"cost"},
        "step Training network isolation": {"security"},
        "step QualityGate condition": {"model"},
    }
    assert found["step FeatureEngineering output train"].new == "s3://other/executions/<ExecutionId>/train"
    condition = found["step QualityGate condition"]
    assert condition.old == "<skillExcess in Evaluation's Gate> ≥ 0.0"
    assert "5 attempts, first after 10 s" in str(
        found["step FeatureEngineering retry of Step.SERVICE_FAULT, Step.THROTTLING"].old
    )


def test_a_hyperparameter_that_is_no_longer_made_text_is_seen() -> None:
    (change,) = changed(lambda d: arguments(d, "Training")["HyperParameters"].update(epochs=get("Parameters.epochs")))
    assert change.words == "hyperparameter epochs: <epochs> as text → <epochs>"


def fe_environment(d: dict[str, Any]) -> dict[str, Any]:
    return arguments(d, "FeatureEngineering")["Environment"]


def set_arguments(d: dict[str, Any], *values: Any) -> None:
    arguments(d, "FeatureEngineering")["AppSpecification"]["ContainerArguments"] = list(values)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            lambda d: None,
            lambda d: fe_environment(d).update(LOG_SYNC_SECONDS=10),
            'environment variable LOG_SYNC_SECONDS: "10" → 10',
        ),
        (
            lambda d: None,
            lambda d: arguments(d, "Training").update(EnableNetworkIsolation="true"),
            'network isolation: true → "true"',
        ),
        (
            lambda d: None,
            lambda d: step(d, "Training").update(DependsOn=["FeatureEngineering"]),
            "DependsOn[FeatureEngineering] added: FeatureEngineering",
        ),
        (
            lambda d: set_arguments(d, "a", "b c"),
            lambda d: set_arguments(d, "a b", "c"),
            'arguments of the container: ["a","b c"] → ["a b","c"]',
        ),
        (
            lambda d: None,
            lambda d: fe_environment(d).update(PIPELINE_EXECUTION_ARN="<Execution.PipelineExecutionArn>"),
            "environment variable PIPELINE_EXECUTION_ARN: "
            '{"Get":"Execution.PipelineExecutionArn"} → "<Execution.PipelineExecutionArn>"',
        ),
        (lambda d: None, lambda d: d["Metadata"].update(a="b"), "Metadata.a added: b"),
        (lambda d: None, lambda d: arguments(d, "Training").update(DebugHookConfig={}), "DebugHookConfig added: {}"),
        (
            lambda d: None,
            lambda d: arguments(d, "QualityGate").pop("ElseSteps"),
            "branch ElseSteps removed: it was a list of steps",
        ),
        (lambda d: None, lambda d: parameter(d, "epochs").update(DefaultValue="100"), 'default: 100 → "100"'),
        (lambda d: None, lambda d: parameter(d, "ExecutionId").update(DefaultValue=None), "default added: null"),
        (lambda d: None, lambda d: step(d, "CreateModel").update(Type="Fail"), "type: Model → Fail"),
    ],
)
def test_values_that_read_alike_but_differ_are_shown_as_json(before: Any, after: Any, says: str) -> None:
    old = good()
    before(old)
    new = copy.deepcopy(old)
    after(new)
    assert [change.words for change in compare(old, new)] == [says]


def test_the_order_of_policies_for_the_same_error_is_compared() -> None:
    old = good()
    policies = step(old, "FeatureEngineering")["RetryPolicies"]
    policies.append(copy.deepcopy(policies[0]))
    new = copy.deepcopy(old)
    step(new, "FeatureEngineering")["RetryPolicies"][0]["MaxAttempts"] = 9
    (change,) = compare(old, new)
    assert str(change.new).startswith("9 attempts")
    swapped = copy.deepcopy(new)
    swapped_policies = step(swapped, "FeatureEngineering")["RetryPolicies"]
    swapped_policies[0], swapped_policies[3] = swapped_policies[3], swapped_policies[0]
    assert {change.subject for change in compare(new, swapped)} == {"step FeatureEngineering"}


def test_a_second_step_or_parameter_of_the_same_name_is_a_change() -> None:
    def change(d: dict[str, Any]) -> None:
        d["Steps"].append(copy.deepcopy(step(d, "FeatureEngineering")))
        d["Parameters"].append({"Name": "epochs", "Type": "Integer"})

    found = {change.subject: change.how for change in changed(change)}
    assert found == {"step FeatureEngineering (2)": "added", "parameter epochs (2)": "added"}


def test_an_item_of_steps_that_is_not_a_step_is_compared() -> None:
    assert [change.words for change in changed(lambda d: d["Steps"].append({"Name": "Nameless"}))] == [
        "Steps[0].Name added: Nameless"
    ]


def test_a_change_without_a_description_prints_both_values() -> None:
    old = good() | {"Metadata": {"a.b": {}}}
    new = good() | {"Metadata": {"a.b": []}}
    (change,) = compare(old, new)
    assert (change.old, change.new) == ("{}", "[]")
    old, new = good() | {"A.b": 1}, good() | {"A": {"b": 1}}
    found = compare(old, new)
    for writer in (as_terminal, as_markdown, as_json):
        assert "None" not in writer(found, "old", "new")
    assert "b" in as_terminal(found, "old", "new")


def test_a_secret_replaced_by_one_as_long_is_a_change_that_shows_neither() -> None:
    for put in (
        lambda d, value: fe_environment(d).update(DB_PASSWORD=value),
        lambda d, value: set_arguments(d, "--token", value),
        lambda d, value: set_arguments(d, f"--token={value}"),
        lambda d, value: set_arguments(d, f"AKIA{value.upper():X<16}"[:20]),
        lambda d, value: d["Parameters"].append({"Name": "ApiKey", "Type": "String", "EnumValues": [value]}),
    ):
        old, new = good(), good()
        put(old, "hunter2aaa")
        put(new, "hunter2bbb")
        (change,) = compare(old, new)
        assert str(change.new).endswith("not shown), another value")
        for writer in (as_terminal, as_markdown, as_json):
            assert "hunter2" not in writer([change], "old", "new").lower()


def test_every_change_of_a_step_has_its_own_label() -> None:
    def change(d: dict[str, Any]) -> None:
        arguments(d, "Training")["OutputDataConfig"]["KmsKeyId"] = "another"
        arguments(d, "Training")["ResourceConfig"]["VolumeKmsKeyId"] = "another"
        containers = arguments(d, "RegisterModel")["InferenceSpecification"]["Containers"]
        containers.append(containers[0] | {"Image": "other:1"})

    found = changed(change)
    labels = [change.label for change in found]
    assert {"encryption key of the volumes", "encryption key of the output"} < set(labels)
    assert len(set(labels)) == len(labels)
    old = good()
    change(old)
    new = copy.deepcopy(old)
    for container in arguments(new, "RegisterModel")["InferenceSpecification"]["Containers"]:
        container["Image"] += "0"
    assert [item.label for item in compare(old, new)] == [
        "image (InferenceSpecification.Containers[0].Image)",
        "image (InferenceSpecification.Containers[1].Image)",
    ]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("epochs", 250, "each training takes 2.5 times as many epochs"),
        ("epochs", 100.0, "the algorithm gets the same number in another notation, which it may reject"),
        ("num_eval_samples", 200, "the training time changes"),
        ("early_stopping_patience", 10, "the training time changes"),
    ],
)
def test_only_the_epochs_have_a_proportional_cost(name: str, value: Any, says: str) -> None:
    (change,) = changed(lambda d: parameter(d, name).update(DefaultValue=value))
    assert says in {effect.says for effect in change.effects}
    assert sum("times as many" in effect.says for effect in change.effects) == ("times as many" in says)


def test_a_secret_is_not_shown_in_any_format() -> None:
    canary = "hunter2-canary-Zx9"

    def change(d: dict[str, Any]) -> None:
        arguments(d, "FeatureEngineering")["Environment"]["DB_PASSWORD"] = canary
        arguments(d, "FeatureEngineering")["AppSpecification"]["ContainerArguments"] += ["--token", canary]
        d["Parameters"].append({"Name": "ApiKey", "Type": "String", "DefaultValue": canary})

    found = changed(change)
    assert len(found) == 3
    for writer in (as_terminal, as_markdown, as_json):
        assert canary not in writer(found, "old", "new")


def test_no_value_is_read_as_markup() -> None:
    nasty = "`` `x` <b>|*_[a](http://b) @team"
    found = changed(lambda d: step(d, "Training").update(Description=nasty))
    text = as_markdown(found, "old", "new")
    assert f"```{' '}{nasty}{' '}```" in text or f"```{nasty}```" in text or "``` `` `x`" in text
    found = changed(lambda d: arguments(d, "FeatureEngineering")["Environment"].update({"<b>@team": "1"}))
    assert "<b>" not in as_markdown(found, "old", "new")
