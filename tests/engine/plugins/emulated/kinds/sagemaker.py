"""Amazon SageMaker: how resources are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable
from local_run.emulator.resources import sagemaker
from local_run.emulator.resources.base import Aws, Properties, or_none, tag_list


class Pipeline(Changeable, sagemaker.Pipeline):
    replace_on = ("pipelineName", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("sagemaker").describe_pipeline, PipelineName=id_)
        if answer is None:
            return None
        found = {"pipelineName": id_, "roleArn": answer["RoleArn"]}
        if "pipelineDefinitionS3Location" not in state:  # as in AWS, the answer does not say where a definition came from
            found["pipelineDefinition"] = answer["PipelineDefinition"]
        return self._outputs(aws, id_, {**state, **found})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        aws.client("sagemaker").update_pipeline(
            PipelineName=id_, **sagemaker.pipeline_arguments(new), **sagemaker.definition_arguments(aws, new)
        )
        return self._outputs(aws, id_, new)


class ModelPackageGroup(Changeable, sagemaker.ModelPackageGroup):
    replace_on = ("modelPackageGroupName", "modelPackageGroupDescription", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        listed = aws.client("sagemaker").get_paginator("list_model_package_groups").paginate(NameContains=id_)
        names = [item["ModelPackageGroupName"] for page in listed for item in page["ModelPackageGroupSummaryList"]]
        return self._outputs(aws, id_, {**state, "modelPackageGroupName": id_}) if id_ in names else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        arn = aws.arn("sagemaker", f"model-package-group/{id_}")
        aws.client("sagemaker").add_tags(ResourceArn=arn, Tags=tag_list(new))
        return self._outputs(aws, id_, new)


KINDS = (
    Pipeline,
    ModelPackageGroup,
)
