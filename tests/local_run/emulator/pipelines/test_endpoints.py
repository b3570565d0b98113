"""Endpoints: each model is served by a process of its own, from the first request until the endpoint is deleted."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_run.emulator.pipelines.support import BUCKET, DEEPAR_IMAGE, REGION, ROLE, World
from tests.patience import wait_until

#: A model server that answers with the request, its weights and its process; some requests make it fail.
SERVER = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
weights = (Path(sys.argv[1]) / "opt/ml/model/weights.txt").read_text()
if weights == "broken":
    sys.exit("weights are broken")
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if request == "crash":
            os._exit(1)
        found = {name: self.headers[name] for name in ("Content-Type", "Accept")}
        body = json.dumps({"request": request, "weights": weights, "pid": os.getpid(), **found}).encode()
        self.send_response(400 if request == "bad" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = HTTPServer(("127.0.0.1", 0), Handler)
print(f"serving on 127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""


@pytest.fixture
def serving(make_world: Callable[..., World], tmp_path: Path) -> World:
    server = tmp_path / "server.py"
    server.write_text(SERVER)
    return make_world(serving_commands={"forecasting-deepar": lambda root: (sys.executable, str(server), str(root))})


def artefact(world: World, weights: str) -> str:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("weights.txt")
        member.size = len(weights)
        archive.addfile(member, io.BytesIO(weights.encode()))
    world.client("s3").put_object(Bucket=BUCKET, Key=f"{weights}.tar.gz", Body=buffer.getvalue())
    return f"s3://{BUCKET}/{weights}.tar.gz"


def package(world: World, weights: str, approval: str = "Approved") -> str:
    client = world.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName="group")
    container = {"Image": DEEPAR_IMAGE, "ModelDataUrl": artefact(world, weights)}
    types = {"SupportedContentTypes": ["application/json"], "SupportedResponseMIMETypes": ["application/json"]}
    created = client.create_model_package(
        ModelPackageGroupName="group",
        InferenceSpecification={"Containers": [container], **types},
        ModelApprovalStatus=approval,
    )
    return str(created["ModelPackageArn"])


def endpoint(world: World, name: str, **container: str) -> str:
    client = world.client("sagemaker")
    client.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "v", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return name


def ask(world: World, name: str, request: Any) -> dict[str, Any]:
    answer = world.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, ContentType="application/json", Accept="application/json", Body=json.dumps(request)
    )
    assert answer["ContentType"] == "application/json"
    found: dict[str, Any] = json.loads(answer["Body"].read())
    return found


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_an_endpoint_is_in_service_and_answers_with_the_model_of_its_package(serving: World) -> None:
    name = endpoint(serving, "e", ModelPackageName=package(serving, "w"))
    assert serving.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"
    found = ask(serving, name, {"a": 1})
    assert (found["request"], found["weights"], found["Content-Type"], found["Accept"]) == (
        {"a": 1}, "w", "application/json", "application/json",
    )  # fmt: skip
    assert ask(serving, name, 2)["pid"] == found["pid"]
    container = serving.client("sagemaker").describe_model(ModelName=name)["PrimaryContainer"]
    assert container["ModelDataUrl"] == f"s3://{BUCKET}/w.tar.gz"


def test_endpoints_have_a_process_each_which_ends_with_the_endpoint(serving: World) -> None:
    first = endpoint(serving, "first", Image=DEEPAR_IMAGE, ModelDataUrl=artefact(serving, "one"))
    second = endpoint(serving, "second", Image=DEEPAR_IMAGE, ModelDataUrl=artefact(serving, "two"))
    found = [ask(serving, name, 0) for name in (first, second)]
    assert [answer["weights"] for answer in found] == ["one", "two"]
    serving.client("sagemaker").delete_endpoint(EndpointName=first)
    wait_until(lambda: not is_running(found[0]["pid"]), "the server of a deleted endpoint runs")
    with pytest.raises(ClientError, match=r"ValidationError.*InvokeEndpoint.*Could not find endpoint"):
        ask(serving, first, 0)
    assert ask(serving, second, 0)["pid"] == found[1]["pid"]
    serving.local.close()
    wait_until(lambda: not is_running(found[1]["pid"]), "a server runs on without its emulator")


def test_a_server_that_crashed_is_started_again(serving: World) -> None:
    name = endpoint(serving, "e", Image=DEEPAR_IMAGE, ModelDataUrl=artefact(serving, "w"))
    crashed = ask(serving, name, 0)["pid"]
    with pytest.raises(ClientError, match=r"ModelError.*does not answer"):
        ask(serving, name, "crash")
    assert ask(serving, name, 1)["pid"] != crashed


def test_a_request_that_the_model_refuses_is_a_model_error(serving: World) -> None:
    name = endpoint(serving, "e", Image=DEEPAR_IMAGE, ModelDataUrl=artefact(serving, "w"))
    with pytest.raises(ClientError) as caught:
        ask(serving, name, "bad")
    assert caught.value.response["OriginalStatusCode"] == 400
    assert "Received error (400) from model" in str(caught.value)


@pytest.mark.parametrize(
    ("image", "weights", "message"),
    [(DEEPAR_IMAGE, "broken", "weights are broken"), ("elsewhere/other:1", "w", "no stand-in for the image")],
)
def test_a_model_that_cannot_be_served_is_a_model_error(serving: World, image: str, weights: str, message: str) -> None:
    name = endpoint(serving, "e", Image=image, ModelDataUrl=artefact(serving, weights))
    with pytest.raises(ClientError, match=f"ModelError.*{message}"):
        ask(serving, name, 1)


@pytest.mark.parametrize("approval", ["PendingManualApproval", "Rejected"])
def test_a_model_package_that_is_not_approved_makes_no_model(serving: World, approval: str) -> None:
    with pytest.raises(ClientError, match=f"is not approved; its ModelApprovalStatus is {approval}"):
        endpoint(serving, "e", ModelPackageName=package(serving, "w", approval))
    assert serving.client("sagemaker").list_models()["Models"] == []


def test_the_log_is_where_sagemaker_keeps_it(serving: World) -> None:
    name = endpoint(serving, "e", Image=DEEPAR_IMAGE, ModelDataUrl=artefact(serving, "w"))
    ask(serving, name, 1)
    serving.client("sagemaker").delete_endpoint(EndpointName=name)
    logs = serving.emulator.client("logs", region=REGION)
    (stream,) = logs.describe_log_streams(logGroupName=f"/aws/sagemaker/Endpoints/{name}")["logStreams"]
    events = logs.get_log_events(logGroupName=f"/aws/sagemaker/Endpoints/{name}", logStreamName=stream["logStreamName"])
    assert [event["message"][:10] for event in events["events"]] == ["serving on"]
