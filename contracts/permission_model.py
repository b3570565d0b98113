"""What a permission is made of: kinds of resources, statements, actors. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

SAGEMAKER = "sagemaker.amazonaws.com"
LAMBDA = "lambda.amazonaws.com"
SCHEDULER = "scheduler.amazonaws.com"


class Kind(StrEnum):
    """What a statement may name; ``components.arns`` knows the ARNs of each in a stack."""

    ANY = "*"  # only for actions that AWS gives no resource level
    ASSETS_BUCKET = "assets-bucket"
    ASSET_OBJECTS = "asset-objects"
    MODELS_BUCKET = "models-bucket"
    EXECUTION_OBJECTS = "execution-objects"
    EVALUATION_OBJECTS = "evaluation-objects"
    CHANNEL_OBJECTS = "channel-objects"
    MODEL_OBJECTS = "model-objects"
    PIPELINE_BUCKET = "pipeline-bucket"
    EXECUTOR_OBJECTS = "executor-objects"
    ASSET_TABLE = "asset-table"
    TEMPLATE_TABLE = "template-table"
    EXECUTION_TABLE = "execution-table"
    EXECUTION_INDEX = "execution-index"
    EVENT_TABLE = "event-table"
    ENDPOINT_TABLE = "endpoint-table"
    ENDPOINT_INDEX = "endpoint-index"
    PREDICTION_TABLE = "prediction-table"
    FEATURE_IMPORTANCE_TABLE = "feature-importance-table"
    REPOSITORY = "repository"
    DEEPAR_REPOSITORY = "deepar-repository"
    PIPELINE = "pipeline"
    PIPELINE_EXECUTIONS = "pipeline-executions"
    PROCESSING_JOBS = "processing-jobs"
    TRAINING_JOBS = "training-jobs"
    MODELS = "models"
    MODEL_PACKAGE_GROUP = "model-package-group"
    MODEL_PACKAGES = "model-packages"
    ENDPOINTS = "endpoints"
    PROCESSING_ROLE = "processing-role"
    TRAINING_ROLE = "training-role"
    MODEL_ROLE = "model-role"
    PROCESSING_LOGS = "processing-logs"
    TRAINING_LOGS = "training-logs"
    INFERENCE_LOGS = "inference-logs"
    OWN_LOGS = "own-logs"
    DEAD_LETTERS = "dead-letters"
    SCHEDULED_FUNCTIONS = "scheduled-functions"
    NETWORK_INTERFACES = "network-interfaces"
    SUBNETS = "subnets"
    SECURITY_GROUPS = "security-groups"
    KEY = "key"


Condition = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Statement:
    """One thing an actor may do.

    ``when`` names what the stack must have for it: a key of its own choice, or a VPC. ``by`` names the AWS service that makes
    these calls itself, where our code makes none of them: no record of our calls can show that they are needed.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[Kind, ...]
    why: str
    conditions: Condition = field(default_factory=dict)
    when: Literal["always", "key", "vpc"] = "always"
    by: str = ""


@dataclass(frozen=True)
class Actor:
    """Who acts: the service that takes on the role (None: a person, no role is deployed), and what it may do."""

    name: str
    service: str | None
    purpose: str
    statements: tuple[Statement, ...]
