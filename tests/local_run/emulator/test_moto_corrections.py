from __future__ import annotations

import socket
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local_run.emulator.server import HOST, Emulator
from tests.local_run.programs.small import REGION

TAGS = [{"Key": "project", "Value": "model-training"}, {"Key": "empty", "Value": ""}]


def test_a_model_package_group_is_deleted_unless_it_holds_packages(emulator: Emulator) -> None:
    sagemaker = emulator.client("sagemaker")
    for name in ("empty", "full"):
        sagemaker.create_model_package_group(ModelPackageGroupName=name)
    sagemaker.create_model_package(ModelPackageGroupName="full", ModelPackageDescription="one")
    sagemaker.delete_model_package_group(ModelPackageGroupName="empty")
    with pytest.raises(ClientError, match="holds 1 model packages"):
        sagemaker.delete_model_package_group(ModelPackageGroupName="full")
    left = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [group["ModelPackageGroupName"] for group in left] == ["full"]


def test_a_model_package_keeps_its_metadata_when_it_is_approved(emulator: Emulator) -> None:
    sagemaker = emulator.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="group")
    created = sagemaker.create_model_package(ModelPackageGroupName="group", CustomerMetadataProperties={"a": "1", "b": "2"})
    arn = created["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    sagemaker.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"b": "3"})
    sagemaker.update_model_package(ModelPackageArn=arn, CustomerMetadataPropertiesToRemove=["a"])
    assert sagemaker.describe_model_package(ModelPackageName=arn)["CustomerMetadataProperties"] == {"b": "3"}


@pytest.fixture
def control(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    """S3 Control, which is called at a name of the account's own, which the machine must know (docs/deploying.md)."""
    resolve, own = socket.getaddrinfo, f"{emulator.account_id}.localhost"

    def resolved(host: str, *rest: Any, **more: Any) -> Any:
        return resolve(HOST if host == own else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    values = emulator.environment("deployer")
    return boto3.client(
        "s3control",
        region_name=REGION,
        endpoint_url=values["AWS_ENDPOINT_URL"].replace(HOST, "localhost"),
        aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
    )


def test_bucket_tags_by_s3_control_as_the_provider_reads_them(emulator: Emulator, control: Any) -> None:
    where = {"LocationConstraint": REGION}
    emulator.client("s3").create_bucket(Bucket="tagged", CreateBucketConfiguration=where)
    emulator.client("s3").put_bucket_tagging(Bucket="tagged", Tagging={"TagSet": [{"Key": "stack", "Value": "dev"}]})
    named = {"AccountId": emulator.account_id, "ResourceArn": "arn:aws:s3:::tagged"}
    assert control.list_tags_for_resource(**named)["Tags"] == [{"Key": "stack", "Value": "dev"}]
    control.tag_resource(**named, Tags=[{"Key": "owner", "Value": "team"}])
    assert {tag["Key"] for tag in emulator.client("s3").get_bucket_tagging(Bucket="tagged")["TagSet"]} == {"stack", "owner"}


@pytest.mark.parametrize(("region", "where"), [(REGION, {"LocationConstraint": REGION}), ("us-east-1", {})])
@pytest.mark.parametrize("tags", [TAGS, TAGS[:1]])
def test_a_new_buckets_tags_are_kept(
    emulator: Emulator, control: Any, region: str, where: dict[str, str], tags: list[dict[str, str]]
) -> None:
    """The provider sends them in CreateBucket itself, and plans a change where it does not read them back."""
    s3 = emulator.client("s3", region=region)
    s3.create_bucket(Bucket="tagged", CreateBucketConfiguration={**where, "Tags": tags})
    assert s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == tags
    named = {"AccountId": emulator.account_id, "ResourceArn": "arn:aws:s3:::tagged"}
    assert control.list_tags_for_resource(**named)["Tags"] == tags


def test_a_refused_bucket_gets_no_tags(emulator: Emulator) -> None:
    s3, where = emulator.client("s3"), {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="tagged", CreateBucketConfiguration={**where, "Tags": TAGS})
    with pytest.raises(ClientError, match="BucketAlreadyOwnedByYou"):
        s3.create_bucket(Bucket="tagged", CreateBucketConfiguration={**where, "Tags": TAGS[:1]})
    assert s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == TAGS


def test_a_buckets_owner_pays_for_requests(emulator: Emulator) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="paid", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert s3.get_bucket_request_payment(Bucket="paid")["Payer"] == "BucketOwner"
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.get_bucket_request_payment(Bucket="absent")
    s3.put_object(Bucket="paid", Key="k", Body=b"1")
    assert [found["Key"] for found in s3.list_objects_v2(Bucket="paid")["Contents"]] == ["k"]


def test_a_bucket_is_emptied_after_its_versioning_was_suspended(emulator: Emulator) -> None:
    """The order in which a stack is destroyed: the setting goes before the bucket."""
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="full", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="full", VersioningConfiguration={"Status": "Enabled"})
    for key in ("deleted", "deleted", "kept"):
        s3.put_object(Bucket="full", Key=key, Body=b"1")
    s3.delete_object(Bucket="full", Key="deleted")
    s3.put_bucket_versioning(Bucket="full", VersioningConfiguration={"Status": "Suspended"})
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        s3.delete_bucket(Bucket="full")
    found = s3.list_object_versions(Bucket="full")
    versions = [{key: item[key] for key in ("Key", "VersionId")} for item in found["Versions"] + found["DeleteMarkers"]]
    assert len(versions) == 4
    assert "Errors" not in s3.delete_objects(Bucket="full", Delete={"Objects": versions})
    s3.delete_bucket(Bucket="full")
    assert s3.list_buckets()["Buckets"] == []


def test_a_log_group_takes_another_key_and_none(emulator: Emulator) -> None:
    logs = emulator.client("logs")
    logs.create_log_group(logGroupName="g")

    def key() -> str | None:
        return logs.describe_log_groups(logGroupNamePrefix="g")["logGroups"][0].get("kmsKeyId")

    logs.associate_kms_key(logGroupName="g", kmsKeyId="arn:aws:kms:eu-central-1:123456789012:key/1")
    assert key() == "arn:aws:kms:eu-central-1:123456789012:key/1"
    logs.disassociate_kms_key(logGroupName="g")
    assert key() is None
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.associate_kms_key(logGroupName="absent", kmsKeyId="k")


def test_a_table_takes_another_key_and_none(emulator: Emulator) -> None:
    dynamodb, key = emulator.client("dynamodb"), "arn:aws:kms:eu-central-1:123456789012:key/1"
    dynamodb.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
    )

    def encryption(**wanted: Any) -> dict[str, Any]:
        dynamodb.update_table(TableName="t", SSESpecification=wanted)
        return dict(dynamodb.describe_table(TableName="t")["Table"].get("SSEDescription", {}))

    assert encryption(Enabled=True, SSEType="KMS", KMSMasterKeyId=key)["KMSMasterKeyArn"] == key
    default = encryption(Enabled=True)
    assert default["Status"] == "ENABLED"
    assert default["KMSMasterKeyArn"] != key
    assert encryption(Enabled=False) == {}
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        dynamodb.update_table(TableName="absent", SSESpecification={"Enabled": True})


def test_a_queue_under_a_key_has_no_encryption_of_its_own(emulator: Emulator) -> None:
    sqs = emulator.client("sqs")

    def encryption(url: str) -> dict[str, str]:
        names = ["SqsManagedSseEnabled", "KmsMasterKeyId"]
        return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"])

    url = sqs.create_queue(QueueName="keyed", Attributes={"KmsMasterKeyId": "alias/own"})["QueueUrl"]
    assert encryption(url) == {"SqsManagedSseEnabled": "false", "KmsMasterKeyId": "alias/own"}
    assert encryption(sqs.create_queue(QueueName="plain")["QueueUrl"]) == {"SqsManagedSseEnabled": "true"}


@pytest.mark.parametrize(
    ("protocol", "endpoint"), [("email", "team@example.org"), ("sqs", "arn:aws:sqs:eu-central-1:123456789012:q")]
)
def test_an_address_has_to_confirm_its_subscription(emulator: Emulator, protocol: str, endpoint: str) -> None:
    sns = emulator.client("sns")
    topic, pending = sns.create_topic(Name="alarms")["TopicArn"], protocol == "email"
    subscription = sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, ReturnSubscriptionArn=True)
    found = sns.get_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"])["Attributes"]
    assert found["PendingConfirmation"] == str(pending).lower()
    assert found["ConfirmationWasAuthenticated"] == str(not pending).lower()


def test_what_moto_does_not_have_is_said_to_be_missing(emulator: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    """Not as an error of the server's, which clients call on and on for minutes."""
    calls = {
        "dynamodb": ("describe_contributor_insights", {"TableName": "t"}),
        "iam": ("get_context_keys_for_custom_policy", {"PolicyInputList": ["{}"]}),
    }
    for service, (operation, arguments) in calls.items():
        with pytest.raises(ClientError, match=f"{operation} action has not been implemented") as raised:
            getattr(emulator.client(service), operation)(**arguments)
        metadata = raised.value.response["ResponseMetadata"]
        assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (501, 0)
        assert raised.value.response["Error"]["Code"] == "NotImplemented"
    assert "Traceback" not in capfd.readouterr().err
