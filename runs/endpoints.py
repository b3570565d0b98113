"""Endpoints for a limited time: a model of the registry behind one, its row in the maintenance table, and its end.

The row is stored before anything is created, so an interrupted creation is found and deleted by the clean-up.
Source: Amazon SageMaker API, CreateModel, CreateEndpointConfig, CreateEndpoint and DescribeEndpoint.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contracts import job_rules
from contracts.parameters import INSTANCE_TYPE_PATTERN
from contracts.problems import Problem, ProblemsError, one_problem
from contracts.status import CREATE_MODEL_STEP, FORECAST_STEP
from contracts.tables import ENDPOINT_DELETED, EndpointAttribute
from contracts.times import to_iso
from runs.aws_errors import code_of, is_transient, message_of
from runs.endpoint_removal import remove_endpoint
from runs.endpoint_rows import EndpointRows, Row
from runs.models import approval_problems, model_package
from runs.ownership import OWNER_TAGS, is_gone, own_tags
from runs.pipeline_start import deployed_definition
from runs.stack import Stack

#: Inference with DeepAR needs little memory and no GPU.
DEFAULT_INSTANCE_TYPE = "ml.m5.large"
LIFE_MIN, LIFE_MAX = timedelta(minutes=15), timedelta(days=7)
LIFE_ALLOWED = "allowed: from 15m to 7d, such as 30m, 2h or 1d"
IN_SERVICE, CREATING, UPDATING, FAILED, GONE = "InService", "Creating", "Updating", "Failed", "not found"
#: Word in the names, which permissions and policies name; short, because a pipeline's name leaves 17 characters of 63.
NAMED = "ep"
POLL_SECONDS = 10.0
#: SageMaker gives up on an endpoint whose container does not answer long before.
WAIT_MINUTES = 30
_LIFE = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>[mhd])", re.ASCII)
#: SageMaker deletes no endpoint with such a status.
_DOING = {CREATING: "created", UPDATING: "updated"}
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as its row and SageMaker describe it. ``status`` is SageMaker's, or :data:`GONE`."""

    name: str
    status: str
    row: Mapping[str, Any]

    @property
    def delete_after(self) -> str:
        """When the clean-up deletes it, as stored."""
        return str(self.row.get(EndpointAttribute.DELETE_AFTER, ""))


@dataclass(frozen=True)
class _Deployed:
    """What the stack gives to each of its models and to their instances, as its forecast pipeline has it."""

    model: Mapping[str, Any]  # arguments of CreateModel
    key: str  # of the instances' volumes; empty if AWS manages it

    @property
    def tags(self) -> list[dict[str, str]]:
        return list(self.model["Tags"])

    @property
    def owner(self) -> dict[str, str]:
        """The tags that say to which stack a resource belongs."""
        return {tag["Key"]: tag["Value"] for tag in self.tags if tag["Key"] in OWNER_TAGS}


def create(stack: Stack, package_arn: str, life: str, instance_type: str = DEFAULT_INSTANCE_TYPE) -> Endpoint:
    """Create an endpoint with an approved model, which exists for a time such as ``2h`` and costs money until it is deleted.

    If SageMaker refuses a part, what was created before it is deleted again. If that is not certain, the error has a note with
    the endpoint's name, and its row stays for the clean-up.

    Raises:
        ProblemsError: the model is not an approved one of ours, or the time or the instance type is not allowed.
        ClientError: SageMaker refuses the endpoint, for example because of a quota.
        BotoCoreError: SageMaker's answer is unknown.
    """
    model = model_package(stack, package_arn)
    deployed = _deployed(stack)
    duration = read_life(life)
    problems = [*approval_problems(model), *_instance_problems(instance_type, deployed)]
    if duration is None or problems:
        found = [] if duration else [Problem("--for", life, LIFE_ALLOWED)]
        raise ProblemsError("endpoint", [*problems, *found])
    name = f"{stack.outputs.pipeline_name}-{NAMED}-v{model.version}-{secrets.token_hex(3)}"
    now = datetime.now(UTC)
    values = {
        EndpointAttribute.DELETE_AFTER: to_iso(now + duration),
        EndpointAttribute.MODEL_PACKAGE_ARN: model.arn,
        EndpointAttribute.TEMPLATE_ID: str(model.template.get("id", "")),
        EndpointAttribute.INSTANCE_TYPE: instance_type,
        EndpointAttribute.CREATED_AT: to_iso(now),
    }
    EndpointRows(stack).create(name, values)
    try:
        _create(stack, name, model.arn, instance_type, deployed)
    except (BotoCoreError, ClientError) as error:
        if not _undone(stack, name, deployed.owner, error):
            deleted = f"the clean-up deletes it within an hour of {values[EndpointAttribute.DELETE_AFTER]}"
            error.add_note(f"endpoint {name} may exist: `runs endpoint list` shows it, and {deleted}")
        raise
    return Endpoint(name, CREATING, {EndpointAttribute.NAME: name, **values})


