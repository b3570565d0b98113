"""The stack's configuration as typed, bounded values. Defaults live in ``Pulumi.yaml`` alone; this module holds none.

:func:`load` is for the program, :func:`parse` for whoever has the configuration as a mapping. Both report all problems at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal

import pulumi
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic.alias_generators import to_camel

from contracts import strict_json
from contracts.ids import TEMPLATE_ID_PATTERN
from contracts.parameters import INSTANCE_TYPE_PATTERN, has_local_storage
from contracts.problems import Problem, ProblemsError, nearest
from contracts.regions import partition, region_problem
from contracts.schedule_expression import is_hourly_at_most, is_schedule

REGION_KEY = "aws:region"
#: Names of projects and stacks become part of all others; those of ECR repositories allow the least.
SLUG_PATTERN = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
PROJECT_NAME_MAX = 25
STACK_NAME_MAX = 40
MASK = "[secret]"
#: Built-in algorithms without checkpoints, DeepAR among them, may wait and train no longer than this on spot capacity.
SPOT_MAX_WAIT_SECONDS = 3600
#: What CloudWatch Logs takes as a retention.
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip

_BUCKET = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
_KEY_ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+"
_BOUNDARY_ARN = r"arn:aws[a-z-]*:iam::(?:[0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]{1,512}"
_TAG = r"[A-Za-z0-9](?:[A-Za-z0-9 _.:/=+@-]{0,254}[A-Za-z0-9])?"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REGISTRY = r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?/)?"
_IMAGE_TAG = r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_IMAGE = rf"{_REGISTRY}{_COMPONENT}(?:/{_COMPONENT})*(?:{_IMAGE_TAG}|(?:{_IMAGE_TAG})?@sha256:[0-9a-f]{{64}})"
EMAIL_MAX, EMAIL_LOCAL_MAX = 254, 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = rf"^$|^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}$"
_RESERVED_BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", "--x-s3", "--table-s3")
_NOT_RESERVED = f"not beginning with {' '.join(_RESERVED_BEGINNINGS)} nor ending with {' '.join(_RESERVED_ENDS)}"
_IDENTITY = ("project", "stack", "region")
_OWN_BUCKETS = ("assetsBucketName", "modelsBucketName", "pipelineBucketName")
#: Values that say nothing of whose stack it is.
_CHOICES = ("", "aws", "create", "PendingManualApproval", "Approved")
_INSTANCE = "a SageMaker instance type such as ml.m5.xlarge"


def _integer(value: object) -> object:
    """Configuration arrives as text; ``1.0``, ``1e3`` and ``1_000`` are no whole numbers here."""
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,9}", value):
        raise ValueError("not a whole number")
    return value


def _boolean(value: object) -> object:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError("neither true nor false")
        return value == "true"
    return value


def _texts(value: object) -> object:
    return strict_json.parse(value) if isinstance(value, str) else value


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("an id stands there twice")
    return values


def _concurrency(value: int) -> int:
    if value == 0:
        raise ValueError("it would switch every function off")
    return value


def _retention(value: int) -> int:
    if value not in LOG_RETENTION_DAYS:
        raise ValueError("CloudWatch does not offer it")
    return value


def _immutable(value: str) -> str:
    if value.endswith(":latest"):
        raise ValueError("another image tomorrow")
    return value


def _unreserved(value: str) -> str:
    if value.startswith(_RESERVED_BEGINNINGS) or value.endswith(_RESERVED_ENDS):
        raise ValueError("S3 keeps such names for itself")
    return value


def _schedule(value: str) -> str:
    """Each time trains a model: more often than once an hour is a slip, and dear."""
    if value and not (is_schedule(value) and is_hourly_at_most(value)):
        raise ValueError("no schedule expression for retraining")
    return value


def _address(value: str) -> str:
    if value.find("@") > EMAIL_LOCAL_MAX:
        raise ValueError("too long before the @")
    return value


def _tag_value(value: str) -> str:
    if value.lower().startswith("aws:"):
        raise ValueError("AWS keeps such values for itself")
    return value


def _existing_bucket(value: str) -> str:
    """Dots are allowed where a bucket is not ours; as an address it would be no name."""
    if ".." in value or re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}", value):
        raise ValueError("no name of a bucket")
    return value


Integer = Annotated[int, BeforeValidator(_integer)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
BucketName = Annotated[
    str,
    AfterValidator(_unreserved),
    Field(
        pattern=rf"^(?:|{_BUCKET})$",
        description=f"empty, or 3 to 63 lower-case letters, digits and hyphens, {_NOT_RESERVED}",
    ),
]
InstanceType = Annotated[str, Field(pattern=INSTANCE_TYPE_PATTERN, description=_INSTANCE)]
JobSeconds = Annotated[Integer, Field(ge=60, le=432_000, description="a whole number from 60 to 432000")]


class Settings(BaseModel):
    """One stack's settings. A field's description is what a message calls allowed."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, strict=False)

    project: str
    stack: str
    region: str

    owner: Annotated[
        str,
        AfterValidator(_tag_value),
        Field(pattern=rf"^{_TAG}$", description="1 to 256 letters, digits, spaces and _.:/=+@-, not beginning with aws:"),
    ]
    protect_data: Annotated[Boolean, Field(description="true or false")]
    assets_bucket_name: BucketName
    models_bucket_name: BucketName
    pipeline_bucket_name: BucketName
    access_logs_bucket: Annotated[
        str,
        AfterValidator(_unreserved),
        AfterValidator(_existing_bucket),
        Field(
            pattern=r"^(?:|[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$",
            description=f"empty, or 3 to 63 lower-case letters, digits, hyphens, dots but not two together, {_NOT_RESERVED}",
        ),
    ]
    execution_expiry_days: Annotated[Integer, Field(ge=0, le=3650, description="a whole number from 0 (never) to 3650")]
    encryption_key: Annotated[
        str,
        Field(pattern=rf"^(?:aws|create|{_KEY_ARN})$", description="aws, create, or the ARN of a KMS key (not of an alias)"),
    ]
    permissions_boundary: Annotated[
        str,
        Field(pattern=rf"^(?:|{_BOUNDARY_ARN})$", description="empty, or the ARN of an IAM policy (arn:aws:iam::…:policy/…)"),
    ]
    subnet_ids: Annotated[
        tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")], ...],
        BeforeValidator(_texts),
        AfterValidator(_unique),
        Field(max_length=16, description="a JSON list of at most 16 different ids such as subnet-0123456789abcdef0"),
    ]
    security_group_ids: Annotated[
        tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")], ...],
        BeforeValidator(_texts),
        AfterValidator(_unique),
        Field(max_length=5, description="a JSON list of at most 5 different ids such as sg-0123456789abcdef0"),
    ]
    processing_instance_type: InstanceType
    processing_max_runtime_seconds: JobSeconds
    training_instance_type: InstanceType
    training_max_runtime_seconds: JobSeconds
    managed_spot: Annotated[Boolean, Field(description="true or false")]
    training_max_wait_seconds: JobSeconds
    approval_status: Annotated[
        Literal["PendingManualApproval", "Approved"], Field(description="PendingManualApproval or Approved")
    ]
    retraining_schedule: Annotated[
        str,
        AfterValidator(_schedule),
        Field(
            description="empty, rate(7 days), or cron(0 6 ? * MON *): minutes hours day month weekday year, one day a ?; "
            "once an hour at most, so one minute",
        ),
    ]
    retraining_template: Annotated[
        str,
        Field(pattern=rf"^$|{TEMPLATE_ID_PATTERN}", max_length=40, description="empty, or 1 to 40 letters, digits and hyphens"),
    ]
    alarm_email: Annotated[
        str, AfterValidator(_address), Field(pattern=_EMAIL, max_length=EMAIL_MAX, description="empty, or one e-mail address")
    ]
    log_sync_seconds: Annotated[Integer, Field(ge=1, le=3600, description="a whole number from 1 to 3600")]
    log_retention_days: Annotated[
        Integer, AfterValidator(_retention), Field(description=f"one of {', '.join(map(str, LOG_RETENTION_DAYS))}")
    ]
    handler_concurrency: Annotated[
        Integer, AfterValidator(_concurrency), Field(ge=-1, le=1000, description="-1 (none reserved), or from 1 to 1000")
    ]
    base_image: Annotated[
        str, Field(pattern=rf"^{_IMAGE}$", description="name:tag or name@sha256:…, never :latest"), AfterValidator(_immutable)
    ]

    _secret_texts: tuple[str, ...] = PrivateAttr(default=())

    @property
    def secret_texts(self) -> tuple[str, ...]:
        """Texts that the stack's file keeps encrypted, and that are to stay so wherever the program puts them."""
        return self._secret_texts

    @property
    def creates_key(self) -> bool:
        return self.encryption_key == "create"

    @property
    def given_key_arn(self) -> str | None:
        return self.encryption_key if self.encryption_key.startswith("arn:") else None


