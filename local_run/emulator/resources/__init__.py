"""Resource types of the AWS and Docker providers, created in the emulator with boto3; one AWS service per file.

:data:`RESOURCES` and :data:`INVOKES` contain all supported types and functions. For others, an error names the token.
"""

from __future__ import annotations

from collections.abc import Mapping

from contracts.problems import nearest, one_problem
from local_run.emulator.resources import (
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
from local_run.emulator.resources.base import Aws, Properties, Resource
from local_run.emulator.resources.invokes import INVOKES, SECRET_FIELDS, Invoke

_MODULES = (s3, s3_objects, dynamodb, ecr, docker, iam, sagemaker, functions, events, cloudwatch, sqs, sns, scheduler, kms)

RESOURCES: Mapping[str, Resource] = {kind.type: kind() for module in _MODULES for kind in module.RESOURCES}


def resource_of(type_: str) -> Resource:
    """Return the resource type of a token; :class:`~contracts.problems.ProblemsError` if it is unknown."""
    if type_ not in RESOURCES:
        raise _unknown("resource type", type_, RESOURCES)
    return RESOURCES[type_]


def invoke_of(token: str) -> Invoke:
    """Return the provider function of a token; :class:`~contracts.problems.ProblemsError` if it is unknown."""
    if token not in INVOKES:
        raise _unknown("provider function", token, INVOKES)
    return INVOKES[token]


def _unknown(kind: str, token: str, known: Mapping[str, object]) -> Exception:
    hint = nearest(token, known)
    allowed = f"the emulator does not know it; {hint} known: {', '.join(sorted(known))}"
    return one_problem("local deployment", kind, token, allowed.replace(";  ", "; "))


__all__ = ["INVOKES", "RESOURCES", "SECRET_FIELDS", "Aws", "Properties", "Resource", "invoke_of", "resource_of"]
