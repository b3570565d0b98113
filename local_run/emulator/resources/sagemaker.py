"""Amazon SageMaker: pipelines and model package groups."""

from __future__ import annotations

from local_run.emulator.resources.base import Aws, Properties, Resource, given, or_none, pascal, tag_list, with_tags


class Pipeline(Resource):
    type = "aws:sagemaker/pipeline:Pipeline"
    replace_on = ("pipelineName", "region")

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["pipelineName"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        name = str(inputs["pipelineName"])
        aws.client("sagemaker").create_pipeline(
            PipelineName=name, Tags=tag_list(inputs), **_arguments(inputs), **_definition(aws, inputs)
        )
        return name, self._outputs(aws, name, inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("sagemaker").describe_pipeline, PipelineName=id_)
        if answer is None:
            return None
        found = {"pipelineName": id_, "roleArn": answer["RoleArn"]}
        if "pipelineDefinitionS3Location" not in state:  # as in AWS, the answer does not say where a definition came from
            found["pipelineDefinition"] = answer["PipelineDefinition"]
        return self._outputs(aws, id_, {**state, **found})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        aws.client("sagemaker").update_pipeline(PipelineName=id_, **_arguments(new), **_definition(aws, new))
        return self._outputs(aws, id_, new)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("sagemaker").delete_pipeline, PipelineName=id_)

    def _outputs(self, aws: Aws, name: str, inputs: Properties) -> Properties:
        arn = aws.client("sagemaker").describe_pipeline(PipelineName=name)["PipelineArn"]
        return {**inputs, "arn": arn, "region": aws.region, **with_tags(inputs)}


class ModelPackageGroup(Resource):
    type = "aws:sagemaker/modelPackageGroup:ModelPackageGroup"
    replace_on = ("modelPackageGroupName", "modelPackageGroupDescription", "region")

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

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        listed = aws.client("sagemaker").get_paginator("list_model_package_groups").paginate(NameContains=id_)
        names = [item["ModelPackageGroupName"] for page in listed for item in page["ModelPackageGroupSummaryList"]]
        return self._outputs(aws, id_, {**state, "modelPackageGroupName": id_}) if id_ in names else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        arn = aws.arn("sagemaker", f"model-package-group/{id_}")
        aws.client("sagemaker").add_tags(ResourceArn=arn, Tags=tag_list(new))
        return self._outputs(aws, id_, new)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        if self.read(aws, id_, state) is not None:
            aws.client("sagemaker").delete_model_package_group(ModelPackageGroupName=id_)

    def _outputs(self, aws: Aws, name: str, inputs: Properties) -> Properties:
        arn = aws.arn("sagemaker", f"model-package-group/{name}")
        return {**inputs, "arn": arn, "region": aws.region, **with_tags(inputs)}


def _arguments(inputs: Properties) -> Properties:
    return given(
        RoleArn=inputs.get("roleArn"),
        PipelineDisplayName=inputs.get("pipelineDisplayName"),
        PipelineDescription=inputs.get("pipelineDescription"),
        ParallelismConfiguration=pascal(inputs.get("parallelismConfiguration")),
    )


def _definition(aws: Aws, inputs: Properties) -> Properties:
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