class ProgramError(ProblemsError, pulumi.RunError):
    """What the program's user can mend: the CLI prints it without a traceback."""


def load() -> Settings:
    """The settings of the stack that the program runs for; :class:`ProgramError` lists everything wrong with them."""
    config: Mapping[str, str] = pulumi.runtime.config.CONFIG.get() or pulumi.runtime.get_config_env()
    secrets = [key for key in config if pulumi.runtime.is_config_secret(key)]
    try:
        return parse(pulumi.get_project(), pulumi.get_stack(), config, secrets)
    except ProblemsError as error:
        raise ProgramError(error.subject, error.problems) from None


def parse(project: str, stack: str, config: Mapping[str, str], secret_keys: Collection[str] = ()) -> Settings:
    """Settings from the whole configuration, defaults included: full keys (``aws:region``, ``<project>:owner``) to text.

    Raises:
        ProblemsError: every unknown key, missing key, bad value and broken rule between fields. Secrets are masked.
    """
    own = {key.removeprefix(f"{project}:"): value for key, value in config.items() if key.startswith(f"{project}:")}
    region = config.get(REGION_KEY)
    problems = list(_identity_problems(project, stack, region)) + list(_foreign_problems(project, config))
    given = {key: value for key, value in own.items() if key not in _IDENTITY}
    foreign = sorted(own.keys() - given.keys())
    problems += [Problem(f"{project}:{key}", own[key], f"it is no setting; the region is {REGION_KEY}") for key in foreign]
    settings = None
    try:
        settings = Settings.model_validate({**given, "project": project, "stack": stack, "region": region or ""})
    except ValidationError as error:
        problems += [_problem(project, entry) for entry in error.errors(include_url=False)]
    bad = {problem.where.partition("[")[0] for problem in problems}
    sound = {key: value for key, value in given.items() if f"{project}:{key}" not in bad}
    problems += [Problem(f"{project}:{key}", given.get(key), allowed) for key, allowed in _broken_rules(sound, region or "")]
    if problems or settings is None:
        hidden = {key: config.get(key, "") for key in secret_keys}
        raise ProblemsError(f"configuration of stack {stack}", [_masked(problem, hidden) for problem in problems])
    settings._secret_texts = tuple(_secret_texts(settings, secret_keys))
    return settings


