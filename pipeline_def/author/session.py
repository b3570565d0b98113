"""What every step is authored with: a session that never leaves this machine, the parameters, the prefix to write to."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import boto3
from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.parameters import Parameter
from sagemaker.core.workflow.pipeline_context import PipelineSession

from contracts import layout, parameters
from pipeline_def.template.keys import AUTHORING_REGION, TEXT


def offline_session() -> PipelineSession:
    """A session for building steps (see :mod:`pipeline_def.author.environment`, which comes first)."""
    # The SDK reports each job name it leaves out of a definition as a warning, which is what is wanted here.
    logging.getLogger("sagemaker").setLevel(logging.ERROR)
    session = boto3.Session(region_name=AUTHORING_REGION)
    return PipelineSession(boto_session=session, default_bucket="unused")


@dataclass(frozen=True)
class Authoring:
    """What every step is made with: the offline session and the pipeline's parameters by name."""

    session: PipelineSession
    parameters: dict[str, Parameter]

    def under_execution(self, *path: str) -> Join:
        """``s3://<models bucket>/executions/<ExecutionId>/<path>``: the only prefix an execution writes to."""
        root = f"s3://{TEXT['models_bucket']}/{layout.EXECUTIONS_PREFIX}"
        return Join(on="/", values=[root, self.parameters[parameters.EXECUTION_ID], *path])
