"""What every step is authored with: an offline session, the parameters, and the prefix for outputs."""

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
    """A session for building steps. Call :func:`pipeline_def.author.environment.prepare_environment` first."""
    # The SDK warns about each job name that it omits from a definition; here that is intended.
    logging.getLogger("sagemaker").setLevel(logging.ERROR)
    session = boto3.Session(region_name=AUTHORING_REGION)
    return PipelineSession(boto_session=session, default_bucket="unused")


@dataclass(frozen=True)
class Authoring:
    """The offline session, and the pipeline's parameters by name."""

    session: PipelineSession
    parameters: dict[str, Parameter]

    def under_execution(self, *path: str) -> Join:
        """``s3://<models bucket>/executions/<ExecutionId>/<path>``, under the only prefix that an execution writes to."""
        root = f"s3://{TEXT['models_bucket']}/{layout.EXECUTIONS_PREFIX}"
        return Join(on="/", values=[root, self.parameters[parameters.EXECUTION_ID], *path])
