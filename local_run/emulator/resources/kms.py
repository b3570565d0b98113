"""AWS KMS: keys, aliases and key policies."""

from __future__ import annotations

from typing import Any

from local_run.emulator.resources.base import Aws, Properties, Resource, given, or_none, tag_list, with_tags


class Key(Resource):
    """Its id is the key id."""

    type = "aws:kms/key:Key"

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        kms = aws.client("kms")
        arguments = given(
            Description=inputs.get("description"),
            Policy=inputs.get("policy"),
            KeyUsage=inputs.get("keyUsage"),
            KeySpec=inputs.get("customerMasterKeySpec"),
            MultiRegion=inputs.get("multiRegion"),
        )
        metadata = kms.create_key(Tags=tag_list(inputs, "TagKey", "TagValue"), **arguments)["KeyMetadata"]
        with self.rollback_on_error(aws, metadata["KeyId"], inputs):
            self._rotate(kms, metadata["KeyId"], inputs)
            outputs = self._outputs(aws, metadata, inputs)
        return metadata["KeyId"], outputs

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        answer = or_none(aws.client("kms").describe_key, KeyId=id_)
        if answer is not None and answer["KeyMetadata"]["KeyState"] != "PendingDeletion":
            days = int(state.get("deletionWindowInDays") or 30)
            aws.client("kms").schedule_key_deletion(KeyId=id_, PendingWindowInDays=days)

    def _rotate(self, kms: Any, key_id: str, inputs: Properties) -> None:
        if inputs.get("enableKeyRotation"):
            period = int(inputs.get("rotationPeriodInDays") or 365)
            kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=period)

    def _outputs(self, aws: Aws, metadata: Properties, inputs: Properties) -> Properties:
        key_id = metadata["KeyId"]
        policy = aws.client("kms").get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
        return {
            "description": "",
            "keyUsage": "ENCRYPT_DECRYPT",
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "isEnabled": True,
            "multiRegion": False,
            "enableKeyRotation": False,
            "rotationPeriodInDays": 365,
            "policy": policy,
            **inputs,
            "arn": metadata["Arn"],
            "keyId": key_id,
            "region": aws.region,
            **with_tags(inputs),
        }


class Alias(Resource):
    """Its id is its name, ``alias/…``."""

    type = "aws:kms/alias:Alias"
    name_property = "name"

    def named(self, inputs: Properties, logical_name: str, seed: str) -> Properties:
        return super().named(inputs, f"alias/{logical_name}", seed)

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        aws.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return str(inputs["name"]), self._outputs(aws, inputs)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("kms").delete_alias, AliasName=id_)

    def _outputs(self, aws: Aws, inputs: Properties) -> Properties:
        target = aws.client("kms").describe_key(KeyId=inputs["targetKeyId"])["KeyMetadata"]
        fixed = {"arn": aws.arn("kms", str(inputs["name"])), "targetKeyArn": target["Arn"], "region": aws.region}
        return {"namePrefix": "", **inputs, **fixed, "targetKeyId": target["KeyId"]}


RESOURCES = (Key, Alias)
