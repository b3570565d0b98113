"""Amazon SQS: queues and their policies."""

from __future__ import annotations

from local_run.emulator.resources.base import (
    AlreadyExistsError,
    Aws,
    Properties,
    Resource,
    changed_tags,
    or_none,
    with_tags,
    without_floats,
)
from local_run.emulator.resources.setting import Setting

#: The provider's inputs by the attribute's name in the API.
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
    """Its id is its URL, whose host is AWS's own: clients reach a queue by their endpoint, whatever the URL says."""

    type = "aws:sqs/queue:Queue"
    name_property = "name"
    replace_on = ("name", "namePrefix", "fifoQueue", "region")

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return f"https://sqs.{aws.region}.{aws.dns_suffix}/{aws.account_id}/{inputs['name']}"

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name, sqs = str(inputs["name"]), aws.client("sqs")
        if or_none(sqs.get_queue_url, QueueName=name) is not None:
            raise AlreadyExistsError(f"queue {name!r} exists already")
        sqs.create_queue(QueueName=name, Attributes=_attributes(inputs), tags=inputs.get("tags") or {})
        return str(self.planned_id(aws, inputs)), self._outputs(aws, inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        name = id_.rsplit("/", 1)[1]
        found = or_none(aws.client("sqs").get_queue_url, QueueName=name)
        return found and self._outputs(aws, {**state, "name": name})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        sqs = aws.client("sqs")
        attributes = {name: text for name, text in _attributes(new).items() if name != "FifoQueue"}
        if attributes:
            sqs.set_queue_attributes(QueueUrl=id_, Attributes=attributes)
        added, removed = changed_tags(old, new)
        if added:
            sqs.tag_queue(QueueUrl=id_, Tags=added)
        if removed:
            sqs.untag_queue(QueueUrl=id_, TagKeys=removed)
        return self._outputs(aws, new)

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
    replace_on = ("queueUrl", "region")

    def put(self, aws: Aws, inputs: Properties) -> None:
        aws.client("sqs").set_queue_attributes(QueueUrl=inputs["queueUrl"], Attributes={"Policy": inputs["policy"]})

    def get(self, aws: Aws, id_: str) -> Properties | None:
        answer = or_none(aws.client("sqs").get_queue_attributes, QueueUrl=id_, AttributeNames=["Policy"]) or {}
        policy = answer.get("Attributes", {}).get("Policy")
        return {"policy": policy} if policy else None

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("sqs").set_queue_attributes, QueueUrl=id_, Attributes={"Policy": ""})


def _attributes(inputs: Properties) -> dict[str, str]:
    """Attribute values are strings, in JSON's spelling."""
    values = {name: without_floats(inputs[key]) for name, key in _ATTRIBUTES.items() if inputs.get(key) is not None}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}


RESOURCES = (Queue, QueuePolicy)
