"""Corrections of moto 5, for operations that it lacks or implements differently from AWS.

- Bucket policies: see :mod:`local_run.emulator.bucket_policies`.
- DynamoDB, whose transactions put back a copy of all tables when they fail, and with it lose what others wrote meanwhile: one
  call at a time.
- SageMaker's DeleteModelPackageGroup, which moto does not have. As on AWS, a group that holds model packages stays.
- SageMaker's UpdateModelPackage, with which moto loses the metadata that the request does not repeat.
- Tags in CreateBucket, which moto drops and the provider sends there; who pays for a bucket's requests.
- Delete markers, at which moto fails where a bucket whose versioning was suspended is emptied.
- A queue under a key of KMS, which has no encryption of SQS's own besides; an e-mail address, which has to confirm.
- Another key for a table and for a log group, which moto ignores and does not know.

What SageMaker pipelines need beyond this is in :mod:`local_run.emulator.pipelines`.
"""

from __future__ import annotations

import threading
from typing import Any

import xmltodict
from moto.core.responses import ActionResult, EmptyResult
from moto.dynamodb.responses import DynamoHandler
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.responses import LogsResponse
from moto.s3.models import FakeBucket, FakeDeleteMarker
from moto.s3.responses import S3Response
from moto.sagemaker.exceptions import ConflictException
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse
from moto.sns.models import SNSBackend
from moto.sqs.models import Queue

from local_run.emulator.bucket_policies import bucket_permission

_dynamodb = threading.Lock()
_call_dynamodb = DynamoHandler.call_action
_update_table = DynamoHandler.update_table
_update_package = SageMakerModelBackend.update_model_package
_put_bucket = S3Response._bucket_response_put
_get_bucket = S3Response._bucket_response_get
_queue_attributes = Queue.attributes.fget
_subscribe = SNSBackend.subscribe


def correct_moto() -> None:
    """Apply all corrections. Repeated calls have no further effect."""
    FakeBucket.get_permission = bucket_permission
    DynamoHandler.call_action = _one_at_a_time
    DynamoHandler.update_table = _update_table_and_encryption
    SageMakerResponse.delete_model_package_group = _delete_model_package_group
    SageMakerModelBackend.update_model_package = _update_model_package
    S3Response._bucket_response_put = _put_bucket_and_tags
    S3Response._bucket_response_get = _get_bucket_or_payer
    FakeDeleteMarker.dispose = _nothing_to_dispose
    LogsResponse.associate_kms_key = LogsResponse.disassociate_kms_key = _key_of_log_group
    Queue.attributes = property(_one_encryption)
    SNSBackend.subscribe = _subscribe_pending


def _one_at_a_time(handler: Any) -> Any:
    with _dynamodb:
        return _call_dynamodb(handler)


def _update_table_and_encryption(handler: Any) -> Any:
    wanted = handler.body.get("SSESpecification")
    if wanted is not None:
        table = handler.dynamodb_backend.get_table(handler.body["TableName"])
        default = table._get_default_encryption_key(handler.current_account, handler.region)
        table.sse_specification = {"KMSMasterKeyId": default, **wanted}
    return _update_table(handler)


def _delete_model_package_group(response: Any) -> Any:
    backend = response.sagemaker_backend
    name = backend.describe_model_package_group(response._get_param("ModelPackageGroupName")).model_package_group_name
    held = [package.arn for package in backend.model_packages.values() if package.model_package_group_name == name]
    if held:
        raise ConflictException(f"Model package group {name} holds {len(held)} model packages; delete them first.")
    del backend.model_package_groups[name]
    return EmptyResult()


def _update_model_package(backend: Any, model_package_arn: str, **request: Any) -> Any:
    package = backend.model_packages.get(model_package_arn)
    kept = dict(package.customer_metadata_properties or {}) if package else {}
    given = request.get("customer_metadata_properties") or {}
    return _update_package(backend, model_package_arn, **{**request, "customer_metadata_properties": {**kept, **given}})


def _put_bucket_and_tags(response: Any, request: Any, bucket: str, query: Any) -> Any:
    answer = _put_bucket(response, request, bucket, query)
    if b"<CreateBucketConfiguration" in response.body:
        configuration = xmltodict.parse(response.body, force_list=("Tag",))["CreateBucketConfiguration"]
        tags = (configuration.get("Tags") or {}).get("Tag", [])
        response.backend.put_bucket_tagging(bucket, {tag["Key"]: tag["Value"] or "" for tag in tags})
    return answer


def _get_bucket_or_payer(response: Any, bucket: str, query: Any) -> Any:
    if "requestPayment" not in query:
        return _get_bucket(response, bucket, query)
    response.data["Action"] = "GetBucketRequestPayment"
    return response.serialized(ActionResult({"Payer": response.backend.get_bucket(bucket).payer}))


def _nothing_to_dispose(_marker: Any) -> None:
    """Do nothing, because a delete marker has no file."""


def _key_of_log_group(response: Any) -> Any:
    group = response.logs_backend.groups.get(response._get_param("logGroupName"))
    if group is None:
        raise ResourceNotFoundException
    group.kms_key_id = response._get_param("kmsKeyId")
    return EmptyResult()


def _one_encryption(queue: Any) -> dict[str, Any]:
    attributes: dict[str, Any] = _queue_attributes(queue)
    return {**attributes, "SqsManagedSseEnabled": "false"} if "KmsMasterKeyId" in attributes else attributes


def _subscribe_pending(backend: Any, topic: str, endpoint: str, protocol: str) -> Any:
    subscription = _subscribe(backend, topic, endpoint, protocol)
    if protocol in ("email", "email-json"):
        subscription.attributes |= {"PendingConfirmation": True, "ConfirmationWasAuthenticated": False}
    return subscription