def delete(stack: Stack, name: str) -> bool:
    """Delete an endpoint with its configuration and model, and note it. False: it was deleted before.

    Raises:
        ProblemsError: the table does not list it, it belongs to another stack, or SageMaker still creates or updates it.
        ClientError: SageMaker refuses.
    """
    row = _row(stack, name)
    if row.get(EndpointAttribute.STATUS) == ENDPOINT_DELETED:
        return False
    try:
        removed = remove_endpoint(stack, name, own_tags(stack))
    except ClientError as error:
        if (status := _described(stack, name)[0]) not in _DOING:
            raise
        wait = f"try again in a few minutes, or the clean-up deletes it after {Endpoint(name, status, row).delete_after}"
        raise one_problem("endpoint", name, status, f"it is still being {_DOING[status]}; {wait}") from error
    if not removed:
        raise one_problem("endpoint", "endpoint", name, "its tags are those of another stack; delete it there")
    EndpointRows(stack).note_deleted(name)
    return True


def endpoint(stack: Stack, name: str) -> Endpoint:
    """Return an endpoint that the table lists.

    Raises:
        ProblemsError: the table does not list it.
    """
    return Endpoint(name, _described(stack, name)[0], _row(stack, name))


def endpoints(stack: Stack, template_id: str | None = None) -> Iterator[Endpoint]:
    """Yield the endpoints that are not deleted yet, of one template if named, by the time of their deletion."""
    for row in EndpointRows(stack).in_service():
        if template_id in (None, row.get(EndpointAttribute.TEMPLATE_ID)):
            name = str(row[EndpointAttribute.NAME])
            yield Endpoint(name, _described(stack, name)[0], row)


def wait_in_service(stack: Stack, name: str) -> None:
    """Return once an endpoint answers requests.

    Raises:
        ProblemsError: its creation failed, with SageMaker's reason, or takes longer than :data:`WAIT_MINUTES`.
    """
    down = f"delete it with `runs endpoint down {name}`"
    for _ in range(int(WAIT_MINUTES * 60 / POLL_SECONDS)):
        status, reason = _described(stack, name)
        if status == IN_SERVICE:
            return
        if status in (FAILED, GONE):
            raise one_problem("endpoint", name, status, f"SageMaker's reason: {reason or 'none'}; {down}")
        stack.sleep(POLL_SECONDS)
    raise one_problem("endpoint", name, status, f"it is not in service after {WAIT_MINUTES} minutes; {down}")


def read_life(text: str) -> timedelta | None:
    """Return how long an endpoint is to exist, from a text such as ``2h``; None if that is not allowed."""
    match = _LIFE.fullmatch(text)
    life = timedelta(**{_UNITS[match["unit"]]: int(match["count"])}) if match else None
    return life if life is not None and LIFE_MIN <= life <= LIFE_MAX else None


def _described(stack: Stack, name: str) -> tuple[str, str]:
    """SageMaker's status of an endpoint and the reason of its failure."""
    try:
        found = stack.sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if not is_gone(error):
            raise
        return GONE, ""
    return str(found["EndpointStatus"]), str(found.get("FailureReason", ""))


def _row(stack: Stack, name: str) -> Row:
    row = EndpointRows(stack).get(name)
    if row is None:
        raise one_problem("endpoint", "endpoint", name, "not found; see `runs endpoint list`")
    return row


def _instance_problems(instance_type: str, deployed: _Deployed) -> Iterator[Problem]:
    if not re.fullmatch(INSTANCE_TYPE_PATTERN, instance_type):
        yield Problem("--instance-type", instance_type, f"allowed: a SageMaker instance type such as {DEFAULT_INSTANCE_TYPE}")
    elif deployed.key and job_rules.has_local_storage(instance_type):
        allowed = f"the stack encrypts with a key of its own; allowed: {job_rules.WITHOUT_LOCAL_STORAGE}"
        yield Problem("--instance-type", instance_type, allowed)


def _deployed(stack: Stack) -> _Deployed:
    name = stack.outputs.forecast_pipeline_name
    steps = {step["Name"]: step["Arguments"] for step in deployed_definition(stack, name)["Steps"]}
    if not {CREATE_MODEL_STEP, FORECAST_STEP} <= steps.keys():
        allowed = f"it must have the steps {CREATE_MODEL_STEP} and {FORECAST_STEP}; deploy the stack again"
        raise one_problem("endpoint", f"definition of {name}", list(steps), allowed)
    key = steps[FORECAST_STEP]["TransformResources"].get("VolumeKmsKeyId", "")
    return _Deployed(steps[CREATE_MODEL_STEP], str(key))


def _create(stack: Stack, name: str, package_arn: str, instance_type: str, deployed: _Deployed) -> None:
    """Create the model, its configuration and the endpoint, all of one name."""
    container = {"PrimaryContainer": {"ModelPackageName": package_arn}}
    stack.sagemaker.create_model(**{**deployed.model, **container, "ModelName": name})
    variant = {"VariantName": "model", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": instance_type}
    encryption = {"KmsKeyId": deployed.key} if deployed.key else {}
    request = {"EndpointConfigName": name, "Tags": deployed.tags}
    stack.sagemaker.create_endpoint_config(ProductionVariants=[variant], **request, **encryption)
    stack.sagemaker.create_endpoint(EndpointName=name, **request)


def _undone(stack: Stack, name: str, owner: Mapping[str, str], error: Exception) -> bool:
    """Delete what was created. False: a part may still exist, so the row stays, and the clean-up deletes it when it is due."""
    try:
        removed = remove_endpoint(stack, name, owner)
        # Without a definite answer, the part that failed may appear after it was looked for.
        if not removed or not isinstance(error, ClientError) or is_transient(error):
            return False
        EndpointRows(stack).note_deleted(name, f"{code_of(error)}: {message_of(error)}")
    except (BotoCoreError, ClientError):
        return False
    return True
