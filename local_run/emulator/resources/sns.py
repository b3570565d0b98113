"""Amazon SNS: topics, subscriptions and topic policies."""

from __future__ import annotations

from local_run.emulator.resources.base import Aws, Properties, Resource, changed_tags, or_none, tag_list, with_tags
from local_run.emulator.resources.setting import Setting

_TOPIC_ATTRIBUTES = {"KmsMasterKeyId": "kmsMasterKeyId", "DisplayName": "displayName", "Policy": "policy"}
_SUBSCRIPTION_ATTRIBUTES = {"FilterPolicy": "filterPolicy", "RedrivePolicy": "redrivePolicy"}


class Topic(Resource):
    """Its id is its ARN."""

    type = "aws:sns/topic:Topic"
    name_property = "name"
    replace_on = ("name", "namePrefix", "fifoTopic", "region")

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("sns", str(inputs["name"]))

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        attributes = {name: str(inputs[key]) for name, key in _TOPIC_ATTRIBUTES.items() if inputs.get(key)}
        answer = aws.client("sns").create_topic(Name=inputs["name"], Attributes=attributes, Tags=tag_list(inputs))
        return str(answer["TopicArn"]), self._outputs(aws, inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("sns").get_topic_attributes, TopicArn=id_)
        return answer and self._outputs(aws, {**state, "name": id_.rsplit(":", 1)[1]})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        for name, key in _TOPIC_ATTRIBUTES.items():
            if (old.get(key) or "") != (new.get(key) or ""):
                aws.client("sns").set_topic_attributes(TopicArn=id_, AttributeName=name, AttributeValue=new.get(key, ""))
        added, removed = changed_tags(old, new)
        if added:
            aws.client("sns").tag_resource(ResourceArn=id_, Tags=tag_list({"tags": added}))
        if removed:
            aws.client("sns").untag_resource(ResourceArn=id_, TagKeys=removed)
        return self._outputs(aws, new)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("sns").delete_topic, TopicArn=id_)

    def _outputs(self, aws: Aws, inputs: Properties) -> Properties:
        return {
            "namePrefix": "",
            "beginningArchiveTime": "",
            "fifoThroughputScope": "",
            "maximumMessageSize": 262144,
            "signatureVersion": 1,
            "tracingConfig": "PassThrough",
            **inputs,
            "policy": inputs.get("policy") or "",
            "arn": str(self.planned_id(aws, inputs)),
            "owner": aws.account_id,
            "region": aws.region,
            **with_tags(inputs),
        }


class TopicSubscription(Resource):
    """Its id is its ARN."""

    type = "aws:sns/topicSubscription:TopicSubscription"
    replace_on = ("topic", "protocol", "endpoint", "region")

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        attributes = {name: str(inputs[key]) for name, key in _SUBSCRIPTION_ATTRIBUTES.items() if inputs.get(key)}
        answer = aws.client("sns").subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )
        return str(answer["SubscriptionArn"]), self._outputs(aws, answer["SubscriptionArn"], inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("sns").get_subscription_attributes, SubscriptionArn=id_)
        return answer and self._outputs(aws, id_, state)

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        for name, key in _SUBSCRIPTION_ATTRIBUTES.items():
            if old.get(key) != new.get(key):
                aws.client("sns").set_subscription_attributes(
                    SubscriptionArn=id_, AttributeName=name, AttributeValue=new.get(key, "")
                )
        return self._outputs(aws, id_, new)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("sns").unsubscribe, SubscriptionArn=id_)

    def _outputs(self, aws: Aws, arn: str, inputs: Properties) -> Properties:
        confirmed = inputs["protocol"] not in ("email", "email-json", "http", "https")
        return {
            "filterPolicyScope": "",
            "rawMessageDelivery": False,
            "confirmationTimeoutInMinutes": 1,
            **inputs,
            "arn": arn,
            "ownerId": aws.account_id,
            "pendingConfirmation": not confirmed,
            "confirmationWasAuthenticated": confirmed,
            "region": aws.region,
        }


class TopicPolicy(Setting):
    type = "aws:sns/topicPolicy:TopicPolicy"
    parent = "arn"
    replace_on = ("arn", "region")

    def outputs(self, aws: Aws, id_: str, inputs: Properties) -> Properties:
        return {**inputs, "owner": aws.account_id, "region": aws.region}

    def put(self, aws: Aws, inputs: Properties) -> None:
        aws.client("sns").set_topic_attributes(TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=inputs["policy"])

    def get(self, aws: Aws, id_: str) -> Properties | None:
        answer = or_none(aws.client("sns").get_topic_attributes, TopicArn=id_)
        return answer and {"policy": answer["Attributes"]["Policy"]}

    def remove(self, aws: Aws, id_: str) -> None:
        """The topic goes back to the policy that only lets its owner in, when it is deleted at the latest."""

    def refuse_existing(self, aws: Aws, inputs: Properties) -> None:
        """Every topic has a policy from the start: here nothing existing is overwritten."""


RESOURCES = (Topic, TopicSubscription, TopicPolicy)
