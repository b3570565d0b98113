"""AWS KMS: keys, aliases and key policies."""

from __future__ import annotations

from typing import Any

from local_run.emulator.resources.base import Aws, Properties, Resource, given, or_none, tag_list, with_tags
from local_run.emulator.resources.setting import Setting


class Key(Resource):
    """Its id is the key id."""

    type = "aws:kms/key:Key"
    replace_on = ("customerMasterKeySpec", "keyUsage", "multiRegion", "region")

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
        with self.whole(aws, metadata["KeyId"], inputs):
            self._rotate(kms, metadata["KeyId"], inputs)
            outputs = self._outputs(aws, metadata, inputs)
        return metadata["KeyId"], outputs

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("kms").describe_key, KeyId=id_)
        if answer is None or answer["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return None
        return self._outputs(aws, answer["KeyMetadata"], state)

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        kms = aws.client("kms")
        kms.update_key_description(KeyId=id_, Description=new.get("description", ""))
        if new.get("policy") and new["policy"] != old.get("policy"):
            kms.put_key_policy(KeyId=id_, PolicyName="default", Policy=new["policy"])
        self._rotate(kms, id_, new)
        return self._outputs(aws, kms.describe_key(KeyId=id_)["KeyMetadata"], new)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        if self.read(aws, id_, state) is not None:
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
    replace_on = ("name", "namePrefix", "region")

    def named(self, inputs: Properties, logical_name: str, seed: str) -> Properties:
        return super().named(inputs, f"alias/{logical_name}", seed)

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        aws.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return str(inputs["name"]), self._outputs(aws, inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        names = [alias["AliasName"] for alias in aws.client("kms").list_aliases()["Aliases"]]
        return self._outputs(aws, {**state, "name": id_}) if id_ in names else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        aws.client("kms").update_alias(AliasName=id_, TargetKeyId=new["targetKeyId"])
        return self._outputs(aws, new)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("kms").delete_alias, AliasName=id_)

    def _outputs(self, aws: Aws, inputs: Properties) -> Properties:
        target = aws.client("kms").describe_key(KeyId=inputs["targetKeyId"])["KeyMetadata"]
        fixed = {"arn": aws.arn("kms", str(inputs["name"])), "targetKeyArn": target["Arn"], "region": aws.region}
        return {"namePrefix": "", **inputs, **fixed, "targetKeyId": target["KeyId"]}


class KeyPolicy(Setting):
    type = "aws:kms/keyPolicy:KeyPolicy"
    parent = "keyId"
    replace_on = ("keyId", "region")

    def put(self, aws: Aws, inputs: Properties) -> None:
        aws.client("kms").put_key_policy(KeyId=inputs["keyId"], PolicyName="default", Policy=inputs["policy"])

    def get(self, aws: Aws, id_: str) -> Properties | None:
        answer = or_none(aws.client("kms").get_key_policy, KeyId=id_, PolicyName="default")
        return answer and {"policy": answer["Policy"]}

    def remove(self, aws: Aws, id_: str) -> None:
        """A key always has a policy; it goes with the key."""

    def refuse_existing(self, aws: Aws, inputs: Properties) -> None:
        """Every key has a policy from the start: here nothing existing is overwritten."""


RESOURCES = (Key, Alias, KeyPolicy)
