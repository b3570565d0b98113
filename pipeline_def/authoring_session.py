"""A SageMaker session that never leaves this machine: made-up region and credentials, no default bucket looked up."""

from __future__ import annotations

import logging

import boto3
from sagemaker.core.workflow.pipeline_context import PipelineSession

from pipeline_def.placeholders import AUTHORING_REGION


def offline_session() -> PipelineSession:
    """A session for building steps (see :mod:`pipeline_def.authoring_environment`, which comes first)."""
    # The SDK reports each job name it leaves out of a definition as a warning, which is what is wanted here.
    logging.getLogger("sagemaker").setLevel(logging.ERROR)
    session = boto3.Session(region_name=AUTHORING_REGION)
    return PipelineSession(boto_session=session, default_bucket="unused")
