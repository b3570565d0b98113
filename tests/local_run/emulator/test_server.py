from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from contracts.problems import ProblemsError
from local_run.emulator.actors import access_key, actor_of
from local_run.emulator.server import ACCOUNT_ID, Emulator
from tests.patience import PATIENCE_SECONDS

REGION = "eu-central-1"


def test_a_taken_port_is_one_clear_problem() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        with pytest.raises(ProblemsError) as raised, Emulator(port=port):
            pass
    assert len(raised.value.problems) == 1
    assert raised.value.problems[0].where == "port"
    assert raised.value.problems[0].value == port


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_cannot_be_is_one_clear_problem(port: int) -> None:
    with pytest.raises(ProblemsError, match="port"), Emulator(port=port):
        pass


def test_a_failed_start_does_not_stand_in_the_way_of_the_next() -> None:
    with pytest.raises(ProblemsError), Emulator(port=-1):
        pass
    with Emulator() as emulator:
        assert emulator.client("s3").list_buckets()["Buckets"] == []


def test_a_second_emulator_in_the_process_is_refused_and_harms_nothing() -> None:
    with Emulator() as first:
        first.client("sqs").create_queue(QueueName="kept")
        second = Emulator()
        with pytest.raises(ProblemsError, match="one emulator per process"), second:
            pass
        second.close()
        assert "kept" in first.client("sqs").get_queue_url(QueueName="kept")["QueueUrl"]


def test_listens_on_loopback_alone(emulator: Emulator) -> None:
    assert emulator.endpoint == f"http://127.0.0.1:{emulator.port}"
    listening = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        address, port = local.split(":")
        if state == "0A" and int(port, 16) == emulator.port:
            listening.append(address)
    assert listening == ["0100007F"]


def test_state_is_gone_after_leaving_and_after_reset() -> None:
    with Emulator() as emulator:
        emulator.client("sqs").create_queue(QueueName="a")
        emulator.reset()
        assert "QueueUrls" not in emulator.client("sqs").list_queues()
        emulator.client("sqs").create_queue(QueueName="b")
        port = emulator.port
    with Emulator() as again:
        assert "QueueUrls" not in again.client("sqs").list_queues()
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        pass


def test_port_can_be_taken_again_at_once() -> None:
    with Emulator() as first:
        port = first.port
        first.client("s3").list_buckets()
    with Emulator(port=port) as second:
        assert second.port == port


def test_identity(emulator: Emulator) -> None:
    assert emulator.client("sts").get_caller_identity()["Account"] == ACCOUNT_ID == emulator.account_id


@pytest.mark.parametrize("actor", ["deployer", "processing", "handler-execution-events", "a1"])
def test_an_access_key_tells_its_actor(actor: str) -> None:
    assert actor_of(access_key(actor)) == actor


@pytest.mark.parametrize("actor", ["", "Deployer", "a_b", "a--b", "-a", "a\n"])
def test_other_actors_are_refused(actor: str) -> None:
    with pytest.raises(ValueError, match="actor"):
        access_key(actor)


@pytest.mark.parametrize("key", ["", "AKIAIOSFODNN7EXAMPLE", "AKIALOCAL", "AKIALOCAL__"])
def test_foreign_access_keys_are_nobodys(key: str) -> None:
    assert actor_of(key) is None


def test_actors_have_different_keys_in_what_reaches_the_server() -> None:
    seen: list[str | None] = []

    def middleware(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        def recording(environ: dict[str, str], start_response: object) -> Iterable[bytes]:
            authorization = environ.get("HTTP_AUTHORIZATION", "")
            if authorization:
                seen.append(actor_of(authorization.split("Credential=")[1].split("/")[0]))
            return application(environ, start_response)

        return recording

    with Emulator(middleware=middleware) as emulator:
        emulator.client("sqs", "processing").list_queues()
        emulator.client("sqs", "runs").list_queues()
    assert seen == ["processing", "runs"]


def test_a_child_process_reaches_the_emulator_whatever_it_would_inherit(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_PROFILE": "absent",
        "AWS_SESSION_TOKEN": "inherited",
        "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    emulator.client("sqs").create_queue(QueueName="seen")
    code = "import boto3, json; print(json.dumps(boto3.client('sqs').list_queues()['QueueUrls']))"
    environment = emulator.process_environment("processing")
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, timeout=PATIENCE_SECONDS, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0].endswith("/seen")
    assert environment["PATH"] == os.environ["PATH"]
    assert "AWS_SESSION_TOKEN" not in environment


def test_own_clients_ignore_the_developers_profile_and_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "absent")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with Emulator() as emulator:
        assert emulator.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_ambient_environment_comes_back(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    before = dict(os.environ)
    with emulator.ambient("runs"):
        assert os.environ["AWS_ENDPOINT_URL"] == emulator.endpoint
        assert "AWS_PROFILE" not in os.environ
    assert dict(os.environ) == before


def test_objects_under_a_tls_only_policy_can_be_read(emulator: Emulator) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="tls-only", CreateBucketConfiguration={"LocationConstraint": REGION})
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_object(Bucket="tls-only", Key="a", Body=b"1")
    assert s3.head_object(Bucket="tls-only", Key="a")["ContentLength"] == 1
    assert s3.get_object(Bucket="tls-only", Key="a")["Body"].read() == b"1"
    assert "Errors" not in s3.delete_objects(Bucket="tls-only", Delete={"Objects": [{"Key": "a"}]})
    del statement["Condition"]
    s3.put_object(Bucket="tls-only", Key="b", Body=b"1")
    s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    with pytest.raises(ClientError, match="403"):
        s3.head_object(Bucket="tls-only", Key="b")


def test_requests_leave_no_trace_in_the_output(emulator: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ClientError):
        emulator.client("sqs").get_queue_url(QueueName="absent")
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


FIRST_REQUESTS = """
from local_run.emulator.server import Emulator
from local_run.emulator.moto_server import moto_application
from moto.core import routing

def made():
    return set(moto_application().app_instances), routing.get_service_router.cache_info().misses, len(maps)

maps, make_map = [], routing._create_map
routing._create_map = lambda rules: (maps.append(rules), make_map(rules))[1]
with Emulator() as emulator:
    before = made()
    for service, operation in {
        "cloudwatch": "describe_alarms", "dynamodb": "list_tables", "ecr": "describe_repositories", "events": "list_rules",
        "iam": "list_roles", "kms": "list_keys", "lambda": "list_functions", "logs": "describe_log_groups",
        "s3": "list_buckets", "sagemaker": "list_pipelines", "scheduler": "list_schedules", "sns": "list_topics",
        "sqs": "list_queues", "sts": "get_caller_identity",
    }.items():
        getattr(emulator.client(service), operation)()
    assert before[2] >= 2, before
    assert made() == before, (before, made())
"""


def test_routes_are_made_before_the_first_requests_come_at_once() -> None:
    """Made in the threads of the requests, they met CPython's "AST constructor recursion depth mismatch"."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", FIRST_REQUESTS], cwd=root, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stderr
