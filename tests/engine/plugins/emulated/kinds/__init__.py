"""The resource types of :mod:`local_run.emulator.resources` with what only the engine needs."""

from __future__ import annotations

from collections.abc import Mapping

from emulated.kinds import (
    cloudwatch,
    docker,
    dynamodb,
    ecr,
    events,
    functions,
    iam,
    kms,
    s3,
    s3_objects,
    sagemaker,
    scheduler,
    sns,
    sqs,
)
from emulated.kinds.changeable import Changeable
from local_run.emulator.resources import resource_of

_MODULES = (cloudwatch, docker, dynamodb, ecr, events, functions, iam, kms, s3, s3_objects, sagemaker, scheduler, sns, sqs)

KINDS: Mapping[str, Changeable] = {kind.type: kind() for module in _MODULES for kind in module.KINDS}


def kind_of(type_: str) -> Changeable:
    """Return the resource type of a token; :class:`~contracts.problems.ProblemsError` if it is unknown."""
    return KINDS[resource_of(type_).type]
