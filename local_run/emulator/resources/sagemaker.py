"""Amazon SageMaker: pipelines and model package groups."""

from __future__ import annotations

from local_run.emulator.resources.base import (
    Aws,
    Properties,
    Upserted,
    given,
    or_none,
    pascal,
    present,
    tag_list,
    with_tags,
)


class Pipeline(Upserted):
    type = "aws:sagemaker/pipeline:Pipeline"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["pipelineName"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        name = str(inputs["pipelineName"])
        aws.client("sagemaker").create_pipeline(
            PipelineName=name, Tags=tag_list(inputs), **pipeline_arguments(inputs), **definition_arguments(aws, inputs)
        )
        return name, self._outputs(aws, name, inputs)

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return present(aws.client("sagemaker").describe_pipeline, PipelineName=id_)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("sagemaker").delete_pipeline, PipelineName=id_)

    def _outputs(self, aws: Aws, name: str, inputs: Properties) -> Properties:
        arn = aws.client("sagemaker").describe_pipeline(PipelineName=name)["PipelineArn"]
        return {**inputs, "arn": arn, "region": aws.region, **with_tags(inputs)}


class ModelPackageGroup(Upserted):
    type = "aws:sagemaker/modelPackageGroup:ModelPackageGroup"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["modelPackageGroupName"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        name = str(inputs["modelPackageGroupName"])
        aws.client("sagemaker").create_model_package_group(
            ModelPackageGroupName=name,
            **given(ModelPackageGroupDescription=inputs.get("modelPackageGroupDescription"), Tags=tag_list(inputs) or None),
        )
        return name, self._outputs(aws, name, inputs)

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        listed = aws.client("sagemaker").get_paginator("list_model_package_groups").paginate(NameContains=id_)
        return id_ in [item["ModelPackageGroupName"] for page in listed for item in page["ModelPackageGroupSummaryList"]]

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        if self.exists(aws, id_, state):
            aws.client("sagemaker").delete_model_package_group(ModelPackageGroupName=id_)

    def _outputs(self, aws: Aws, name: str, inputs: Properties) -> Properties:
        arn = aws.arn("sagemaker", f"model-package-group/{name}")
        return {**inputs, "arn": arn, "region": aws.region, **with_tags(inputs)}


def pipeline_arguments(inputs: Properties) -> Properties:
    return given(
        RoleArn=inputs.get("roleArn"),
        PipelineDisplayName=inputs.get("pipelineDisplayName"),
        PipelineDescription=inputs.get("pipelineDescription"),
        ParallelismConfiguration=pascal(inputs.get("parallelismConfiguration")),
    )


def definition_arguments(aws: Aws, inputs: Properties) -> Properties:
    """The definition is part of the resource, or an object in S3.

    The object is read here, because moto stores a Python dictionary instead of the object's text.
    """
    location = inputs.get("pipelineDefinitionS3Location")
    if location is None:
        return given(PipelineDefinition=inputs.get("pipelineDefinition"))
    version = given(VersionId=location.get("versionId"))
    stored = aws.client("s3").get_object(Bucket=location["bucket"], Key=location["objectKey"], **version)
    return {"PipelineDefinition": stored["Body"].read().decode()}


RESOURCES = (Pipeline, ModelPackageGroup)
