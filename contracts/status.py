"""Statuses of executions and steps, and the order in which one may follow another.

Events come late, twice and in any order (or never), so every writer compares by (attempt, rank, time): a later attempt wins
over an earlier one, within an attempt the higher rank, within a rank the later time. Terminal statuses are sticky within
their attempt.
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

#: One order for executions and steps. Terminal statuses share a rank: the first one seen in an attempt stays.
RANKS = {CREATED: 0, STARTING: 1, EXECUTING: 2, STOPPING: 3, STOPPED: 4, FAILED: 4, SUCCEEDED: 4}

#: A status that SageMaker may add one day is kept as it came, and ranks below terminal ones.
UNKNOWN_RANK = 2

REGISTERED = "Registered"
NOT_REGISTERED = "NotRegistered"

#: Step names of the pipeline, which the definition, the handlers and the reports share.
PROCESSING_STEP = "FeatureEngineering"
TRAINING_STEP = "Training"
GATE_STEP = "QualityGate"
CREATE_MODEL_STEP = "CreateModel"
REGISTER_STEP = "RegisterModel"
STEPS = (PROCESSING_STEP, TRAINING_STEP, GATE_STEP, CREATE_MODEL_STEP, REGISTER_STEP)


#: EventBridge's detail-types of a pipeline's state changes.
EXECUTION_EVENT = "SageMaker Model Building Pipeline Execution Status Change"
STEP_EVENT = "SageMaker Model Building Pipeline Execution Step Status Change"


def rank(status: str) -> int:
    """The rank of a status; unknown ones rank as Executing."""
    return RANKS.get(status, UNKNOWN_RANK)


def is_terminal(status: str) -> bool:
    return status in TERMINAL
