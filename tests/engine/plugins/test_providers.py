"""The providers answer the engine as the real ones do: what those refuse, they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from emulated.docker import DockerProvider
from emulated.service import Provider, RefusedError, explained
from emulated.wire import UNKNOWN, plain_map, struct
from moto import mock_aws
from pulumi.runtime.proto import provider_pb2

TABLE, IMAGE, PIPELINE = "aws:dynamodb/table:Table", "docker:index/image:Image", "aws:sagemaker/pipeline:Pipeline"
REGION = "eu-central-1"
HOST = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
TABLE_INPUTS = {
    "name": "t",
    "hashKey": "Id",
    "attributes": [{"name": "Id", "type": "S"}],
    "billingMode": "PAY_PER_REQUEST",
}


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def aws() -> Provider:
    return Provider("aws", "1.0.0")


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DockerProvider:
    monkeypatch.chdir(tmp_path)
    Path("context").mkdir()
    Path("context/Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    created = {"name": "images", "imageTagMutability": "IMMUTABLE"}
    Provider("aws", "1.0.0").Create(_request("Create", "aws:ecr/repository:Repository", properties=created), None)
    return DockerProvider("docker", "1.0.0")


def test_an_immutable_tag_takes_no_second_push(docker: DockerProvider) -> None:
    _push(docker)
    with pytest.raises(Exception, match="already exists"):
        _push(docker)


def test_what_the_registry_has_need_not_be_pushed(docker: DockerProvider) -> None:
    pushed = _push(docker)
    assert _push(docker, skipPush=True) == pushed


def test_an_image_that_was_never_pushed_cannot_be_left_out(docker: DockerProvider) -> None:
    with pytest.raises(RefusedError, match="the registry does not have it"):
        _push(docker, skipPush=True)


def test_the_context_counts_by_content_and_mode(docker: DockerProvider) -> None:
    first = _checked(docker)["build"]["contextDigest"]
    assert _checked(docker)["build"]["contextDigest"] == first
    Path("context/Dockerfile").chmod(0o600)
    second = _checked(docker)["build"]["contextDigest"]
    Path("context/Dockerfile").write_text("FROM other\n", encoding="utf-8")
    assert len({first, second, _checked(docker)["build"]["contextDigest"]}) == 3


def test_other_credentials_are_no_other_image(docker: DockerProvider) -> None:
    old, new = ({**_image(), "registry": {"server": HOST, "password": word}} for word in ("a", "b"))
    answer = docker.Diff(_request("Diff", IMAGE, old_inputs=old, news=new), None)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_an_unknown_type_is_named(aws: Provider) -> None:
    with pytest.raises(Exception) as refused:
        aws.Create(_request("Create", "aws:ec2/instance:Instance"), None)
    assert "aws:ec2/instance:Instance" in explained(refused.value)


def test_a_name_once_made_up_is_kept(aws: Provider) -> None:
    def name(seed: bytes, **olds: Any) -> str:
        message = _request("Check", TABLE, news={"hashKey": "Id"}, olds=olds)
        message.randomSeed = seed
        return str(plain_map(aws.Check(message, None).inputs)["name"])

    first = name(b"a")
    assert first.startswith("example-") and name(b"b") != first
    assert name(b"b", name=first) == first


def test_a_table_of_the_same_name_is_deleted_before_it_is_replaced(aws: Provider) -> None:
    answer = aws.Diff(_request("Diff", TABLE, old_inputs=TABLE_INPUTS, news={**TABLE_INPUTS, "hashKey": "Key"}), None)
    assert list(answer.replaces) == ["hashKey"] and answer.deleteBeforeReplace


def test_a_plan_keeps_what_an_update_leaves_alone(aws: Provider) -> None:
    made = aws.Create(_request("Create", TABLE, properties=TABLE_INPUTS), None)
    message = _request("Update", TABLE, olds=plain_map(made.properties), news={**TABLE_INPUTS, "tags": {"a": "b"}})
    message.preview = True
    planned = plain_map(aws.Update(message, None).properties)
    assert planned["arn"] == plain_map(made.properties)["arn"] and planned["tags"] == {"a": "b"}


def test_a_plan_of_something_new_knows_its_inputs_alone(aws: Provider) -> None:
    message = _request("Create", TABLE, properties=TABLE_INPUTS)
    message.preview = True
    planned = aws.Create(message, None)
    assert planned.id == "" and plain_map(planned.properties) == TABLE_INPUTS


def test_nothing_is_made_of_what_is_unknown(aws: Provider) -> None:
    with pytest.raises(RefusedError, match="unknown outside a preview: name"):
        aws.Create(_request("Create", TABLE, properties={**TABLE_INPUTS, "name": UNKNOWN}), None)


def test_what_is_gone_leaves_the_state_and_cannot_be_adopted(aws: Provider) -> None:
    message = _request("Read", TABLE, properties=TABLE_INPUTS, inputs=TABLE_INPUTS)
    message.id = "t"
    assert aws.Read(message, None).id == ""
    aws.Create(_request("Create", TABLE, properties=TABLE_INPUTS), None)
    assert aws.Read(message, None).id == "t"
    nowhere = _request("Read", TABLE)
    nowhere.id = "other"
    with pytest.raises(RefusedError, match="does not exist"):
        aws.Read(nowhere, None)


def _request(method: str, type_: str, **maps: dict[str, Any]) -> Any:
    message = getattr(provider_pb2, f"{method}Request")(urn=f"urn:pulumi:s::p::{type_}::example", name="example", type=type_)
    for field, values in maps.items():
        getattr(message, field).CopyFrom(struct(values))
    return message


def _image(**others: Any) -> dict[str, Any]:
    return {"imageName": f"{HOST}/images:one", "build": {"context": "context"}, **others}


def _checked(docker: DockerProvider, **others: Any) -> dict[str, Any]:
    return plain_map(docker.Check(_request("Check", IMAGE, news=_image(**others)), None).inputs)


def _push(docker: DockerProvider, **others: Any) -> str:
    made = docker.Create(_request("Create", IMAGE, properties=_checked(docker, **others)), None)
    return str(plain_map(made.properties)["repoDigest"])
