from __future__ import annotations

import io
import re
import socket
from pathlib import Path
from typing import Any

import boto3
import pytest
from rich.console import Console

from local_run.emulator.server import HOST, Emulator
from local_run.second_terminal import is_this_machine, print_exports, print_for_pulumi
from tests.local_run.programs.small import REGION

NAMED = "123456789012.localhost"
HOSTS = f"echo '127.0.0.1 {NAMED}' | sudo tee -a /etc/hosts"


@pytest.fixture(params=[None, "192.0.2.1", HOST])
def address(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Where the account's name leads to on this machine; to nowhere at first."""
    resolve, address = socket.getaddrinfo, request.param

    def resolved(host: str, *rest: Any, **more: Any) -> Any:
        if host == NAMED and address is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(address if host == NAMED else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    return address


def _printed(emulator: Emulator) -> list[str]:
    console = Console(file=io.StringIO(), width=80)
    print_for_pulumi(console, emulator, "local")
    return [line for line in console.file.getvalue().splitlines() if line]


def test_pulumi_gets_all_it_needs_and_the_hosts_line_where_it_is_missing(emulator: Emulator, address: str | None) -> None:
    assert is_this_machine(NAMED) == (address == HOST)
    lines = _printed(emulator)
    assert (HOSTS in lines) == (address != HOST)
    assert lines[-4:] == [
        "pulumi stack select --create local",
        "pulumi config set -s local aws:s3UsePathStyle true",
        "pulumi config set -s local aws:skipMetadataApiCheck true",
        "pulumi up -s local",
    ]


@pytest.mark.parametrize("address", [HOST], indirect=True)
@pytest.mark.usefixtures("address")
def test_the_printed_exports_reach_buckets_and_their_tags(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    [exported] = [line for line in _printed(emulator) if line.startswith("export ")]
    for variable in exported.split()[1:]:
        monkeypatch.setenv(*variable.split("=", 1))
    where = {"LocationConstraint": REGION, "Tags": [{"Key": "stack", "Value": "local"}]}
    boto3.Session().client("s3").create_bucket(Bucket="tagged", CreateBucketConfiguration=where)
    named = {"AccountId": emulator.account_id, "ResourceArn": "arn:aws:s3:::tagged"}
    assert boto3.Session().client("s3control").list_tags_for_resource(**named)["Tags"] == where["Tags"]


def test_the_document_says_the_same(emulator: Emulator) -> None:
    document = (Path(__file__).parents[2] / "docs" / "deploying.md").read_text()
    for line in _printed(emulator)[-4:]:
        assert f"\n{line}\n" in document
    assert re.search(r"\n# .*: export AWS_ENDPOINT_URL=http://localhost:5000 ", document), "its keys are new each time"
    assert HOSTS in document


def test_exports_are_one_line_whatever_the_width() -> None:
    console = Console(file=io.StringIO(), width=30)
    print_exports(console, {"A": "a" * 30, "B": "b"}, "python -m runs start demo --id one")
    assert console.file.getvalue().splitlines()[2:4] == [f"export A={'a' * 30} B=b", "python -m runs start demo --id one"]
