"""A SageMaker pipeline with its definition: rendered from the other resources, checked, and stored in S3 if it is large."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.context import StackContext
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
class DefinitionArgs:
    """What both pipelines' definitions are rendered from."""

    context: StackContext
    image_uri: Input[str]
    #: The stack's exports so far, by their field in :class:`contracts.outputs.StackOutputs`.
    outputs: Mapping[str, Input[str]]
    #: Roles by actor, such as pipeline, processing and model.
    role_arns: Mapping[str, Input[str]]
    #: What must exist before an execution may start: the pushed image, and the roles' policies.
    ready: Sequence[pulumi.Resource]


def rendered(args: DefinitionArgs, pipeline: str, **known: Input[str]) -> Output[str]:
    """The rendered definition, the one place where outputs of other resources enter it.

    ``pipeline`` names its template. ``known`` holds further values by template key.
    """
    settings, tags = args.context.settings, dict(args.context.tags)
    return Output.all(
        **{key: args.outputs[key] for key in names_from(Source.OUTPUT, pipeline)},
        **{key: args.role_arns[key.removesuffix("_role_arn")] for key in names_from(Source.ROLE, pipeline)},
        feature_image_uri=args.image_uri,
        kms_key_arn=args.context.key_arn,
        **known,
    ).apply(lambda values: render_definition(pipeline, settings, tags, values))


@dataclass(frozen=True)
class PipelineArgs:
    """One pipeline: the prefix of its resources' names, its component, its template, its physical name, and what it is for."""

    prefix: str
    parent: pulumi.Resource
    template: str
    name: str
    description: str


def create_pipeline(args: DefinitionArgs, pipeline: PipelineArgs, definition: Output[str]) -> aws.sagemaker.Pipeline:
    """The pipeline with its definition, or with a reference to it."""
    stored = _store(args, pipeline, definition) if is_stored(pipeline.template) else None
    return aws.sagemaker.Pipeline(
        f"{pipeline.prefix}-pipeline",
        pipeline_name=pipeline.name,
        pipeline_display_name=pipeline.name,
        pipeline_description=pipeline.description,
        pipeline_definition=None if stored else definition,
        pipeline_definition_s3_location={"bucket": stored.bucket, "object_key": stored.key} if stored else None,
        parallelism_configuration={"max_parallel_execution_steps": MAX_PARALLEL_STEPS},
        role_arn=args.role_arns["pipeline"],
        tags=args.context.tags,
        opts=ResourceOptions(parent=pipeline.parent, depends_on=args.ready),
    )


def _store(args: DefinitionArgs, pipeline: PipelineArgs, definition: Output[str]) -> aws.s3.BucketObjectv2:
    """The definition under its content hash, so that a changed definition is another object."""
    return aws.s3.BucketObjectv2(
        f"{pipeline.prefix}-definition",
        # The executor is stored after the bucket's policy and encryption exist, and so is the definition.
        bucket=Output.from_input(args.outputs["executor_uri"]).apply(lambda uri: uri.split("/")[2]),
        key=definition.apply(lambda text: f"definitions/{hashlib.sha256(text.encode()).hexdigest()}.json"),
        content=definition,
        content_type="application/json",
        tags=args.context.tags,
        opts=ResourceOptions(parent=pipeline.parent, retain_on_delete=True),
    )


def is_stored(pipeline: str) -> bool:
    """True if the definition is too large for the resource itself.

    The program must know its resources before it knows their outputs, so the size is that with example values.
    """
    values = example_values(sections=True, pipeline=pipeline)
    return len(render(read_template(pipeline), values)) > STORED_ABOVE_BYTES


def render_definition(pipeline: str, settings: Settings, tags: Mapping[str, str], known: Mapping[str, Any]) -> str:
    """Render and check a definition. ``known`` holds the values that resources supply, by template key.

    Raises:
        ProgramError: everything that ``pipeline_def check`` reports about the definition.
    """
    values = template_values(pipeline, {**known, "tags": tags}, settings, settings.region)
    try:
        return require_valid(render(read_template(pipeline), values), settings.region)
    except ProblemsError as error:
        raise ProgramError(error.subject, error.problems) from None
