"""Amazon ECR: repositories and lifecycle policies."""

from __future__ import annotations

from local_run.emulator.resources.base import Aws, Properties, Resource, given, or_none, present, tag_list, with_tags
from local_run.emulator.resources.setting import Setting


class Repository(Resource):
    type = "aws:ecr/repository:Repository"
    name_property = "name"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name = str(inputs["name"])
        aws.client("ecr").create_repository(
            repositoryName=name,
            imageTagMutability=inputs.get("imageTagMutability", "MUTABLE"),
            imageScanningConfiguration={"scanOnPush": scans_on_push(inputs)},
            tags=tag_list(inputs),
            **given(encryptionConfiguration=_encryption(inputs)),
        )
        return name, self._outputs(aws, name, inputs)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("ecr").delete_repository, repositoryName=id_, force=bool(state.get("forceDelete")))

    def discard(self, aws: Aws, id_: str, state: Properties) -> None:
        self.delete(aws, id_, {**state, "forceDelete": True})

    def _outputs(self, aws: Aws, name: str, inputs: Properties) -> Properties:
        return {
            "imageTagMutability": "MUTABLE",
            "encryptionConfigurations": [{"encryptionType": "AES256", "kmsKey": ""}],
            **inputs,
            "arn": aws.arn("ecr", f"repository/{name}"),
            "registryId": aws.account_id,
            "repositoryUrl": f"{registry_host(aws)}/{name}",
            "region": aws.region,
            **with_tags(inputs),
        }


class LifecyclePolicy(Setting):
    type = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    parent = "repository"

    def outputs(self, aws: Aws, id_: str, inputs: Properties) -> Properties:
        return {"region": aws.region, **inputs, "registryId": aws.account_id}

    def put(self, aws: Aws, inputs: Properties) -> None:
        aws.client("ecr").put_lifecycle_policy(repositoryName=inputs["repository"], lifecyclePolicyText=inputs["policy"])

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return present(aws.client("ecr").get_lifecycle_policy, repositoryName=id_)

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("ecr").delete_lifecycle_policy, repositoryName=id_)


def registry_host(aws: Aws) -> str:
    """Return the host of the account's private registry in the region."""
    return f"{aws.account_id}.dkr.ecr.{aws.region}.{aws.dns_suffix}"


def scans_on_push(inputs: Properties) -> bool:
    return bool((inputs.get("imageScanningConfiguration") or {}).get("scanOnPush"))


def _encryption(inputs: Properties) -> Properties | None:
    blocks = inputs.get("encryptionConfigurations") or []
    return given(encryptionType=blocks[0].get("encryptionType"), kmsKey=blocks[0].get("kmsKey")) if blocks else None


RESOURCES = (Repository, LifecyclePolicy)
