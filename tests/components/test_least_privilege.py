"""Every call that an actor makes in a whole local run is allowed by that actor's deployed policy, and needs all of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from components.names import Names
from components.policies import role_policy
from contracts.permissions import ACTORS, LAMBDA, OPERATOR
from contracts.tables import TemplateAttribute
from local_run.demo import store_samples
from local_run.deployment import deploy
from local_run.emulator import Emulator
from local_run.sagemaker.options import Options
from local_run.sagemaker.service import LocalSageMaker
from local_run.session import PROJECT, USER
from runs import assets, begin, templates
from runs.report.write import write_report
from runs.stack import Stack
from settings import parse
from tests.components.iam_calls import REGION, Call, CallRecorder, allows, our_statements

pytestmark = pytest.mark.slow

WAIT_SECONDS = 180
TRAINER = """
import pathlib, sys
ml = pathlib.Path(sys.argv[1])
(ml / "model").mkdir(exist_ok=True)
(ml / "model" / "weights").write_text("none")
print("#quality_metric: host=algo-1, test mean_wQuantileLoss <loss>=0.01", flush=True)
"""
#: What the local stand-ins of SageMaker and Lambda call under an actor's key, and the real services need no right for:
#: SageMaker knows its own pipeline, and a declared log group need not be made.
STAND_INS = {"pipeline": {"sagemaker:DescribePipeline"}} | {
    actor.name: {"logs:CreateLogGroup"} for actor in ACTORS if actor.service == LAMBDA
}
ACTORS_WITH_CODE = [actor for actor in (*ACTORS, OPERATOR) if our_statements(actor)]


@dataclass(frozen=True)
class Recorded:
    """What was called, and the policies that were deployed, by the emulator's name of the actor."""

    recorder: CallRecorder
    policies: dict[str, list[dict[str, Any]]]

    def statements(self, actor: str) -> list[dict[str, Any]]:
        return self.policies[f"model-training-local-{actor}"]

    def calls(self, actor: str) -> set[Call]:
        """Jobs are told apart by their kind; functions by their roles."""
        return self.recorder.of(actor) | self.recorder.of(f"model-training-local-{actor}")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    trainer = tmp_path_factory.mktemp("trainer") / "trainer.py"
    trainer.write_text(TRAINER)
    options = Options(training_commands={"forecasting-deepar": lambda ml: (sys.executable, str(trainer), str(ml))})
    sagemaker, recorder = LocalSageMaker(options), CallRecorder()
    emulator = Emulator(region=REGION, middleware=lambda app: recorder(sagemaker.middleware(app)))
    with emulator, sagemaker.running(emulator):
        deployment = deploy(emulator, PROJECT, "local", {"model-training:logSyncSeconds": 1})
        policies = {
            resource.inputs["role"]: json.loads(resource.inputs["policy"])["Statement"]
            for resource in deployment.of_type("aws:iam/rolePolicy:RolePolicy")
        }
        outputs = deployment.stack_outputs()
        with emulator.ambient(USER, outputs.region):
            exercise(Stack(outputs, boto3.Session(region_name=outputs.region)), sagemaker)
        with emulator.ambient(OPERATOR.name, outputs.region):
            operate(Stack(outputs, boto3.Session(region_name=outputs.region)), tmp_path_factory.mktemp("report"))
        names = Names(parse(deployment.config.project, "local", deployment.config.values), emulator.account_id)
        policies["model-training-local-operator"] = json.loads(role_policy(OPERATOR, names, None))["Statement"]
        yield Recorded(recorder, policies)


def exercise(stack: Stack, sagemaker: LocalSageMaker) -> None:
    """A run by the schedule, one that SageMaker refuses, one that was started elsewhere, and each function once more."""
    store_samples(stack)
    functions = stack.client("lambda")

    def call(function: str, **event: str) -> dict[str, Any]:
        answer = functions.invoke(FunctionName=f"model-training-local-{function}", Payload=json.dumps(event))
        payload: dict[str, Any] = json.loads(answer["Payload"].read())
        return payload

    started = call("scheduled-start", templateId="demo", scheduledTime="2027-01-01T06:00:00Z")
    assert sagemaker.wait(started["pipelineExecutionArn"], WAIT_SECONDS), started
    templates = stack.dynamodb.Table(stack.outputs.template_table)
    refused = templates.get_item(Key={TemplateAttribute.ID: "demo"})["Item"]
    parameters = {**refused[TemplateAttribute.PARAMETERS], "NoParameterOfThePipeline": "1"}
    templates.put_item(Item={**refused, TemplateAttribute.ID: "refused", TemplateAttribute.PARAMETERS: parameters})
    assert "errorType" in call("scheduled-start", templateId="refused", scheduledTime="2027-01-01T06:00:00Z")
    elsewhere = stack.sagemaker.start_pipeline_execution(
        PipelineName=stack.outputs.pipeline_name, PipelineParameters=[{"Name": "ExecutionId", "Value": "no-such-item"}]
    )
    sagemaker.wait(elsewhere["PipelineExecutionArn"], WAIT_SECONDS)
    forget_everything(stack, started["executionId"], elsewhere["PipelineExecutionArn"])
    assert started["executionId"] in call("reconcile")["repaired"]
    endpoints = stack.dynamodb.Table(stack.outputs.endpoint_table)
    due = {"EndpointStatus": "InService", "DeleteAfter": "2020-01-01T00:00:00Z"}
    endpoints.put_item(Item={"EndpointName": "model-training-local-forgotten", **due})
    assert call("endpoint-cleanup") == {"deleted": ["model-training-local-forgotten"]}


