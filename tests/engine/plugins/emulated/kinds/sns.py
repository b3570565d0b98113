"""Amazon SNS: how resources are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable, ChangeableSetting, changed_tags
from local_run.emulator.resources import sns
from local_run.emulator.resources.base import Aws, Properties, or_none, tag_list


class Topic(Changeable, sns.Topic):
    replace_on = ("name", "namePrefix", "fifoTopic", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("sns").get_topic_attributes, TopicArn=id_)
        return answer and self._outputs(aws, {**state, "name": id_.rsplit(":", 1)[1]})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        for name, key in sns.TOPIC_ATTRIBUTES.items():
            if (old.get(key) or "") != (new.get(key) or ""):
                aws.client("sns").set_topic_attributes(TopicArn=id_, AttributeName=name, AttributeValue=new.get(key, ""))
        added, removed = changed_tags(old, new)
        if added:
            aws.client("sns").tag_resource(ResourceArn=id_, Tags=tag_list({"tags": added}))
        if removed:
            aws.client("sns").untag_resource(ResourceArn=id_, TagKeys=removed)
        return self._outputs(aws, new)


class TopicSubscription(Changeable, sns.TopicSubscription):
    replace_on = ("topic", "protocol", "endpoint", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("sns").get_subscription_attributes, SubscriptionArn=id_)
        return answer and self._outputs(aws, id_, state)

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        for name, key in sns.SUBSCRIPTION_ATTRIBUTES.items():
            if old.get(key) != new.get(key):
                aws.client("sns").set_subscription_attributes(
                    SubscriptionArn=id_, AttributeName=name, AttributeValue=new.get(key, "")
                )
        return self._outputs(aws, id_, new)


class TopicPolicy(ChangeableSetting, sns.TopicPolicy):
    replace_on = ("arn", "region")

    def get(self, aws: Aws, id_: str) -> Properties | None:
        answer = or_none(aws.client("sns").get_topic_attributes, TopicArn=id_)
        return answer and {"policy": answer["Attributes"]["Policy"]}


KINDS = (
    Topic,
    TopicSubscription,
    TopicPolicy,
)
