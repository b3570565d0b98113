"""AWS KMS: how resources are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable
from local_run.emulator.resources import kms
from local_run.emulator.resources.base import Aws, Properties, or_none


class Key(Changeable, kms.Key):
    replace_on = ("customerMasterKeySpec", "keyUsage", "multiRegion", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("kms").describe_key, KeyId=id_)
        if answer is None or answer["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return None
        return self._outputs(aws, answer["KeyMetadata"], state)

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        client = aws.client("kms")
        client.update_key_description(KeyId=id_, Description=new.get("description", ""))
        if new.get("policy") and new["policy"] != old.get("policy"):
            client.put_key_policy(KeyId=id_, PolicyName="default", Policy=new["policy"])
        self._rotate(client, id_, new)
        return self._outputs(aws, client.describe_key(KeyId=id_)["KeyMetadata"], new)


class Alias(Changeable, kms.Alias):
    replace_on = ("name", "namePrefix", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        names = [alias["AliasName"] for alias in aws.client("kms").list_aliases()["Aliases"]]
        return self._outputs(aws, {**state, "name": id_}) if id_ in names else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        aws.client("kms").update_alias(AliasName=id_, TargetKeyId=new["targetKeyId"])
        return self._outputs(aws, new)


KINDS = (
    Key,
    Alias,
)