def _secret_texts(settings: Settings, secret_keys: Collection[str]) -> Iterator[str]:
    """Numbers and choices of a few words are left out: hidden, they would be told by all else that is hidden with them."""
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name) if f"{settings.project}:{field.alias}" in secret_keys else ""
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and text not in _CHOICES:
                yield text


def _identity_problems(project: str, stack: str, region: str | None) -> Iterator[Problem]:
    for where, name, limit in (("project", project, PROJECT_NAME_MAX), ("stack", stack, STACK_NAME_MAX)):
        if len(name) > limit or not re.fullmatch(SLUG_PATTERN, name):
            allowed = (
                f"allowed: 1 to {limit} lower-case letters, digits and single hyphens between them, starting with a letter"
            )
            yield Problem(where, name, allowed)
    problem = Problem(REGION_KEY, None, "set it: pulumi config set aws:region <region>")
    problem_or_none = region_problem(region, REGION_KEY) if region else problem
    if problem_or_none is not None:
        yield problem_or_none


def _foreign_problems(project: str, config: Mapping[str, str]) -> Iterator[Problem]:
    """Keys of a namespace that looks like a misspelt one of ours; those of other providers are theirs."""
    for key in config:
        namespace = key.partition(":")[0]
        if namespace not in (project, "aws", "docker", "pulumi") and nearest(namespace, [project]):
            yield Problem(key, config[key], f"unknown namespace; did you mean {project!r}?")


