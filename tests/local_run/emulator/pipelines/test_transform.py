"""Transform jobs: the model's server in a process of its own, one request per line, answers in input order."""

from __future__ import annotations

import io
import json
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_run.emulator.options import JobFaults
from local_run.emulator.progress import LogLine
from tests.local_run.emulator.pipelines.support import BUCKET, DEEPAR_IMAGE, ROLE, WAIT, World, get

#: A model server that echoes each record with its own weights and settings; some records make it fail.
SERVER = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
root = Path(sys.argv[1])
weights = (root / "opt/ml/model/weights.txt").read_text()
if weights == "broken":
    sys.exit("weights are broken")
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        record = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if record == "crash":
            os._exit(1)
        if record == "wait":
            print("waiting", flush=True)
            time.sleep(600)
        answer = {"record": record, "weights": weights, "config": os.environ["CONFIG"], "type": self.headers["Content-Type"]}
        body = (json.dumps(answer) + "\\n").encode()
        self.send_response({"bad": 400, "fault": 500}.get(record, 200))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = HTTPServer(("127.0.0.1", 0), Handler)
print(f"serving on 127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""


def steps(prefix: str = "in/", **transform: Any) -> list[dict[str, Any]]:
    model = {"Name": "Model", "Type": "Model", "Arguments": {
        "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": DEEPAR_IMAGE, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"},
    }}  # fmt: skip
    arguments = {
        "ModelName": get("Steps.Model.ModelName"),
        "BatchStrategy": "SingleRecord",
        "Environment": {"CONFIG": "samples"},
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}"}},
            "ContentType": "application/jsonlines", "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/out", "AssembleWith": "Line", "Accept": "application/jsonlines"},
        "TransformResources": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
    }  # fmt: skip
    retry = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 1, "MaxAttempts": 3}
    return [model, {"Name": "Backtest", "Type": "Transform", "Arguments": arguments | transform, "RetryPolicies": [retry]}]


def prepare(world: World, *records: Any, weights: str = "w") -> World:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("weights.txt")
        member.size = len(weights)
        archive.addfile(member, io.BytesIO(weights.encode()))
    world.client("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=buffer.getvalue())
    world.put("in/a/0.jsonl", "".join(f"{json.dumps(record)}\n" for record in records))
    return world


@pytest.fixture
def make(make_world: Callable[..., World], tmp_path: Path) -> Callable[..., World]:
    server = tmp_path / "server.py"
    server.write_text(SERVER)

    def made(*records: Any, weights: str = "w", **options: Any) -> World:
        commands = {"forecasting-deepar": lambda root: (sys.executable, str(server), str(root))}
        return prepare(make_world(serving_commands=commands, **options), *records, weights=weights)

    return made


def described(world: World, arn: str) -> dict[str, Any]:
    name = world.steps(arn)["Backtest"]["Metadata"]["TransformJob"]["Arn"].rsplit("/", 1)[1]
    answer: dict[str, Any] = world.client("sagemaker").describe_transform_job(TransformJobName=name)
    return answer


def test_each_line_is_one_request_and_answers_keep_the_order(make: Callable[..., World]) -> None:
    world = make(1, 2, 3)
    world.put("in/b.jsonl", '"last"')
    arn = world.run(steps())
    assert world.status(arn) == "Succeeded"
    assert world.keys("out/") == {"out/a/0.jsonl.out", "out/b.jsonl.out"}
    answers = [json.loads(line) for line in world.read("out/a/0.jsonl.out").splitlines()]
    assert [answer["record"] for answer in answers] == [1, 2, 3]
    assert {(answer["weights"], answer["config"], answer["type"]) for answer in answers} == {
        ("w", "samples", "application/jsonlines")
    }
    job = described(world, arn)
    assert (job["TransformJobStatus"], job["TransformOutput"]["S3OutputPath"]) == ("Completed", f"s3://{BUCKET}/out")
    assert job["TransformStartTime"] <= job["TransformEndTime"]
    listed = world.client("sagemaker").list_transform_jobs(StatusEquals="Completed")["TransformJobSummaries"]
    assert [item["TransformJobName"] for item in listed] == [job["TransformJobName"]]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("bad", "ClientError: ClientError: a/0.jsonl line 2: Bad HTTP status received from algorithm: 400"),
        ("fault", "ClientError: AlgorithmError: a/0.jsonl line 2: Bad HTTP status received from algorithm: 500"),
        ("crash", "ClientError: AlgorithmError: the model server does not answer"),
    ],
)
def test_a_record_that_the_model_cannot_answer_fails_the_job(make: Callable[..., World], record: str, reason: str) -> None:
    world = make(1, record, 3)
    arn = world.run(steps())
    step = world.steps(arn)["Backtest"]
    assert (world.status(arn), step["StepStatus"]) == ("Failed", "Failed")
    assert step["FailureReason"].startswith(reason)
    assert described(world, arn)["FailureReason"] == step["FailureReason"].removeprefix("ClientError: ")
    assert world.keys("out/") == set(), "a failed job leaves no output"


