"""Ids of executions, templates and assets, and the request token that is derived from an execution id."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import UTC, datetime

from contracts.problems import Problem, ProblemsError

EXECUTION_ID_MAX = 63
EXECUTION_ID_PATTERN = r"^[A-Za-z0-9](-*[A-Za-z0-9])*$"
_EXECUTION_ID = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9])*")
_ALLOWED = "allowed: 1 to 63 letters, digits and hyphens, starting and ending with a letter or digit"

ASSET_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$"
ASSET_ALLOWED = "1 to 64 letters, digits, dots, hyphens and underscores, starting and ending with a letter or digit"
TEMPLATE_ID_PATTERN = EXECUTION_ID_PATTERN
_ID_MAX_TEMPLATE = 40
_ABLATION = "-ablation"
ABLATED_ID_MAX = EXECUTION_ID_MAX - len(_ABLATION)
#: An execution id adds a time and a suffix of up to five characters.
ABLATED_TEMPLATE_ID_MAX = ABLATED_ID_MAX - len("-20260101-000000-") - 5


def execution_id_problem(value: object, where: str = "execution id") -> Problem | None:
    """Return the problem of an ExecutionId, or None. The pattern must match in full, so a trailing newline is refused."""
    if isinstance(value, str) and len(value) <= EXECUTION_ID_MAX and _EXECUTION_ID.fullmatch(value):
        return None
    return Problem(where, value, _ALLOWED)


def check_execution_id(value: object) -> str:
    """Return the id itself.

    Raises:
        ProblemsError: the id is not allowed.
    """
    problem = execution_id_problem(value)
    if problem is not None:
        raise ProblemsError("execution", [problem])
    return str(value)


def template_id_problem(value: object, where: str = "template id") -> Problem | None:
    """Return the problem of a template id, or None. It is shorter, because execution ids add a time and a suffix to it."""
    if isinstance(value, str) and len(value) <= _ID_MAX_TEMPLATE and _EXECUTION_ID.fullmatch(value):
        return None
    return Problem(where, value, _ALLOWED.replace("63", str(_ID_MAX_TEMPLATE)))


def new_execution_id(template_id: str, moment: datetime | None = None, suffix: str = "") -> str:
    """Return ``<template>-<UTC time>-<suffix>``, which is readable and sorts by time within a template.

    The default suffix is random, so the id is never used twice. With a given suffix the same moment gives the same id.
    """
    time = (moment or datetime.now(UTC)).astimezone(UTC).strftime("%Y%m%d-%H%M%S")
    return f"{template_id}-{time}-{suffix or secrets.token_hex(2)}"


def ablation_id(execution_id: str) -> str:
    """Return the id of an execution's ablation; it is allowed if the execution's id has at most ABLATED_ID_MAX characters."""
    return execution_id + _ABLATION


def promoted_execution_id(execution_id: str, model_package_arn: str) -> str:
    """Return the id under which another stack keeps the files of a model: the training's id and a digest of the model package.

    No execution of that stack has it, and promoting the same model again gives the same id.
    """
    digest = hashlib.sha256(model_package_arn.encode()).hexdigest()[:12]
    return f"{execution_id[: EXECUTION_ID_MAX - len(digest) - 1].rstrip('-')}-{digest}"


def client_request_token(execution_id: str) -> str:
    """Return the ClientRequestToken (64 characters) with which repeated starts of an execution start it once."""
    return hashlib.sha256(execution_id.encode()).hexdigest()
