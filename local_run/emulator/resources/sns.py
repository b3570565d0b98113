"""Amazon SNS: topics, subscriptions and topic policies."""

from __future__ import annotations

from local_run.emulator.resources.base import (
    Aws,
    Properties,
    Resource,
    Upserted,
    or_none,
    present,
    tag_list,
    with_tags,
)
from local_run.emulator.resources.setting import BuiltInSetting

TOPIC_ATTRIBUTES = {"KmsMasterKeyId": "kmsMasterKeyId", "DisplayName": "displayName", "Policy": "policy"}
SUBSCRIPTION_ATTRIBUTES = {"FilterPolicy": "filterPolicy", "RedrivePolicy": "redrivePolicy"}


class Topic(Upserted):
    """Its id is its ARN."""

    type = "aws:sns/topic:Topic"
    name_property = "name"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("sns", str(inputs["name"]))

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        attributes = {name: str(inputs[key]) for name, key in TOPIC_ATTRIBUTES.items() if inputs.get(key)}
        answer = aws.client("sns").create_topic(Name=inputs["name"], Attributes=attributes, Tags=tag_list(inputs))
        return str(answer["TopicArn"]), self._outputs(aws, inputs)

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return present(aws.client("sns").get_topic_attributes, TopicArn=id_)

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

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        attributes = {name: str(inputs[key]) for name, key in SUBSCRIPTION_ATTRIBUTES.items() if inputs.get(key)}
        answer = aws.client("sns").subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )
        return str(answer["SubscriptionArn"]), self._outputs(aws, answer["SubscriptionArn"], inputs)

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


class TopicPolicy(BuiltInSetting):
    type = "aws:sns/topicPolicy:TopicPolicy"
    parent = "arn"

    def outputs(self, aws: Aws, id_: str, inputs: Properties) -> Properties:
        return {**inputs, "owner": aws.account_id, "region": aws.region}

    def put(self, aws: Aws, inputs: Properties) -> None:
        aws.client("sns").set_topic_attributes(TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=inputs["policy"])


RESOURCES = (Topic, TopicSubscription, TopicPolicy)
