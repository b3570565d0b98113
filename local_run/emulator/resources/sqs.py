"""Amazon SQS: queues and their policies."""

from __future__ import annotations

from local_run.emulator.resources.base import (
    AlreadyExistsError,
    Aws,
    Properties,
    Resource,
    or_none,
    with_tags,
    without_floats,
)
from local_run.emulator.resources.setting import Setting

#: Attribute of the API → input of the provider.
_ATTRIBUTES = {
    "KmsMasterKeyId": "kmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds": "kmsDataKeyReusePeriodSeconds",
    "SqsManagedSseEnabled": "sqsManagedSseEnabled",
    "MessageRetentionPeriod": "messageRetentionSeconds",
    "VisibilityTimeout": "visibilityTimeoutSeconds",
    "DelaySeconds": "delaySeconds",
    "ReceiveMessageWaitTimeSeconds": "receiveWaitTimeSeconds",
    "MaximumMessageSize": "maxMessageSize",
    "RedrivePolicy": "redrivePolicy",
    "RedriveAllowPolicy": "redriveAllowPolicy",
    "FifoQueue": "fifoQueue",
    "Policy": "policy",
}


class Queue(Resource):
    """Its id is its URL with AWS's host name. Clients use their own endpoint instead of this host."""

    type = "aws:sqs/queue:Queue"
    name_property = "name"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return f"https://sqs.{aws.region}.{aws.dns_suffix}/{aws.account_id}/{inputs['name']}"

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name, sqs = str(inputs["name"]), aws.client("sqs")
        if or_none(sqs.get_queue_url, QueueName=name) is not None:
            raise AlreadyExistsError(f"queue {name!r} already exists")
        sqs.create_queue(QueueName=name, Attributes=queue_attributes(inputs), tags=inputs.get("tags") or {})
        return str(self.planned_id(aws, inputs)), self._outputs(aws, inputs)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("sqs").delete_queue, QueueUrl=id_)

    def _outputs(self, aws: Aws, inputs: Properties) -> Properties:
        return {
            "namePrefix": "",
            "fifoQueue": False,
            "delaySeconds": 0,
            "maxMessageSize": 262144,
            "messageRetentionSeconds": 345600,
            "receiveWaitTimeSeconds": 0,
            "visibilityTimeoutSeconds": 30,
            "kmsDataKeyReusePeriodSeconds": 300,
            "sqsManagedSseEnabled": not inputs.get("kmsMasterKeyId"),
            "policy": "",
            "redrivePolicy": "",
            "redriveAllowPolicy": "",
            "deduplicationScope": "",
            "fifoThroughputLimit": "",
            **inputs,
            "arn": aws.arn("sqs", str(inputs["name"])),
            "url": str(self.planned_id(aws, inputs)),
            "region": aws.region,
            **with_tags(inputs),
        }


class QueuePolicy(Setting):
    type = "aws:sqs/queuePolicy:QueuePolicy"
    parent = "queueUrl"

    def put(self, aws: Aws, inputs: Properties) -> None:
        aws.client("sqs").set_queue_attributes(QueueUrl=inputs["queueUrl"], Attributes={"Policy": inputs["policy"]})

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        answer = or_none(aws.client("sqs").get_queue_attributes, QueueUrl=id_, AttributeNames=["Policy"]) or {}
        return bool(answer.get("Attributes", {}).get("Policy"))

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("sqs").set_queue_attributes, QueueUrl=id_, Attributes={"Policy": ""})


def queue_attributes(inputs: Properties) -> dict[str, str]:
    """Return the attributes as strings, with JSON's ``true`` and ``false``."""
    values = {name: without_floats(inputs[key]) for name, key in _ATTRIBUTES.items() if inputs.get(key) is not None}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}


RESOURCES = (Queue, QueuePolicy)
