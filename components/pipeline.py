"""The SageMaker pipeline, with its definition rendered from the other resources, and its model package group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.context import StackContext
from components.names import MODEL_PACKAGES
from contracts.problems import ProblemsError
from contracts.regions import deepar_image_uri
from pipeline_def.check import require_valid
from pipeline_def.keys import KmsValues, SpotValues, TemplateValues, VpcValues
from pipeline_def.render import render
from pipeline_def.template import read_template
from settings import ProgramError, Settings

MAX_PARALLEL_STEPS = 2
#: Exports of the stack that have the same name in the template.
FROM_OUTPUTS = ("executor_uri", "assets_bucket", "models_bucket", "execution_table", "feature_importance_table")


@dataclass(frozen=True)
class PipelineArgs:
    context: StackContext
    image_uri: Input[str]
    #: The stack's exports so far, by their field in :class:`contracts.outputs.StackOutputs`.
    outputs: Mapping[str, Input[str]]
    #: Roles by actor: pipeline, processing, training and model.
    role_arns: Mapping[str, Input[str]]
    #: What must exist before an execution may start: the pushed image, and the roles' policies.
    ready: Sequence[pulumi.Resource]


class Pipeline(pulumi.ComponentResource):
    """The pipeline and its model package group."""

    name: Output[str]
    arn: Output[str]
    model_package_group: Output[str]
    model_package_group_arn: Output[str]
    definition: Output[str]

    def __init__(self, name: str, args: PipelineArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:pipeline:Pipeline", name, {}, opts)
        self._name = name
        self._args = args
        self._context = args.context
        group = self._create_group()
        self.model_package_group = group.model_package_group_name
        self.model_package_group_arn = group.arn
        self.definition = self._definition()
        pipeline = self._create_pipeline()
        self.name = pipeline.pipeline_name
        self.arn = pipeline.arn
        self.register_outputs({"arn": self.arn, "model_package_group": self.model_package_group})

    def _create_group(self) -> aws.sagemaker.ModelPackageGroup:
        return aws.sagemaker.ModelPackageGroup(
            f"{self._name}-models",
            model_package_group_name=self._context.names.of(MODEL_PACKAGES),
            model_package_group_description="Models that passed the quality gate",
            tags=self._context.tags,
            opts=self._context.protected(self),
        )

    def _definition(self) -> Output[str]:
        """The rendered definition, the one place where outputs of other resources enter it."""
        args, settings, tags = self._args, self._context.settings, dict(self._context.tags)
        return Output.all(
            **{field: args.outputs[field] for field in FROM_OUTPUTS},
            **{f"{actor}_role_arn": args.role_arns[actor] for actor in ("processing", "training", "model")},
            feature_image_uri=args.image_uri,
            model_package_group=self.model_package_group,
            key_arn=self._context.key_arn,
        ).apply(lambda known: render_definition(settings, tags, known))

    def _create_pipeline(self) -> aws.sagemaker.Pipeline:
        return aws.sagemaker.Pipeline(
            f"{self._name}-pipeline",
            pipeline_name=self._context.names.pipeline,
            pipeline_display_name=self._context.names.pipeline,
            pipeline_description="Features, training, quality gate and registering of a forecasting model",
            pipeline_definition=self.definition,
            parallelism_configuration={"max_parallel_execution_steps": MAX_PARALLEL_STEPS},
            role_arn=self._args.role_arns["pipeline"],
            tags=self._context.tags,
            opts=ResourceOptions(parent=self, depends_on=self._args.ready),
        )


def render_definition(settings: Settings, tags: Mapping[str, str], known: Mapping[str, Any]) -> str:
    """Render and check the template. ``known`` holds the resources' outputs, by their field in :class:`TemplateValues`.

    Raises:
        ProgramError: every rule of ``pipeline_def check`` that the definition breaks.
    """
    values = TemplateValues(
        **{key: value for key, value in known.items() if key != "key_arn"},
        deepar_image_uri=deepar_image_uri(settings.region),
        log_sync_seconds=str(settings.log_sync_seconds),
        model_approval_status=settings.approval_status,
        processing_instance_type=settings.processing_instance_type,
        training_instance_type=settings.training_instance_type,
        processing_max_runtime_seconds=settings.processing_max_runtime_seconds,
        training_max_runtime_seconds=settings.training_max_runtime_seconds,
        tags=tags,
        vpc=_vpc(settings.subnet_ids, settings.security_group_ids),
        kms=KmsValues(known["key_arn"]) if known["key_arn"] else None,
        spot=SpotValues(settings.training_max_wait_seconds) if settings.managed_spot else None,
    )
    try:
        return require_valid(render(read_template(), values.mapping()), settings.region)
    except ProblemsError as error:
        raise ProgramError(error.subject, error.problems) from None


def _vpc(subnet_ids: Sequence[str], security_group_ids: Sequence[str]) -> VpcValues | None:
    return VpcValues(subnet_ids, security_group_ids) if subnet_ids else None