def test_a_server_that_does_not_start_gives_its_last_line_as_the_reason(make: Callable[..., World]) -> None:
    world = make(1, weights="broken")
    arn = world.run(steps())
    assert world.steps(arn)["Backtest"]["FailureReason"].endswith("the model server ended before it served: weights are broken")


def test_a_record_above_the_payload_limit_is_not_sent(make: Callable[..., World]) -> None:
    world = make("x" * 1024**2)
    arn = world.run(steps(MaxPayloadInMB=1))
    assert "Too much data for max payload size: a/0.jsonl line 1" in world.steps(arn)["Backtest"]["FailureReason"]


def test_an_empty_input_prefix_fails_the_job(make: Callable[..., World]) -> None:
    arn = (world := make(1)).run(steps("nothing/"))
    assert "No S3 objects found" in world.steps(arn)["Backtest"]["FailureReason"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"BatchStrategy": "MultiRecord"}, "BatchStrategy SingleRecord, not MultiRecord"),
        ({"DataProcessing": {"JoinSource": "Input"}}, "DataProcessing"),
    ],
)
def test_what_the_emulator_does_not_run_is_refused(make: Callable[..., World], changed: dict[str, Any], named: str) -> None:
    world = make(1)
    arn = world.run(steps(**changed))
    assert named in world.steps(arn)["Backtest"]["FailureReason"]


def test_an_internal_error_is_retried_with_a_new_job(make: Callable[..., World]) -> None:
    faults = JobFaults(lambda step, attempt: "SageMaker.JOB_INTERNAL_ERROR" if (step, attempt) == ("Backtest", 1) else None)
    world = make(1, job_faults=faults)
    arn = world.run(steps())
    assert (world.status(arn), world.steps(arn)["Backtest"]["AttemptCount"]) == ("Succeeded", 2)
    listed = world.client("sagemaker").list_transform_jobs()["TransformJobSummaries"]
    assert sorted(item["TransformJobStatus"] for item in listed) == ["Completed", "Failed"]


@pytest.mark.parametrize("by_job", [False, True])
def test_a_stop_ends_a_request_that_takes_long(make_world: Callable[..., World], tmp_path: Path, by_job: bool) -> None:
    waiting = threading.Event()

    def on_progress(event: object) -> None:
        if isinstance(event, LogLine) and event.line == "waiting":
            waiting.set()

    server = tmp_path / "server.py"
    server.write_text(SERVER)
    commands = {"forecasting-deepar": lambda root: (sys.executable, str(server), str(root))}
    world = prepare(make_world(on_progress, serving_commands=commands), "wait")
    world.pipeline(steps())
    arn = world.start()
    assert waiting.wait(WAIT)
    client = world.client("sagemaker")
    if by_job:
        client.stop_transform_job(TransformJobName=described(world, arn)["TransformJobName"])
    else:
        client.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="t" * 32)
    assert world.local.wait(arn, WAIT)
    assert world.status(arn) == ("Failed" if by_job else "Stopped")
    assert described(world, arn)["TransformJobStatus"] == "Stopped"
