"""Environment variables of the processing container (set by the definition or the executor) and of the handlers."""

from __future__ import annotations

EXECUTION_TABLE = "EXECUTION_TABLE"
ASSETS_BUCKET = "ASSETS_BUCKET"
MODELS_BUCKET = "MODELS_BUCKET"
#: Of the publishing step only.
PREDICTION_TABLE = "PREDICTION_TABLE"
LOG_SYNC_SECONDS = "LOG_SYNC_SECONDS"
LOG_SYNC_SECONDS_DEFAULT = "10"

#: The pipeline execution of the container. The step refuses the item of another pipeline execution.
PIPELINE_EXECUTION_ARN = "PIPELINE_EXECUTION_ARN"

#: JSON list, from the pipeline's parameter ``test_quantiles``: the baseline is scored at the quantiles that DeepAR reports.
TEST_QUANTILES = "TEST_QUANTILES"

#: Root of the container's file system: unset in a container, a temporary folder if the step runs as a process.
CONTAINER_ROOT = "CONTAINER_ROOT"


def handler_variable(output: str) -> str:
    """Return the variable that holds one of the stack's exports: ``EXECUTION_TABLE`` for ``execution_table``."""
    return output.upper()