def _problem(project: str, entry: Mapping[str, Any]) -> Problem:
    """One of pydantic's errors in our words."""
    key, *index = (str(part) for part in entry["loc"])
    where = f"{project}:{key}" + "".join(f"[{part}]" for part in index)
    fields = {str(field.alias): field for field in Settings.model_fields.values()}
    if entry["type"] == "extra_forbidden":
        hint = nearest(key, fields)
        return Problem(where, entry["input"], f"unknown key; {hint or 'known: ' + ', '.join(list(fields)[len(_IDENTITY) :])}")
    if entry["type"] == "missing":
        return Problem(where, None, "Pulumi.yaml has its default; run from the project's folder")
    return Problem(where, entry["input"], f"{_suggestion(key, entry['input'])}allowed: {fields[key].description}")


def _suggestion(key: str, value: object) -> str:
    if key.endswith("InstanceType") and re.match(INSTANCE_TYPE_PATTERN, f"ml.{value}"):
        return f"did you mean 'ml.{value}'? "
    return ""


def _broken_rules(sound: Mapping[str, str], region: str) -> Iterator[tuple[str, str]]:
    """Rules between fields, over those that are right by themselves: (key, what is allowed)."""
    yield from _job_rules(sound)
    if ("retrainingSchedule" in sound and "retrainingTemplate" in sound) and (
        bool(sound["retrainingSchedule"]) != bool(sound["retrainingTemplate"])
    ):
        missing = "retrainingTemplate" if sound["retrainingSchedule"] else "retrainingSchedule"
        yield missing, "retrainingSchedule and retrainingTemplate go together: set both or neither"
    yield from _arn_rules(sound, region)
    for key in ("processingInstanceType", "trainingInstanceType"):
        if sound.get("encryptionKey", "aws") != "aws" and has_local_storage(sound.get(key, "")):
            yield key, "with encryptionKey, allowed: a type without local storage; SageMaker takes no volume key for this one"
    named = [key for key in (*_OWN_BUCKETS, "accessLogsBucket") if sound.get(key)]
    for position, key in enumerate(named):
        twin = next((other for other in named[:position] if sound[other] == sound[key]), None)
        if twin:
            yield key, f"{twin} has that name too; each bucket needs its own"


def _arn_rules(sound: Mapping[str, str], region: str) -> Iterator[tuple[str, str]]:
    key_arn, boundary = sound.get("encryptionKey", ""), sound.get("permissionsBoundary", "")
    if key_arn.startswith("arn:") and (key_arn.split(":")[1], key_arn.split(":")[3]) != (partition(region), region):
        yield "encryptionKey", f"the key must be in the stack's region, {region or 'which is missing'}"
    if boundary and boundary.split(":")[1] != partition(region):
        yield "permissionsBoundary", f"the policy must be in the region's partition, arn:{partition(region)}:…"


def _job_rules(sound: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if "subnetIds" in sound and "securityGroupIds" in sound:
        subnets, groups = _texts(sound["subnetIds"]), _texts(sound["securityGroupIds"])
        if bool(subnets) != bool(groups):
            missing = "securityGroupIds" if subnets else "subnetIds"
            yield missing, "subnetIds and securityGroupIds go together: set both or neither"
    if sound.get("managedSpot") != "true" or not {"trainingMaxWaitSeconds", "trainingMaxRuntimeSeconds"} <= sound.keys():
        return
    wait, runtime = int(sound["trainingMaxWaitSeconds"]), int(sound["trainingMaxRuntimeSeconds"])
    if not runtime <= wait <= SPOT_MAX_WAIT_SECONDS:
        yield (
            "trainingMaxWaitSeconds",
            f"with managedSpot, allowed: from trainingMaxRuntimeSeconds ({runtime}) to {SPOT_MAX_WAIT_SECONDS}, "
            "the longest that an algorithm without checkpoints may take",
        )


def _masked(problem: Problem, hidden: Mapping[str, str]) -> Problem:
    """Shows no secret: not as the value, not where a rule of another field quotes it in parentheses, not by guessing it."""
    allowed = problem.allowed
    for value in hidden.values():
        allowed = allowed.replace(f"({value})", f"({MASK})")
    if problem.where.partition("[")[0] not in hidden:
        return Problem(problem.where, problem.value, allowed)
    return Problem(problem.where, MASK, re.sub(r"^did you mean '[^']*'\? ", "", allowed))
