"""Environment variables that the definition hands to the processing container, and the executor to the step."""

from __future__ import annotations

EXECUTION_TABLE = "EXECUTION_TABLE"
FEATURE_IMPORTANCE_TABLE = "FEATURE_IMPORTANCE_TABLE"
ASSETS_BUCKET = "ASSETS_BUCKET"
MODELS_BUCKET = "MODELS_BUCKET"
LOG_SYNC_SECONDS = "LOG_SYNC_SECONDS"
LOG_SYNC_SECONDS_DEFAULT = "10"

#: The pipeline execution the container runs for: the step refuses an execution item that belongs to another one.
PIPELINE_EXECUTION_ARN = "PIPELINE_EXECUTION_ARN"

#: JSON list, from the pipeline's parameter ``test_quantiles``: the baseline is scored at the quantiles that DeepAR reports.
TEST_QUANTILES = "TEST_QUANTILES"

#: Stands before ``/opt/ml`` when the step runs as a process; unset (empty) in a container.
CONTAINER_ROOT = "CONTAINER_ROOT"


def handler_variable(output: str) -> str:
    """The variable by which a handler gets one of the stack's exports: ``execution_table`` → ``EXECUTION_TABLE``."""
    return output.upper()
