"""A local run in which every actor does all of its work, with each call noted and the policies that were deployed."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
from typer.testing import CliRunner

from components.iam.people import CURATOR, OPERATOR, PEOPLE, PROMOTION_SOURCE, PROMOTION_TARGET
from components.iam.statement import Actor
from components.names import MODEL_PACKAGES
from contracts import model_metadata as metadata
from contracts.layout import IMPORTANCE_FILE, ExecutionLayout
from contracts.outputs import STACK_OUTPUTS_VARIABLE, StackOutputs
from contracts.tables import TemplateAttribute
from local_run.deployment.deploy import deploy
from local_run.emulator.actors import access_key
from local_run.emulator.options import Options
from local_run.emulator.server import Emulator
from local_run.emulator.service import LocalSageMaker
from local_run.sample_data import write_samples
from local_run.session import PROJECT
from runs.cli import app as runs_app
from runs.stack import Stack
from runs.store import execution_store
from tests.components.iam_calls import REGION, Call, CallRecorder
from tests.components.stack_policies import names_of, statements_of
from tests.patience import PATIENCE_SECONDS
from tests.sampling_server import SAMPLING_SERVER

WAIT_SECONDS = PATIENCE_SECONDS
#: Who sets the scene: loses events, spoils a template, forgets an endpoint.
TESTER = "tester"
#: The stack that a model is promoted to.
OTHER_STACK = "prod"
TRAINER = """
import pathlib, sys
ml = pathlib.Path(sys.argv[1])
(ml / "model").mkdir(exist_ok=True)
(ml / "model" / "weights").write_text("bad" if pathlib.Path(__file__).with_name("bad").exists() else "good")
print("#quality_metric: host=algo-1, test mean_wQuantileLoss <loss>=0.01", flush=True)
"""
DEMO = PROJECT / "examples" / "templates" / "demo.json"
SCHEDULED = {"scheduledTime": "2027-01-01T06:00:00Z"}
#: What the local stand-ins of SageMaker and Lambda call under an actor's key, and the real services need no right for:
#: SageMaker knows its own pipeline, and a declared log group need not be made.
STAND_INS = ("sagemaker:DescribePipeline", "logs:CreateLogGroup")


@dataclass(frozen=True)
class RecordedRun:
    """``policies``: the statements of each role's policy, by the role's name."""

    recorder: CallRecorder
    policies: Mapping[str, list[dict[str, Any]]]

    def statements(self, actor: str) -> list[dict[str, Any]]:
        return self.policies[f"model-training-local-{actor}"]

    def calls(self, actor: str) -> set[Call]:
        """Jobs and people are distinguished by their kind, functions by their roles."""
        calls = self.recorder.of(actor) | self.recorder.of(f"model-training-local-{actor}")
        return {call for call in calls if call.by_code or call.action not in STAND_INS}


def record_run(folder: Path) -> RecordedRun:
    trainer = folder / "trainer.py"
    trainer.write_text(TRAINER)
    server = folder / "server.py"
    server.write_text(SAMPLING_SERVER)
    options = Options(
        training_commands={"forecasting-deepar": lambda ml: (sys.executable, str(trainer), str(ml))},
        serving_commands={"forecasting-deepar": lambda root: (sys.executable, str(server), str(root))},
        job_environment={"AWS_EXECUTION_ENV": "AWS_SageMaker_Job"},
    )
    sagemaker, recorder = LocalSageMaker(options), CallRecorder()
    emulator = Emulator(region=REGION, middleware=lambda app: recorder(sagemaker.middleware(app)))
    overrides = {"model-training:logSyncSeconds": 1}
    with emulator, sagemaker.running(emulator):
        deployment = deploy(emulator, PROJECT, "local", overrides)
        policies = {
            resource.inputs["role"]: json.loads(resource.inputs["policy"])["Statement"]
            for resource in deployment.of_type("aws:iam/rolePolicy:RolePolicy")
        }
        _Scene(emulator, sagemaker, deployment.stack_outputs(), folder).play()
    people = {f"model-training-local-{actor.name}": statements_of(actor, names_of("local", overrides)) for actor in PEOPLE}
    people[f"model-training-local-{PROMOTION_TARGET.name}"] = statements_of(PROMOTION_TARGET, names_of(OTHER_STACK))
    return RecordedRun(recorder, policies | people)


class _Scene:
    def __init__(self, emulator: Emulator, sagemaker: LocalSageMaker, outputs: StackOutputs, folder: Path) -> None:
        self._emulator, self._sagemaker, self._folder = emulator, sagemaker, folder
        self._outputs = folder / "outputs.json"
        self._outputs.write_text(json.dumps(outputs.exported()))
        with emulator.ambient(TESTER, outputs.region):
            self._stack = Stack(outputs, boto3.Session(region_name=outputs.region))
            self._functions = self._stack.client("lambda")
            tables = ("template", "execution", "event", "endpoint", "prediction")
            self._tables = {name: self._stack.dynamodb.Table(getattr(outputs, f"{name}_table")) for name in tables}
            self._sagemaker_api, self._s3 = self._stack.sagemaker, self._stack.s3

    def play(self) -> None:
        self._store()
        succeeded = self._retrain()
        elsewhere = self._start_elsewhere()
        self._operate(succeeded)
        package = self._forecast()
        self._drift(package)
        forgotten = self._serve(package)
        self._promote(package)
        self._lose_every_event(succeeded, elsewhere)
        assert succeeded in self._call("reconcile")["repaired"]
        self._clean_up(forgotten)

    def _call(self, function: str, **event: str) -> dict[str, Any]:
        answer = self._functions.invoke(FunctionName=f"model-training-local-{function}", Payload=json.dumps(event))
        payload: dict[str, Any] = json.loads(answer["Payload"].read())
        return payload

    def _runs(self, *arguments: str, exits: int = 0, person: Actor = OPERATOR, **environment: str) -> None:
        """A command as a person types it."""
        with self._emulator.ambient(person.name, REGION):
            variables = {STACK_OUTPUTS_VARIABLE: str(self._outputs), **environment}
            done = CliRunner().invoke(runs_app, list(arguments), env=variables)
        assert done.exit_code == exits, f"{arguments}: {done.output} {done.exception!r}"

    def _store(self) -> None:
        """The samples; a template that SageMaker refuses to start, and one whose asset is not stored."""
        paths = write_samples(self._folder / "prices")
        self._runs("assets", "put", *map(str, paths.values()))
        demo = self._folder / "demo.json"
        demo.write_text(json.dumps(json.loads(DEMO.read_text()) | {"gateMargin": 2}))
        self._runs("template", "put", str(demo))
        gold = self._folder / "gold.json"
        template = json.loads(DEMO.read_text()) | {"id": "gold", "baseAssets": ["gold"], "predictedAsset": "gold"}
        gold.write_text(json.dumps(template))
        self._runs("template", "put", str(gold))
        spoilt = self._tables["template"].get_item(Key={TemplateAttribute.ID: "demo"})["Item"]
        spoilt[TemplateAttribute.PARAMETERS]["NoParameterOfThePipeline"] = "1"
        self._tables["template"].put_item(Item={**spoilt, TemplateAttribute.ID: "refused"})

    def _retrain(self) -> str:
        """A schedule that fires twice, one that SageMaker refuses, and one whose asset is missing."""
        started = self._call("scheduled-start", templateId="demo", **SCHEDULED)
        assert self._sagemaker.wait(started["pipelineExecutionArn"], WAIT_SECONDS), started
        assert self._call("scheduled-start", templateId="demo", **SCHEDULED) == started
        assert "errorType" in self._call("scheduled-start", templateId="refused", **SCHEDULED)
        assert "gold" in self._call("scheduled-start", templateId="gold", **SCHEDULED)["errorMessage"]
        return str(started["executionId"])

    def _start_elsewhere(self) -> str:
        """Started past the stack's own ways: it fails, for it has no item."""
        parameters = [{"Name": "ExecutionId", "Value": "no-such-item"}]
        answer = self._sagemaker_api.start_pipeline_execution(
            PipelineName=self._stack.outputs.pipeline_name, PipelineParameters=parameters
        )
        arn = str(answer["PipelineExecutionArn"])
        assert self._sagemaker.wait(arn, WAIT_SECONDS)
        status = self._sagemaker_api.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
        assert status == "Failed"
        return arn

    def _operate(self, succeeded: str) -> None:
        """Each command that asks AWS for something."""
        for listing in ("assets list", "template list", "template show demo", "list", f"status {succeeded} --log"):
            self._runs(*listing.split())
        self._runs("report", succeeded, "--out", str(self._folder / "reports"))
        for step in ("Training", "Backtest"):
            self._runs("logs", succeeded, "--step", step)
        self._runs("start", "demo", "--id", "by-command")
        item = execution_store(self._stack).get("by-command")
        assert item is not None
        self._sagemaker_api.stop_pipeline_execution(PipelineExecutionArn=item["PipelineExecutionArn"])
        self._runs("start", "demo", "--id", "by-command")
        self._runs("start", "refused", exits=1)
        self._runs("start", "gold", exits=1)
        assert self._sagemaker.wait(item["PipelineExecutionArn"], WAIT_SECONDS)
        # It was stopped before the evaluation, so the report asks for files that do not exist.
        self._runs("report", "by-command", "--out", str(self._folder / "reports"))
        self._steer(item["PipelineExecutionArn"])

    def _steer(self, arn: str) -> None:
        """The stopped execution is retried, found by its ARN, stopped, read and deleted; so are an asset and a template."""
        self._runs("retry", "by-command")
        self._runs("stop", arn)
        assert self._sagemaker.wait(arn, WAIT_SECONDS)
        self._runs("logs", "by-command")
        self._s3.put_object(Bucket=self._stack.outputs.models_bucket, Key="executions/by-command/train/train.json", Body=b"{}")
        item, table = self._tables["execution"].get_item(Key={"Id": "by-command"})["Item"], self._tables["execution"]
        table.put_item(Item={**item, "ModelPackageArn": self._first_package()})
        self._runs("delete", "by-command", "--yes", person=CURATOR, exits=1)
        table.put_item(Item=item)
        self._runs("delete", "by-command", "--yes", person=CURATOR)
        unused = self._folder / "unused.csv"
        unused.write_text("Date,Close\n2020-01-01,1\n2020-01-02,2\n")
        self._runs("assets", "put", str(unused))
        self._runs("assets", "delete", "unused", "--yes", person=CURATOR)
        spare = self._folder / "spare.json"
        spare.write_text(json.dumps(json.loads(DEMO.read_text()) | {"id": "spare"}))
        self._runs("template", "put", str(spare))
        self._runs("template", "delete", "spare", "--yes", person=CURATOR)

    def _first_package(self) -> str:
        answer = self._sagemaker_api.list_model_packages(ModelPackageGroupName=self._stack.outputs.model_package_group)
        return str(answer["ModelPackageSummaryList"][0]["ModelPackageArn"])

    def _forecast(self) -> str:
        """A model is looked at, approved, and forecasts twice: the second time there are earlier rows. Returns its ARN."""
        self._runs("models", "list", "demo")
        arn = self._first_package()
        self._runs("models", "show", arn)
        self._runs("models", "compare", arn, arn)
        self._runs("models", "approve", arn)
        self._forecast_on_schedule()
        for number in (1, 2):
            self._runs("forecast", "demo", "--id", f"next-{number}", "--wait")
        self._runs("forecasts", "demo")
        self._runs("report", "next-2", "--out", str(self._folder / "reports"))
        self._lose_the_models_template(arn)
        self._runs("forecast", "demo", "--id", "next-3")
        self._runs("stop", "next-3")
        return arn

    def _lose_the_models_template(self, arn: str) -> None:
        """A schedule looks for the champion and finds a model without its template file."""
        with self._without(*self._template_file(arn)):
            assert "errorType" in self._call("scheduled-start", templateId="refused", scheduledTime="2027-01-02T06:00:00Z")

    def _template_file(self, arn: str) -> tuple[str, str]:
        """Bucket and key of a model's template."""
        package = self._sagemaker_api.describe_model_package(ModelPackageName=arn)
        bucket, _, key = (
            package["CustomerMetadataProperties"][metadata.uri_key("Template")].removeprefix("s3://").partition("/")
        )
        return bucket, key

    def _drift(self, arn: str) -> None:
        """Three templates have drifted: one is retrained, one is refused by SageMaker, and one lacks an asset."""
        rule = {"forecasts": 1, "minimumSkill": 0.0, "retrain": True}
        templates, trained = self._tables["template"], "demo-drifts"
        templates.put_item(Item={**templates.get_item(Key={"Id": "demo"})["Item"], "Id": trained})
        for name in (trained, "refused", "gold"):
            item = templates.get_item(Key={"Id": name})["Item"]
            content = json.loads(item["Template"]) | {"drift": rule}
            templates.put_item(Item={**item, "Template": json.dumps(content)})
            row = {"Series": f"{name}/{content['predictedAsset']}", "Row": "2013-01-02/f", "Time": "2013-01-02", "Actual": "1"}
            row |= {"Cutoff": "2013-01-01", "ExecutionId": "f", "Loss": "2.0", "BaselineLoss": "1.0"}
            row["ModelPackageArn"] = self._register_again(arn, name, content)
            self._tables["prediction"].put_item(Item=row)
        self._register_again(arn, "lost", None)
        answer = self._call("drift-check")["errorMessage"]
        assert answer.startswith("2 templates could not be checked"), answer
        self._runs("drift", trained)
        (training,) = [item for item in execution_store(self._stack).all() if item.get("TemplateId") == trained]
        self._sagemaker_api.stop_pipeline_execution(PipelineExecutionArn=training["PipelineExecutionArn"])
        assert self._sagemaker.wait(training["PipelineExecutionArn"], WAIT_SECONDS)

    def _register_again(self, arn: str, template_id: str, template: dict[str, Any] | None) -> str:
        """An approved version like another one, but of another template, whose file does not exist if it is None."""
        described = self._sagemaker_api.describe_model_package(ModelPackageName=arn)
        content = json.dumps({**(template or {}), "id": template_id, "endTraining": "2012-12-31"}).encode()
        bucket, key = self._stack.outputs.models_bucket, f"executions/{template_id}/evaluation/template.json"
        if template is not None:
            self._s3.put_object(Bucket=bucket, Key=key, Body=content)
        digest, uri = hashlib.sha256(content).hexdigest(), f"s3://{bucket}/{key}"
        changed = {metadata.uri_key("Template"): uri, metadata.hash_key("Template"): digest}
        answer = self._sagemaker_api.create_model_package(
            ModelPackageGroupName=self._stack.outputs.model_package_group,
            InferenceSpecification=described["InferenceSpecification"],
            ModelApprovalStatus="Approved",
            CustomerMetadataProperties={**described["CustomerMetadataProperties"], **changed},
        )
        return str(answer["ModelPackageArn"])

    def _forecast_on_schedule(self) -> None:
        """A slot that fires twice, one that SageMaker refuses, a missing price file, and a model whose template is missing."""
        started = self._call("forecast-start", templateId="demo", **SCHEDULED)
        assert self._sagemaker.wait(started["pipelineExecutionArn"], WAIT_SECONDS), started
        assert self._call("forecast-start", templateId="demo", **SCHEDULED) == started
        item = execution_store(self._stack).get(str(started["executionId"]))
        assert item is not None
        snapshot = json.loads(item["Snapshot"])
        snapshot["Parameters"]["NoParameterOfThePipeline"] = "1"
        refused = {key: item[key] for key in item if key != "PipelineExecutionArn"}
        refused |= {"Id": "refused-20270101-060000-fs", "Snapshot": json.dumps(snapshot)}
        self._tables["execution"].put_item(Item=refused)
        assert "errorType" in self._call("forecast-start", templateId="refused", **SCHEDULED)
        later = {"scheduledTime": "2027-01-02T06:00:00Z"}
        with self._without(self._stack.outputs.assets_bucket, "assets/AAPL.csv"):
            assert "AAPL" in self._call("forecast-start", templateId="demo", **later)["errorMessage"]
        with self._without(*self._template_file(snapshot["Model"]["PackageArn"])):
            assert "no approved model" in self._call("forecast-start", templateId="demo", **later)["errorMessage"]

    @contextmanager
    def _without(self, bucket: str, key: str) -> Iterator[None]:
        """An object is missing for a while."""
        stored = self._s3.get_object(Bucket=bucket, Key=key)
        body = stored["Body"].read()
        self._s3.delete_object(Bucket=bucket, Key=key)
        yield
        self._s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=stored["Metadata"])

    def _serve(self, arn: str) -> str:
        """Two endpoints: one is asked and taken down, the other is forgotten; returns its name."""
        for _ in range(2):
            self._runs("endpoint", "up", arn, "--for", "2h", "--wait")
        self._runs("endpoint", "list")
        name, forgotten = (str(row["EndpointName"]) for row in self._tables["endpoint"].scan()["Items"])
        self._runs("predict", name)
        self._runs("endpoint", "down", name)
        past = {":past": "2020-01-01T00:00:00Z"}
        self._tables["endpoint"].update_item(
            Key={"EndpointName": forgotten}, UpdateExpression="SET DeleteAfter = :past", ExpressionAttributeValues=past
        )
        return forgotten

    def _promote(self, arn: str) -> None:
        """To another stack, of which only what a promotion needs exists; each side has credentials of its own."""
        names, api = names_of(OTHER_STACK), self._sagemaker_api
        outputs = replace(
            self._stack.outputs, models_bucket=names.bucket("models"), model_package_group=names.of(MODEL_PACKAGES)
        )
        s3, place = self._s3, {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=outputs.models_bucket, CreateBucketConfiguration=place)
        api.create_model_package_group(ModelPackageGroupName=outputs.model_package_group)
        other, credentials = self._folder / "other.json", self._folder / "credentials"
        other.write_text(json.dumps(outputs.exported()))
        key = access_key(PROMOTION_TARGET.name)
        credentials.write_text(f"[other]\naws_access_key_id = {key}\naws_secret_access_key = secret\n")
        training = api.describe_model_package(ModelPackageName=arn)["CustomerMetadataProperties"]["ExecutionId"]
        lost = {"Bucket": self._stack.outputs.models_bucket, "Key": f"{ExecutionLayout(training).evaluation}/{IMPORTANCE_FILE}"}
        content = s3.get_object(**lost)["Body"].read()

        def promote(exits: int = 0) -> None:
            command = ("models", "promote", arn, "--to", str(other), "--to-profile", "other")
            variables = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
            self._runs(*command, exits=exits, person=PROMOTION_SOURCE, **variables)

        s3.delete_object(**lost)
        promote(exits=1)
        s3.put_object(**lost, Body=content)
        promote()
        promote()

    def _forecasts(self) -> list[dict[str, Any]]:
        store = execution_store(self._stack)
        found = [store.get(name) for name in ("next-1", "next-2", "demo-20270101-060000-fs")]
        return [item for item in found if item is not None]

    def _lose_every_event(self, execution_id: str, elsewhere: str) -> None:
        """The start's item stands as it was at first, and of the execution from elsewhere nothing is known."""
        store, executions, events = execution_store(self._stack), self._tables["execution"], self._tables["event"]
        item, other = store.get(execution_id), store.find(elsewhere)
        assert item is not None
        assert other is not None
        executions.delete_item(Key={"Id": other["Id"]})
        kept = {
            key: item[key]
            for key in item
            if key not in ("Outcome", "GateThreshold", "GateMetric", "GateBaseline", "ModelPackageArn")
        }
        executions.put_item(Item={**kept, "Status": "Executing", "Steps": {}})
        forecast = store.get("next-1")
        assert forecast is not None
        executions.put_item(Item={key: forecast[key] for key in forecast if key != "Outcome"} | {"Status": "Executing"})
        for event in events.scan()["Items"]:
            events.delete_item(Key={"ExecutionId": event["ExecutionId"], "EventKey": event["EventKey"]})

    def _clean_up(self, forgotten: str) -> None:
        rejected = self._reject()
        used = [str(item["Steps"]["CreateModel"]["JobArn"]).rpartition("/")[2] for item in self._forecasts()]
        deleted = self._call("endpoint-cleanup")["deleted"]
        assert sorted(deleted) == sorted([forgotten, rejected, *used]), deleted

    def _reject(self) -> str:
        """An execution whose model the gate rejects; returns the model's name."""
        (self._folder / "bad").touch()
        self._runs("start", "demo", "--id", "rejected")
        store = execution_store(self._stack)
        item = store.get("rejected")
        assert item is not None
        assert self._sagemaker.wait(item["PipelineExecutionArn"], WAIT_SECONDS)
        item = store.get("rejected")
        assert item is not None
        assert item["Outcome"] == "NotRegistered", item
        return str(item["Steps"]["CreateModel"]["JobArn"]).rpartition("/")[2]
