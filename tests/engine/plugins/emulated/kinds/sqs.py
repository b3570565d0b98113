"""Amazon SQS: how resources are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable, ChangeableSetting, changed_tags
from local_run.emulator.resources import sqs
from local_run.emulator.resources.base import Aws, Properties, or_none


class Queue(Changeable, sqs.Queue):
    replace_on = ("name", "namePrefix", "fifoQueue", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        name = id_.rsplit("/", 1)[1]
        found = or_none(aws.client("sqs").get_queue_url, QueueName=name)
        return found and self._outputs(aws, {**state, "name": name})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        client = aws.client("sqs")
        attributes = {name: text for name, text in sqs.queue_attributes(new).items() if name != "FifoQueue"}
        if attributes:
            client.set_queue_attributes(QueueUrl=id_, Attributes=attributes)
        added, removed = changed_tags(old, new)
        if added:
            client.tag_queue(QueueUrl=id_, Tags=added)
        if removed:
            client.untag_queue(QueueUrl=id_, TagKeys=removed)
        return self._outputs(aws, new)


class QueuePolicy(ChangeableSetting, sqs.QueuePolicy):
    replace_on = ("queueUrl", "region")

    def get(self, aws: Aws, id_: str) -> Properties | None:
        answer = or_none(aws.client("sqs").get_queue_attributes, QueueUrl=id_, AttributeNames=["Policy"]) or {}
        policy = answer.get("Attributes", {}).get("Policy")
        return {"policy": policy} if policy else None


KINDS = (
    Queue,
    QueuePolicy,
)
