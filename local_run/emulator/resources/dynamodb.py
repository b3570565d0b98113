"""Amazon DynamoDB: tables."""

from __future__ import annotations

from typing import Any

from local_run.emulator.resources.base import Aws, Properties, Resource, changed_tags, given, or_none, tag_list, with_tags


class Table(Resource):
    type = "aws:dynamodb/table:Table"
    name_property = "name"
    replace_on = ("name", "hashKey", "rangeKey", "localSecondaryIndexes", "region")

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name, dynamodb = str(inputs["name"]), aws.client("dynamodb")
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=_attributes(inputs),
            KeySchema=_key_schema(inputs),
            DeletionProtectionEnabled=bool(inputs.get("deletionProtectionEnabled")),
            **given(
                GlobalSecondaryIndexes=[_index(index) for index in inputs.get("globalSecondaryIndexes") or []] or None,
                SSESpecification=_encryption(inputs),
                StreamSpecification=_stream(inputs),
                Tags=tag_list(inputs) or None,
            ),
            **_billing(inputs),
        )
        with self.whole(aws, name, inputs):
            dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
            self._put_options(dynamodb, {}, inputs)
            outputs = self._outputs(aws, name, inputs)
        return name, outputs

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("dynamodb").describe_table, TableName=id_)
        return answer and self._outputs(aws, id_, {**state, "name": id_})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        dynamodb = aws.client("dynamodb")
        for change in _index_changes(old, new):
            dynamodb.update_table(TableName=id_, AttributeDefinitions=_attributes(new), GlobalSecondaryIndexUpdates=[change])
        arguments: Properties = {}
        if bool(old.get("deletionProtectionEnabled")) != bool(new.get("deletionProtectionEnabled")):
            arguments["DeletionProtectionEnabled"] = bool(new.get("deletionProtectionEnabled"))
        if _billing(old) != _billing(new):
            arguments.update(_billing(new))
        if _encryption(old) != _encryption(new):
            arguments["SSESpecification"] = _encryption(new) or {"Enabled": False}
        if arguments:
            dynamodb.update_table(TableName=id_, **arguments)
        self._put_options(dynamodb, old, new)
        arn = aws.arn("dynamodb", f"table/{id_}")
        added, removed = changed_tags(old, new)
        if added:
            dynamodb.tag_resource(ResourceArn=arn, Tags=tag_list({"tags": added}))
        if removed:
            dynamodb.untag_resource(ResourceArn=arn, TagKeys=removed)
        return self._outputs(aws, id_, new)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("dynamodb").delete_table, TableName=id_)

    def discard(self, aws: Aws, id_: str, state: Properties) -> None:
        if state.get("deletionProtectionEnabled"):
            or_none(aws.client("dynamodb").update_table, TableName=id_, DeletionProtectionEnabled=False)
        self.delete(aws, id_, state)

    def _put_options(self, dynamodb: Any, old: Properties, new: Properties) -> None:
        """What AWS takes by calls of their own: recovery and time to live."""
        name = new["name"]
        recovery = bool((new.get("pointInTimeRecovery") or {}).get("enabled"))
        if recovery != bool((old.get("pointInTimeRecovery") or {}).get("enabled")):
            specification = {"PointInTimeRecoveryEnabled": recovery}
            dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=specification)
        ttl = new.get("ttl") or {}
        if ttl != (old.get("ttl") or {}) and ttl.get("attributeName"):
            specification = {"Enabled": bool(ttl.get("enabled")), "AttributeName": ttl["attributeName"]}
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)

    def _outputs(self, aws: Aws, name: str, inputs: Properties) -> Properties:
        table = aws.client("dynamodb").describe_table(TableName=name)["Table"]
        return {
            "billingMode": "PROVISIONED",
            "tableClass": "STANDARD",
            "deletionProtectionEnabled": False,
            "globalSecondaryIndexes": [],
            "pointInTimeRecovery": {"enabled": False},
            "serverSideEncryption": {"enabled": False},
            "ttl": {"enabled": False},
            "readCapacity": 0,
            "writeCapacity": 0,
            "streamViewType": "",
            "streamLabel": table.get("LatestStreamLabel", ""),
            **inputs,
            "streamArn": table.get("LatestStreamArn", ""),
            "arn": table["TableArn"],
            "region": aws.region,
            **with_tags(inputs),
        }


def _attributes(inputs: Properties) -> list[Properties]:
    return [{"AttributeName": item["name"], "AttributeType": item["type"]} for item in inputs["attributes"]]


def _key_schema(block: Properties) -> list[Properties]:
    """Of a table or an index: by ``hashKey`` and ``rangeKey``, or by the newer ``keySchemas``."""
    if block.get("keySchemas"):
        return [{"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in block["keySchemas"]]
    keys = (("hashKey", "HASH"), ("rangeKey", "RANGE"))
    return [{"AttributeName": block[name], "KeyType": kind} for name, kind in keys if block.get(name)]


def _index(index: Properties) -> Properties:
    projection = given(ProjectionType=index["projectionType"], NonKeyAttributes=index.get("nonKeyAttributes"))
    return {"IndexName": index["name"], "KeySchema": _key_schema(index), "Projection": projection, **_throughput(index)}


def _index_changes(old: Properties, new: Properties) -> list[Properties]:
    before = {index["name"]: _index(index) for index in old.get("globalSecondaryIndexes") or []}
    after = {index["name"]: _index(index) for index in new.get("globalSecondaryIndexes") or []}
    gone = [{"Delete": {"IndexName": name}} for name in before if before[name] != after.get(name)]
    return gone + [{"Create": after[name]} for name in after if after[name] != before.get(name)]


def _billing(inputs: Properties) -> Properties:
    if inputs.get("billingMode") == "PAY_PER_REQUEST":
        return {"BillingMode": "PAY_PER_REQUEST"}
    return {"BillingMode": "PROVISIONED", **_throughput(inputs)}


def _throughput(block: Properties) -> Properties:
    if not block.get("readCapacity"):
        return {}
    read, write = int(block["readCapacity"]), int(block["writeCapacity"])
    return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}


def _encryption(inputs: Properties) -> Properties | None:
    block = inputs.get("serverSideEncryption") or {}
    if not block.get("enabled"):
        return None
    return given(Enabled=True, SSEType="KMS", KMSMasterKeyId=block.get("kmsKeyArn"))


def _stream(inputs: Properties) -> Properties | None:
    if not inputs.get("streamEnabled"):
        return None
    return {"StreamEnabled": True, "StreamViewType": inputs["streamViewType"]}


RESOURCES = (Table,)
