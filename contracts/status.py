"""Statuses of executions and steps, and their order.

Events come late, twice, in any order, or never, so every writer compares by (attempt, rank, time): a later attempt wins over an
earlier one, within an attempt the higher rank, within a rank the later time. A terminal status is final within its attempt.
Source: SageMaker API, PipelineExecutionStatus and StepStatus.
"""

from __future__ import annotations

CREATED = "Created"  # ours: the item exists, the pipeline execution does not yet
STARTING = "Starting"
EXECUTING = "Executing"
STOPPING = "Stopping"
STOPPED = "Stopped"
FAILED = "Failed"
SUCCEEDED = "Succeeded"

TERMINAL = frozenset({STOPPED, FAILED, SUCCEEDED})

#: One order for executions and steps. Terminal statuses share a rank: the first one in an attempt is final.
RANKS = {CREATED: 0, STARTING: 1, EXECUTING: 2, STOPPING: 3, STOPPED: 4, FAILED: 4, SUCCEEDED: 4}

#: An unknown status, which SageMaker may add one day, is kept unchanged and ranks below terminal ones.
UNKNOWN_RANK = 2

#: Kinds of executions.
TRAINING = "training"
FORECAST = "forecast"
#: The same training without dynamic features; never registered.
ABLATION = "ablation"

REGISTERED = "Registered"
NOT_REGISTERED = "NotRegistered"
#: Outcome of an execution of the forecast pipeline.
PUBLISHED = "Published"

#: Step names of the training pipeline, shared by the definition, the handlers and the reports.
PROCESSING_STEP = "FeatureEngineering"
TRAINING_STEP = "Training"
CREATE_MODEL_STEP = "CreateModel"
BACKTEST_STEP = "Backtest"
EVALUATION_STEP = "Evaluation"
GATE_STEP = "QualityGate"
REGISTER_STEP = "RegisterModel"
STEPS = (
    PROCESSING_STEP,
    TRAINING_STEP,
    CREATE_MODEL_STEP,
    BACKTEST_STEP,
    EVALUATION_STEP,
    GATE_STEP,
    REGISTER_STEP,
)

#: Step names of the forecast pipeline, which also has a step CreateModel.
PREPARE_STEP = "Prepare"
FORECAST_STEP = "Forecast"
PUBLISH_STEP = "Publish"
FORECAST_STEPS = (PREPARE_STEP, CREATE_MODEL_STEP, FORECAST_STEP, PUBLISH_STEP)

#: EventBridge's detail-types of a pipeline's state changes.
EXECUTION_EVENT = "SageMaker Model Building Pipeline Execution Status Change"
STEP_EVENT = "SageMaker Model Building Pipeline Execution Step Status Change"


def rank(status: str) -> int:
    """Return the rank of a status; an unknown status ranks like Executing."""
    return RANKS.get(status, UNKNOWN_RANK)


def is_terminal(status: str) -> bool:
    """Return whether a status ends its attempt."""
    return status in TERMINAL