def operate(stack: Stack, out: Path) -> None:
    """What the commands of ``python -m runs`` do."""
    store_samples(stack)
    assert len(assets.stored(stack)) == 6
    assert {template["Id"] for template in templates.stored(stack)} == {"demo", "refused"}
    begin.start(stack, "demo", "by-hand")
    with pytest.raises(ClientError, match="NoParameterOfThePipeline"):
        begin.start(stack, "refused", "by-hand-refused")
    executions = begin.execution_store(stack).all()
    succeeded = next(item["Id"] for item in executions if item["Status"] == "Succeeded")
    assert write_report(stack, succeeded, out)


def forget_everything(stack: Stack, execution_id: str, elsewhere: str) -> None:
    """As if every event had been lost: the start's item stands as it was, and of the other execution nothing is known."""
    store, executions = begin.execution_store(stack), stack.dynamodb.Table(stack.outputs.execution_table)
    item, other = store.get(execution_id), store.find(elsewhere)
    assert item is not None
    assert other is not None
    executions.delete_item(Key={"Id": other["Id"]})
    kept = {key: item[key] for key in item if key not in ("Outcome", "GateThreshold", "GateMetric", "ModelPackageArn")}
    executions.put_item(Item={**kept, "Status": "Executing", "Steps": {}})
    events = stack.dynamodb.Table(stack.outputs.event_table)
    for event in events.scan()["Items"]:
        events.delete_item(Key={"ExecutionId": event["ExecutionId"], "EventKey": event["EventKey"]})


@pytest.mark.parametrize("actor", [actor.name for actor in (*ACTORS, OPERATOR) if actor.name not in ("model", "scheduler")])
def test_every_call_is_allowed(recorded: Recorded, actor: str) -> None:
    calls = {call for call in recorded.calls(actor) if call.action not in STAND_INS.get(actor, ())}
    assert calls, f"{actor} made no call: the record says nothing"
    refused = [call for call in calls if not any(allows(statement, call) for statement in recorded.statements(actor))]
    assert refused == []


@pytest.mark.parametrize(("actor", "sid"), [(actor.name, sid) for actor in ACTORS_WITH_CODE for sid in our_statements(actor)])
def test_no_statement_can_be_spared(recorded: Recorded, actor: str, sid: str) -> None:
    without = [statement for statement in recorded.statements(actor) if statement["Sid"] != sid]
    calls = recorded.calls(actor)
    assert any(not any(allows(statement, call) for statement in without) for call in calls), f"{actor} never needs {sid}"


@pytest.mark.parametrize("actor", [actor.name for actor in ACTORS_WITH_CODE])
def test_no_action_of_ours_is_unused(recorded: Recorded, actor: str) -> None:
    """But for ending an upload that broke off, which no run does on purpose."""
    (declared,) = [found for found in ACTORS_WITH_CODE if found.name == actor]
    used = {call.action for call in recorded.calls(actor)}
    named = {
        action for statement in declared.statements if statement.sid in our_statements(declared) for action in statement.actions
    }
    assert named - used <= {"s3:AbortMultipartUpload"}


def test_the_functions_run_under_their_roles(recorded: Recorded) -> None:
    acting = {call.actor for call in recorded.recorder.calls}
    assert {f"model-training-local-{actor.name}" for actor in ACTORS if actor.service == LAMBDA} <= acting


def test_the_deployer_stays_within_the_stacks_names(recorded: Recorded) -> None:
    foreign = [
        call
        for call in recorded.recorder.of("deployer")
        if call.resource != "*" and "model-training-local" not in call.resource
    ]
    assert foreign == []


def test_the_recorder_is_not_blind() -> None:
    statement = {"Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::b/executions/*/evaluation/*"}
    assert allows(statement, Call("a", "s3:GetObject", "arn:aws:s3:::b/executions/x/evaluation/gate.json"))
    assert not allows(statement, Call("a", "s3:GetObject", "arn:aws:s3:::b/executions/x/train/train.json"))
    assert not allows(statement, Call("a", "s3:PutObject", "arn:aws:s3:::b/executions/x/evaluation/gate.json"))
    assert Path(PROJECT, "__main__.py").is_file()
