"""The SageMaker pipeline, with its definition rendered from the other resources, and its model package group."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.context import StackContext
from components.names import MODEL_PACKAGES
from contracts.problems import ProblemsError
from pipeline_def.check.phases import require_valid
from pipeline_def.template.keys import Source, example_values, names_from, template_values
from pipeline_def.template.render import render
from pipeline_def.template.text import read_template
from settings import ProgramError, Settings

MAX_PARALLEL_STEPS = 2
#: A larger definition is stored in the pipeline bucket. Source: Amazon SageMaker developer guide, "Define a pipeline".
STORED_ABOVE_BYTES = 100_000


@dataclass(frozen=True)
class PipelineArgs:
    context: StackContext
    image_uri: Input[str]
    #: The stack's exports so far, by their field in :class:`contracts.outputs.StackOutputs`.
    outputs: Mapping[str, Input[str]]
    #: Roles by actor: pipeline, processing, training, model and evaluation.
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
            **{key: args.outputs[key] for key in names_from(Source.OUTPUT)},
            **{key: args.role_arns[key.removesuffix("_role_arn")] for key in names_from(Source.ROLE)},
            feature_image_uri=args.image_uri,
            model_package_group=self.model_package_group,
            kms_key_arn=self._context.key_arn,
        ).apply(lambda known: render_definition(settings, tags, known))

    def _create_pipeline(self) -> aws.sagemaker.Pipeline:
        stored = self._store_definition() if is_stored() else None
        return aws.sagemaker.Pipeline(
            f"{self._name}-pipeline",
            pipeline_name=self._context.names.pipeline,
            pipeline_display_name=self._context.names.pipeline,
            pipeline_description="Features, training, backtest, evaluation, quality gate and registration of a model",
            pipeline_definition=None if stored else self.definition,
            pipeline_definition_s3_location={"bucket": stored.bucket, "object_key": stored.key} if stored else None,
            parallelism_configuration={"max_parallel_execution_steps": MAX_PARALLEL_STEPS},
            role_arn=self._args.role_arns["pipeline"],
            tags=self._context.tags,
            opts=ResourceOptions(parent=self, depends_on=self._args.ready),
        )

    def _store_definition(self) -> aws.s3.BucketObjectv2:
        """The definition under its content hash, so that a changed definition is another object."""
        return aws.s3.BucketObjectv2(
            f"{self._name}-definition",
            # The executor is stored after the bucket's policy and encryption exist, and so is the definition.
            bucket=Output.from_input(self._args.outputs["executor_uri"]).apply(lambda uri: uri.split("/")[2]),
            key=self.definition.apply(lambda text: f"definitions/{hashlib.sha256(text.encode()).hexdigest()}.json"),
            content=self.definition,
            content_type="application/json",
            tags=self._context.tags,
            opts=ResourceOptions(parent=self, retain_on_delete=True),
        )


def is_stored() -> bool:
    """True if the definition is too large for the resource itself.

    The program must know its resources before it knows their outputs, so the size is that with example values.
    """
    return len(render(read_template(), example_values(sections=True))) > STORED_ABOVE_BYTES


def render_definition(settings: Settings, tags: Mapping[str, str], known: Mapping[str, Any]) -> str:
    """Render and check the definition. ``known`` holds the values that resources supply, by template key.

    Raises:
        ProgramError: everything that ``pipeline_def check`` reports about the definition.
    """
    values = template_values({**known, "tags": tags}, settings, settings.region)
    try:
        return require_valid(render(read_template(), values), settings.region)
    except ProblemsError as error:
        raise ProgramError(error.subject, error.problems) from None
