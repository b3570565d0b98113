"""Amazon ECR: repositories and their policies."""

from __future__ import annotations

from local_run.emulator.resources.base import Aws, Properties, Resource, given, or_none, tag_list, with_tags
from local_run.emulator.resources.setting import Setting


class Repository(Resource):
    type = "aws:ecr/repository:Repository"
    name_property = "name"
    replace_on = ("name", "encryptionConfigurations", "region")

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name = str(inputs["name"])
        aws.client("ecr").create_repository(
            repositoryName=name,
            imageTagMutability=inputs.get("imageTagMutability", "MUTABLE"),
            imageScanningConfiguration={"scanOnPush": _scans(inputs)},
            tags=tag_list(inputs),
            **given(encryptionConfiguration=_encryption(inputs)),
        )
        return name, self._outputs(aws, name, inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("ecr").describe_repositories, repositoryNames=[id_])
        return answer and self._outputs(aws, id_, {**state, "name": id_})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        ecr = aws.client("ecr")
        ecr.put_image_tag_mutability(repositoryName=id_, imageTagMutability=new.get("imageTagMutability", "MUTABLE"))
        ecr.put_image_scanning_configuration(repositoryName=id_, imageScanningConfiguration={"scanOnPush": _scans(new)})
        arn = aws.arn("ecr", f"repository/{id_}")
        gone = sorted((old.get("tags") or {}).keys() - (new.get("tags") or {}).keys())
        if gone:
            ecr.untag_resource(resourceArn=arn, tagKeys=gone)
        if new.get("tags"):
            ecr.tag_resource(resourceArn=arn, tags=tag_list(new))
        return self._outputs(aws, id_, new)

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


class _RepositorySetting(Setting):
    parent = "repository"
    replace_on = ("repository", "region")

    def outputs(self, aws: Aws, id_: str, inputs: Properties) -> Properties:
        return {"region": aws.region, **inputs, "registryId": aws.account_id}


class LifecyclePolicy(_RepositorySetting):
    type = "aws:ecr/lifecyclePolicy:LifecyclePolicy"

    def put(self, aws: Aws, inputs: Properties) -> None:
        aws.client("ecr").put_lifecycle_policy(repositoryName=inputs["repository"], lifecyclePolicyText=inputs["policy"])

    def get(self, aws: Aws, id_: str) -> Properties | None:
        answer = or_none(aws.client("ecr").get_lifecycle_policy, repositoryName=id_)
        return answer and {"policy": answer["lifecyclePolicyText"]}

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("ecr").delete_lifecycle_policy, repositoryName=id_)


class RepositoryPolicy(_RepositorySetting):
    type = "aws:ecr/repositoryPolicy:RepositoryPolicy"

    def put(self, aws: Aws, inputs: Properties) -> None:
        aws.client("ecr").set_repository_policy(repositoryName=inputs["repository"], policyText=inputs["policy"])

    def get(self, aws: Aws, id_: str) -> Properties | None:
        answer = or_none(aws.client("ecr").get_repository_policy, repositoryName=id_)
        return answer and {"policy": answer["policyText"]}

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("ecr").delete_repository_policy, repositoryName=id_)


def registry_host(aws: Aws) -> str:
    """The private registry of the account in the region."""
    return f"{aws.account_id}.dkr.ecr.{aws.region}.{aws.dns_suffix}"


def _scans(inputs: Properties) -> bool:
    return bool((inputs.get("imageScanningConfiguration") or {}).get("scanOnPush"))


def _encryption(inputs: Properties) -> Properties | None:
    blocks = inputs.get("encryptionConfigurations") or []
    return given(encryptionType=blocks[0].get("encryptionType"), kmsKey=blocks[0].get("kmsKey")) if blocks else None


RESOURCES = (Repository, LifecyclePolicy, RepositoryPolicy)
