"""The pack started as the engine does: by the path of its folder, from another folder, with gRPC on loopback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policies.exemption_report import NAME as EXEMPTION_POLICY
from policies.pack import CONTROLS, NAME
from tests.patience import PATIENCE_SECONDS
from tests.policies.cases import UNKNOWN

ROOT = Path(__file__).resolve().parents[2]
QUEUE = "aws:sqs/queue:Queue"


@pytest.fixture(scope="module")
def analyzer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(ROOT / "policies")]
    with subprocess.Popen(command, cwd=tmp_path_factory.mktemp("elsewhere"), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port.isdecimal(), "the pack did not start"
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.kill()


def _analyzed(analyzer: Any, kind: str, inputs: dict[str, Any], stack: str = "dev") -> dict[str, Any]:
    properties = struct_pb2.Struct()
    properties.update(inputs)
    urn = f"urn:pulumi:{stack}::model-training::{kind}::thing"
    request = analyzer_pb2.AnalyzeRequest(type=kind, urn=urn, name="thing", properties=properties)
    return {found.policyName: found for found in analyzer.Analyze(request, timeout=PATIENCE_SECONDS).diagnostics}


def test_the_pack_lists_its_controls(analyzer: Any) -> None:
    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty(), timeout=PATIENCE_SECONDS)
    assert info.name == NAME
    assert [policy.name for policy in info.policies] == [*(control.name for control in CONTROLS), EXEMPTION_POLICY]


def test_a_finding_has_a_message(analyzer: Any) -> None:
    found = _analyzed(analyzer, QUEUE, {"name": "q", "tags": {"note": "AKIAIOSFODNN7EXAMPLE"}})
    assert {"sqs-encrypted", "required-tags", "no-secrets"} == set(found)
    assert found["sqs-encrypted"].enforcementLevel == analyzer_pb2.MANDATORY
    assert "set kmsMasterKeyId" in found["sqs-encrypted"].message
    assert "AKIA" not in found["no-secrets"].message


def test_production_depends_on_the_name_of_the_stack(analyzer: Any) -> None:
    inputs = {"sqsManagedSseEnabled": True, "tags": {"project": "p", "stack": "s", "owner": "o"}}
    assert _analyzed(analyzer, QUEUE, inputs) == {}
    assert set(_analyzed(analyzer, QUEUE, inputs, stack="prod")) == {"kms-key-in-production"}


def test_an_unknown_value_is_reported_once(analyzer: Any) -> None:
    found = _analyzed(analyzer, "aws:iam/rolePolicy:RolePolicy", {"role": "r", "policy": UNKNOWN})
    assert set(found) == {"iam-readable"}
    assert found["iam-readable"].enforcementLevel == analyzer_pb2.ADVISORY
    assert "can't be known during preview" in found["iam-readable"].message


def test_a_whole_stack_is_analyzed(analyzer: Any) -> None:
    properties = struct_pb2.Struct()
    properties.update({"bucket": "models"})
    kind = "aws:s3/bucket:Bucket"
    name = "storage-models-bucket"
    urn = f"urn:pulumi:dev::model-training::{kind}::{name}"
    bucket = analyzer_pb2.AnalyzerResource(type=kind, urn=urn, name=name, properties=properties)
    response = analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=[bucket]), timeout=PATIENCE_SECONDS)
    missing = {found.policyName for found in response.diagnostics}
    assert {"s3-public-access-block-exists", "s3-policy-exists", "s3-logging-exists"} <= missing
    not_done = [found.message for found in response.diagnostics if found.policyName == EXEMPTION_POLICY]
    assert any("bucket replication: not done for aws:s3/bucket:Bucket (1). Reason: " in text for text in not_done)
    assert all(found.enforcementLevel == analyzer_pb2.ADVISORY for found in response.diagnostics if found.message in not_done)


@pytest.mark.parametrize("option", ["--nope", "-x", "--lst"])
def test_an_unknown_option_is_refused_and_does_not_start_the_engine_s_server(option: str) -> None:
    command = [sys.executable, "-m", "policies", option]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 1
    assert f"option is '{option}'; allowed: --list" in done.stderr
