"""Amazon ECR: how resources are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable, ChangeableSetting
from local_run.emulator.resources import ecr
from local_run.emulator.resources.base import Aws, Properties, or_none, tag_list


class Repository(Changeable, ecr.Repository):
    replace_on = ("name", "encryptionConfigurations", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("ecr").describe_repositories, repositoryNames=[id_])
        return answer and self._outputs(aws, id_, {**state, "name": id_})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        client = aws.client("ecr")
        client.put_image_tag_mutability(repositoryName=id_, imageTagMutability=new.get("imageTagMutability", "MUTABLE"))
        client.put_image_scanning_configuration(
            repositoryName=id_, imageScanningConfiguration={"scanOnPush": ecr.scans_on_push(new)}
        )
        arn = aws.arn("ecr", f"repository/{id_}")
        gone = sorted((old.get("tags") or {}).keys() - (new.get("tags") or {}).keys())
        if gone:
            client.untag_resource(resourceArn=arn, tagKeys=gone)
        if new.get("tags"):
            client.tag_resource(resourceArn=arn, tags=tag_list(new))
        return self._outputs(aws, id_, new)


class LifecyclePolicy(ChangeableSetting, ecr.LifecyclePolicy):
    replace_on = ("repository", "region")

    def get(self, aws: Aws, id_: str) -> Properties | None:
        answer = or_none(aws.client("ecr").get_lifecycle_policy, repositoryName=id_)
        return answer and {"policy": answer["lifecyclePolicyText"]}


KINDS = (
    Repository,
    LifecyclePolicy,
)
