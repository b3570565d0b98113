"""Inputs of a resource that `pulumi import` reads from AWS by its id.

The AWS provider reads every attribute. This reads only those whose absence would plan a replacement or repeat a call.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from emulated.wire import Properties
from local_run.emulator.resources import Aws
from local_run.emulator.resources.base import absent, or_none

#: Values that AWS fills in if a program does not set them. The provider does not report them as a difference.
_DEFAULTS = {
    "path": "/",
    "logGroupClass": "STANDARD",
    "packageType": "Zip",
    "eventBusName": "default",
    "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
    "keyUsage": "ENCRYPT_DECRYPT",
}


def known_inputs(aws: Aws, type_: str, id_: str) -> tuple[str, Properties]:
    """Return the id in the state, and the inputs that the type's own ``read`` does not return.

    Nothing is known of a resource that does not exist.
    """
    try:
        return _READERS[type_](aws, id_) if type_ in _READERS else (id_, {})
    except ClientError as error:
        if absent(error):
            return id_, {}
        raise


def without_defaults(inputs: Properties) -> Properties:
    """Remove the values that AWS filled in."""
    return {key: value for key, value in inputs.items() if value not in ("", None, False, [], {}, _DEFAULTS.get(key))}


def _table(aws: Aws, name: str) -> tuple[str, Properties]:
    client = aws.client("dynamodb")
    table = client.describe_table(TableName=name)["Table"]
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    return name, {
        **_keys(table["KeySchema"]),
        "billingMode": table["BillingModeSummary"]["BillingMode"],
        "attributes": [
            {"name": item["AttributeName"], "type": item["AttributeType"]} for item in table["AttributeDefinitions"]
        ],
        "globalSecondaryIndexes": [_index(index) for index in table.get("GlobalSecondaryIndexes", [])],
        "pointInTimeRecovery": {"enabled": recovery},
        "serverSideEncryption": {"enabled": table.get("SSEDescription", {}).get("Status") == "ENABLED"},
        **({"ttl": {"enabled": True, "attributeName": ttl["AttributeName"]}} if ttl.get("AttributeName") else {}),
    }


def _index(index: Properties) -> Properties:
    keys = [{"attributeName": key["AttributeName"], "keyType": key["KeyType"]} for key in index["KeySchema"]]
    return {"name": index["IndexName"], "keySchemas": keys, "projectionType": index["Projection"]["ProjectionType"]}


def _keys(schema: list[Any]) -> Properties:
    return {{"HASH": "hashKey", "RANGE": "rangeKey"}[key["KeyType"]]: key["AttributeName"] for key in schema}


def _repository(aws: Aws, name: str) -> tuple[str, Properties]:
    (found,) = aws.client("ecr").describe_repositories(repositoryNames=[name])["repositories"]
    encryption = found["encryptionConfiguration"]
    key = {"kmsKey": encryption["kmsKey"]} if _is_our_key(aws, encryption.get("kmsKey")) else {}
    return name, {
        "imageTagMutability": found["imageTagMutability"],
        "encryptionConfigurations": [{"encryptionType": encryption["encryptionType"], **key}],
    }


def _is_our_key(aws: Aws, arn: str | None) -> bool:
    """False for a key that AWS manages for the account: the API shows it although no program named it (moto makes it up)."""
    return arn is not None and or_none(aws.client("kms").describe_key, KeyId=arn) is not None


def _model_package_group(aws: Aws, name: str) -> tuple[str, Properties]:
    found = aws.client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)
    return name, {"modelPackageGroupDescription": found.get("ModelPackageGroupDescription")}


def _alias(aws: Aws, name: str) -> tuple[str, Properties]:
    aliases = {alias["AliasName"]: alias for alias in aws.client("kms").list_aliases()["Aliases"]}
    return name, {"targetKeyId": aliases[name]["TargetKeyId"]} if name in aliases else {}


def _permission(aws: Aws, id_: str) -> tuple[str, Properties]:
    """The provider imports a permission by ``function/statementId``."""
    function, _, statement_id = id_.partition("/")
    policy = json.loads(aws.client("lambda").get_policy(FunctionName=function)["Policy"])
    (statement,) = (entry for entry in policy["Statement"] if entry["Sid"] == statement_id)
    conditions = {name.lower(): value for block in statement.get("Condition", {}).values() for name, value in block.items()}
    return statement_id, {
        "function": function,
        "statementId": statement_id,
        "action": statement["Action"],
        "principal": statement["Principal"]["Service"],
        "sourceArn": conditions.get("aws:sourcearn"),
        "sourceAccount": conditions.get("aws:sourceaccount"),
    }


_READERS: dict[str, Callable[[Aws, str], tuple[str, Properties]]] = {
    "aws:dynamodb/table:Table": _table,
    "aws:ecr/repository:Repository": _repository,
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": _model_package_group,
    "aws:kms/alias:Alias": _alias,
    "aws:lambda/permission:Permission": _permission,
}
