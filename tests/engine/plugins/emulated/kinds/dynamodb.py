"""Amazon DynamoDB: how resources are read, updated and replaced."""

from __future__ import annotations

from typing import Any

from emulated.kinds.changeable import Changeable, changed_tags
from local_run.emulator.resources import dynamodb
from local_run.emulator.resources.base import Aws, Properties, or_none, tag_list


class Table(Changeable, dynamodb.Table):
    replace_on = ("name", "hashKey", "rangeKey", "localSecondaryIndexes", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("dynamodb").describe_table, TableName=id_)
        return answer and self._outputs(aws, id_, {**state, "name": id_})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        client = aws.client("dynamodb")
        for change in _index_changes(old, new):
            client.update_table(
                TableName=id_, AttributeDefinitions=dynamodb.attribute_definitions(new), GlobalSecondaryIndexUpdates=[change]
            )
        arguments: Properties = {}
        if bool(old.get("deletionProtectionEnabled")) != bool(new.get("deletionProtectionEnabled")):
            arguments["DeletionProtectionEnabled"] = bool(new.get("deletionProtectionEnabled"))
        if dynamodb.billing_arguments(old) != dynamodb.billing_arguments(new):
            arguments.update(dynamodb.billing_arguments(new))
        if dynamodb.encryption_argument(old) != dynamodb.encryption_argument(new):
            arguments["SSESpecification"] = dynamodb.encryption_argument(new) or {"Enabled": False}
        if arguments:
            client.update_table(TableName=id_, **arguments)
        self._change_options(client, old, new)
        arn = aws.arn("dynamodb", f"table/{id_}")
        added, removed = changed_tags(old, new)
        if added:
            client.tag_resource(ResourceArn=arn, Tags=tag_list({"tags": added}))
        if removed:
            client.untag_resource(ResourceArn=arn, TagKeys=removed)
        return self._outputs(aws, id_, new)

    def _change_options(self, client: Any, old: Properties, new: Properties) -> None:
        """Change point-in-time recovery and time to live, which AWS takes in separate calls."""
        name = new["name"]
        recovery = bool((new.get("pointInTimeRecovery") or {}).get("enabled"))
        if recovery != bool((old.get("pointInTimeRecovery") or {}).get("enabled")):
            specification = {"PointInTimeRecoveryEnabled": recovery}
            client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=specification)
        ttl = new.get("ttl") or {}
        if ttl != (old.get("ttl") or {}) and ttl.get("attributeName"):
            specification = {"Enabled": bool(ttl.get("enabled")), "AttributeName": ttl["attributeName"]}
            client.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)


def _index_changes(old: Properties, new: Properties) -> list[Properties]:
    before = {index["name"]: dynamodb.index_argument(index) for index in old.get("globalSecondaryIndexes") or []}
    after = {index["name"]: dynamodb.index_argument(index) for index in new.get("globalSecondaryIndexes") or []}
    gone = [{"Delete": {"IndexName": name}} for name in before if before[name] != after.get(name)]
    return gone + [{"Create": after[name]} for name in after if after[name] != before.get(name)]


KINDS = (Table,)
