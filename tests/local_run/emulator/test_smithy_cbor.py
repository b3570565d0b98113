from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import cbor2
import pytest
from botocore.exceptions import ClientError

from local_run.emulator.server import HOST, Emulator
from local_run.emulator.smithy_cbor import CONTENT_TYPE, PROTOCOL
from tests.local_run.programs.small import REGION
from tests.patience import PATIENCE_SECONDS

Cbor = Callable[[str], Any]
ALARM = {
    "AlarmName": "late",
    "AlarmDescription": "naïve",
    "ActionsEnabled": True,
    "ComparisonOperator": "LessThanThreshold",
    "EvaluationPeriods": 3,
    "Threshold": 1.5,
    "MetricName": "Invocations",
    "Namespace": "AWS/Lambda",
    "Dimensions": [{"Name": "FunctionName", "Value": "reconcile"}],
    "Period": 900,
    "Statistic": "Sum",
    "TreatMissingData": "breaching",
    "AlarmActions": ["arn:aws:sns:eu-central-1:123456789012:alarms"],
}
ARN = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:late"


@pytest.fixture
def cbor(emulator: Emulator) -> Iterator[Cbor]:
    """Makes clients that have no other protocol, as the SDK for Go's; every answer must have come by it."""
    session = botocore.session.Session()
    loader = session.get_component("data_loader")
    load, seen = loader.load_service_model, []

    def forced(*asked: Any, **more: Any) -> Any:
        model = deepcopy(load(*asked, **more))
        if "metadata" in model:
            model["metadata"] |= {"protocol": "smithy-rpc-v2-cbor", "protocols": ["smithy-rpc-v2-cbor"]}
        return model

    def client(service: str) -> Any:
        values = emulator.environment("deployer")
        made = session.create_client(
            service,
            region_name=REGION,
            endpoint_url=emulator.endpoint,
            aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
        )
        made.meta.events.register("response-received", lambda response_dict, **_: seen.append(response_dict["headers"]))
        return made

    loader.load_service_model = forced
    yield client
    assert seen
    assert {(headers["Smithy-Protocol"], headers["Content-Type"]) for headers in seen} == {(PROTOCOL, CONTENT_TYPE)}


def test_an_alarm_is_made_read_tagged_and_deleted(cbor: Cbor, emulator: Emulator) -> None:
    cloudwatch = cbor("cloudwatch")
    cloudwatch.put_metric_alarm(**ALARM, Tags=[{"Key": "stack", "Value": "dev"}])
    [alarm] = cloudwatch.describe_alarms(AlarmNames=["late"], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
    assert {key: alarm[key] for key in ALARM} == ALARM
    assert isinstance(alarm["Threshold"], float)
    assert abs(alarm["AlarmConfigurationUpdatedTimestamp"] - datetime.now(UTC)) < timedelta(minutes=1)
    assert cloudwatch.list_tags_for_resource(ResourceARN=ARN)["Tags"] == [{"Key": "stack", "Value": "dev"}]
    cloudwatch.tag_resource(ResourceARN=ARN, Tags=[{"Key": "owner", "Value": "team"}])
    by_json = emulator.client("cloudwatch").list_tags_for_resource(ResourceARN=ARN)["Tags"]
    assert {tag["Key"] for tag in by_json} == {"stack", "owner"}
    cloudwatch.delete_alarms(AlarmNames=["late"])
    assert cloudwatch.describe_alarms(AlarmNames=["late"])["MetricAlarms"] == []


def test_times_go_both_ways(cbor: Cbor) -> None:
    cloudwatch, at = cbor("cloudwatch"), datetime.now(UTC).replace(second=0, microsecond=0)
    cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Timestamp": at, "Value": 2.0}])
    during = {"StartTime": at - timedelta(minutes=5), "EndTime": at + timedelta(minutes=5)}
    found = cloudwatch.get_metric_statistics(Namespace="n", MetricName="m", Period=60, Statistics=["Sum"], **during)
    assert [(point["Timestamp"], point["Sum"]) for point in found["Datapoints"]] == [(at, 2.0)]


def test_an_error_keeps_its_code_status_and_message(cbor: Cbor, emulator: Emulator) -> None:
    for client in (cbor("cloudwatch"), emulator.client("cloudwatch")):
        with pytest.raises(ClientError) as raised:
            client.set_alarm_state(AlarmName="absent", StateValue="OK", StateReason="r")
        answer = raised.value.response
        assert answer["Error"]["Code"] == "ResourceNotFound"
        assert answer["Error"]["Message"]
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_bytes_go_both_ways_whatever_the_service(cbor: Cbor) -> None:
    kms = cbor("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secret = kms.encrypt(KeyId=key, Plaintext=b"\x00\xff")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=secret)["Plaintext"] == b"\x00\xff"


def test_maps_and_shapes_that_hold_themselves(cbor: Cbor) -> None:
    dynamodb = cbor("dynamodb")
    dynamodb.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
    )
    item = {"Id": {"S": "a"}, "Held": {"M": {"list": {"L": [{"N": "1"}, {"BOOL": False}, {"NULL": True}]}}}}
    dynamodb.put_item(TableName="t", Item=item)
    assert dynamodb.get_item(TableName="t", Key={"Id": {"S": "a"}})["Item"] == item
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.put_item(TableName="t", Item=item, ConditionExpression="attribute_not_exists(Id)")


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/service/GraniteServiceVersion20100801/operation/MakeCoffee", "monitoring"),
        ("/service/AWSSecurityTokenServiceV20110615/operation/GetCallerIdentity", "sts"),
        ("/service/GraniteServiceVersion20100801/operation/DescribeAlarms", "kms"),
        ("/service/Absent/operation/DescribeAlarms", "no-such-service"),
        ("/", "monitoring"),
    ],
)
def test_what_is_no_operation_is_refused_in_the_same_protocol(emulator: Emulator, path: str, scope: str) -> None:
    status, answer = _post(emulator, path, scope, b"\xa0")
    assert (status, answer["__type"]) == (404, "UnknownOperationException")
    assert path in answer["message"]


@pytest.mark.parametrize("body", [b"{}", b"\xbf", b"\x80", cbor2.dumps({"a": cbor2.undefined})])
def test_a_body_that_is_no_request_is_refused(emulator: Emulator, body: bytes) -> None:
    path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms"
    status, answer = _post(emulator, path, "monitoring", body)
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_a_request_without_a_body_is_an_empty_one(emulator: Emulator) -> None:
    path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms"
    assert _post(emulator, path, "monitoring", b"") == (200, {"MetricAlarms": [], "CompositeAlarms": []})


def _post(emulator: Emulator, path: str, scope: str, body: bytes) -> tuple[int, Any]:
    credential = f"Credential=test/20260101/{REGION}/{scope}/aws4_request"
    headers = {
        "Smithy-Protocol": PROTOCOL,
        "Content-Type": CONTENT_TYPE,
        "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
    }
    connection = http.client.HTTPConnection(HOST, emulator.port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, cbor2.loads(answer.read())
    finally:
        connection.close()
