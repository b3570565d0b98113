"""Amazon DynamoDB: tables."""

from __future__ import annotations

from typing import Any

from local_run.emulator.resources.base import Aws, Properties, Resource, given, or_none, tag_list, with_tags


class Table(Resource):
    type = "aws:dynamodb/table:Table"
    name_property = "name"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name, dynamodb = str(inputs["name"]), aws.client("dynamodb")
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=attribute_definitions(inputs),
            KeySchema=_key_schema(inputs),
            DeletionProtectionEnabled=bool(inputs.get("deletionProtectionEnabled")),
            **given(
                GlobalSecondaryIndexes=[index_argument(index) for index in inputs.get("globalSecondaryIndexes") or []] or None,
                SSESpecification=encryption_argument(inputs),
                StreamSpecification=_stream(inputs),
                Tags=tag_list(inputs) or None,
            ),
            **billing_arguments(inputs),
        )
        with self.rollback_on_error(aws, name, inputs):
            dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
            self._put_options(dynamodb, inputs)
            outputs = self._outputs(aws, name, inputs)
        return name, outputs

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("dynamodb").delete_table, TableName=id_)

    def discard(self, aws: Aws, id_: str, state: Properties) -> None:
        if state.get("deletionProtectionEnabled"):
            or_none(aws.client("dynamodb").update_table, TableName=id_, DeletionProtectionEnabled=False)
        self.delete(aws, id_, state)

    def _put_options(self, dynamodb: Any, inputs: Properties) -> None:
        """Set point-in-time recovery and time to live, which AWS takes in separate calls."""
        name, ttl = inputs["name"], inputs.get("ttl") or {}
        if (inputs.get("pointInTimeRecovery") or {}).get("enabled"):
            specification = {"PointInTimeRecoveryEnabled": True}
            dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=specification)
        if ttl.get("attributeName"):
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


def attribute_definitions(inputs: Properties) -> list[Properties]:
    return [{"AttributeName": item["name"], "AttributeType": item["type"]} for item in inputs["attributes"]]


def _key_schema(block: Properties) -> list[Properties]:
    """Return the key schema of a table or an index, given as ``hashKey`` and ``rangeKey`` or as the newer ``keySchemas``."""
    if block.get("keySchemas"):
        return [{"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in block["keySchemas"]]
    keys = (("hashKey", "HASH"), ("rangeKey", "RANGE"))
    return [{"AttributeName": block[name], "KeyType": kind} for name, kind in keys if block.get(name)]


def index_argument(index: Properties) -> Properties:
    projection = given(ProjectionType=index["projectionType"], NonKeyAttributes=index.get("nonKeyAttributes"))
    return {"IndexName": index["name"], "KeySchema": _key_schema(index), "Projection": projection, **_throughput(index)}


def billing_arguments(inputs: Properties) -> Properties:
    if inputs.get("billingMode") == "PAY_PER_REQUEST":
        return {"BillingMode": "PAY_PER_REQUEST"}
    return {"BillingMode": "PROVISIONED", **_throughput(inputs)}


def _throughput(block: Properties) -> Properties:
    if not block.get("readCapacity"):
        return {}
    read, write = int(block["readCapacity"]), int(block["writeCapacity"])
    return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}


def encryption_argument(inputs: Properties) -> Properties | None:
    block = inputs.get("serverSideEncryption") or {}
    if not block.get("enabled"):
        return None
    return given(Enabled=True, SSEType="KMS", KMSMasterKeyId=block.get("kmsKeyArn"))


def _stream(inputs: Properties) -> Properties | None:
    if not inputs.get("streamEnabled"):
        return None
    return {"StreamEnabled": True, "StreamViewType": inputs["streamViewType"]}


RESOURCES = (Table,)
