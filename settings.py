"""The stack's configuration as typed, bounded values. Only ``Pulumi.yaml`` has defaults; this module has none.

The program calls :func:`load`; commands that have the configuration as a mapping call :func:`parse`. Both report all problems
at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import pulumi
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from contracts import strict_json
from contracts.ids import TEMPLATE_ID_PATTERN
from contracts.job_rules import WITHOUT_LOCAL_STORAGE, allowed_spot_wait, has_local_storage
from contracts.parameters import INSTANCE_TYPE_PATTERN
from contracts.problems import Problem, ProblemsError, nearest
from contracts.regions import partition, region_problem
from contracts.schedule_expression import is_hourly_at_most, is_schedule

REGION_KEY = "aws:region"
#: Shown instead of an encrypted value.
MASK = "[secret]"
#: The value of encryptionKey and accessLogsBucket that gives the stack a resource of its own.
CREATE = "create"
#: Project and stack are part of every physical name; ECR repository names have the strictest rules.
SLUG_PATTERN = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
PROJECT_NAME_MAX = 25
STACK_NAME_MAX = 40
#: The retention times that CloudWatch Logs offers.
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
_INSTANCE = "a SageMaker instance type such as ml.m5.xlarge"


def _integer(value: object) -> object:
    """Configuration is text; ``1.0``, ``1e3`` and ``1_000`` are not accepted as integers."""
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,9}", value):
        raise ValueError
    return value


def _boolean(value: object) -> object:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError
        return value == "true"
    return value


def _texts(value: object) -> object:
    return strict_json.parse(value) if isinstance(value, str) else value


def _only_if(accepts: Callable[[Any], bool]) -> AfterValidator:
    """Reject other values. The message is made from the field's description, so the error has no text of its own."""

    def check(value: Any) -> Any:
        if not accepts(value):
            raise ValueError
        return value

    return AfterValidator(check)


def _is_unreserved(name: str) -> bool:
    return not name.startswith(_RESERVED_BEGINNINGS) and not name.endswith(_RESERVED_ENDS)


def _is_bucket_name_with_dots(name: str) -> bool:
    """Only buckets that are not ours can have dots in their names. S3 rejects names that look like IP addresses."""
    return ".." not in name and not re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}", name)


def _is_start_schedule(text: str) -> bool:
    """Each call starts jobs, so a schedule that fires more than once an hour is most likely a costly mistake."""
    return not text or (is_schedule(text) and is_hourly_at_most(text))


Integer = Annotated[int, BeforeValidator(_integer)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
BucketName = Annotated[
    str,
    _only_if(_is_unreserved),
    Field(
        pattern=rf"^(?:|{_BUCKET})$",
        description=f"empty, or 3 to 63 lower-case letters, digits and hyphens, {_NOT_RESERVED}",
    ),
]
InstanceType = Annotated[str, Field(pattern=INSTANCE_TYPE_PATTERN, description=_INSTANCE)]
JobSeconds = Annotated[Integer, Field(ge=60, le=432_000, description="a whole number from 60 to 432000")]
StartSchedule = Annotated[
    str,
    _only_if(_is_start_schedule),
    Field(
        description="empty, rate(7 days), or cron(0 6 ? * MON *): minutes hours day month weekday year, one day a ?; "
        "at most once an hour, so the minute is one number",
    ),
]
TemplateId = Annotated[
    str,
    Field(pattern=rf"^$|{TEMPLATE_ID_PATTERN}", max_length=40, description="empty, or 1 to 40 letters, digits and hyphens"),
]


class Settings(BaseModel):
    """One stack's settings. A message about a field shows the field's description as what is allowed."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, strict=False)

    project: str
    stack: str
    region: str

    owner: Annotated[
        str,
        _only_if(lambda value: not value.lower().startswith("aws:")),
        Field(pattern=rf"^{_TAG}$", description="1 to 256 letters, digits, spaces and _.:/=+@-, not beginning with aws:"),
    ]
    protect_data: Annotated[Boolean, Field(description="true or false")]
    assets_bucket_name: BucketName
    models_bucket_name: BucketName
    pipeline_bucket_name: BucketName
    access_logs_bucket: Annotated[
        str,
        _only_if(_is_unreserved),
        _only_if(_is_bucket_name_with_dots),
        Field(
            pattern=r"^(?:|[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$",
            description="empty, create (a bucket of the stack's own), or an existing bucket's name: 3 to 63 lower-case "
            f"letters, digits, hyphens, dots but not two together, {_NOT_RESERVED}",
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
        _only_if(lambda values: len(set(values)) == len(values)),
        Field(max_length=16, description="a JSON list of at most 16 different ids such as subnet-0123456789abcdef0"),
    ]
    security_group_ids: Annotated[
        tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")], ...],
        BeforeValidator(_texts),
        _only_if(lambda values: len(set(values)) == len(values)),
        Field(max_length=5, description="a JSON list of at most 5 different ids such as sg-0123456789abcdef0"),
    ]
    processing_instance_type: InstanceType
    processing_max_runtime_seconds: JobSeconds
    training_instance_type: InstanceType
    training_max_runtime_seconds: JobSeconds
    backtest_instance_type: InstanceType
    managed_spot: Annotated[Boolean, Field(description="true or false")]
    training_max_wait_seconds: JobSeconds
    approval_status: Annotated[
        Literal["PendingManualApproval", "Approved"], Field(description="PendingManualApproval or Approved")
    ]
    retraining_schedule: StartSchedule
    retraining_template: TemplateId
    forecast_schedule: StartSchedule
    forecast_template: TemplateId
    alarm_email: Annotated[
        str,
        _only_if(lambda value: value.find("@") <= EMAIL_LOCAL_MAX),
        Field(pattern=_EMAIL, max_length=EMAIL_MAX, description="empty, or one e-mail address"),
    ]
    log_sync_seconds: Annotated[Integer, Field(ge=1, le=3600, description="a whole number from 1 to 3600")]
    log_retention_days: Annotated[
        Integer,
        _only_if(LOG_RETENTION_DAYS.__contains__),
        Field(description=f"one of {', '.join(map(str, LOG_RETENTION_DAYS))}"),
    ]
    handler_concurrency: Annotated[
        Integer, _only_if(bool), Field(ge=-1, le=1000, description="-1 (none reserved), or from 1 to 1000")
    ]
    base_image: Annotated[
        # `latest` is mutable.
        str,
        _only_if(lambda value: not value.endswith(":latest")),
        Field(pattern=rf"^{_IMAGE}$", description="name:tag or name@sha256:…, never :latest"),
    ]

    @property
    def creates_key(self) -> bool:
        """True if the stack has a key of its own."""
        return self.encryption_key == CREATE

    @property
    def creates_log_bucket(self) -> bool:
        """True if the stack has a bucket of its own for S3 access logs."""
        return self.access_logs_bucket == CREATE

    @property
    def given_key_arn(self) -> str | None:
        """ARN of the existing key that the stack uses, if any."""
        return self.encryption_key if self.encryption_key.startswith("arn:") else None


class ProgramError(ProblemsError, pulumi.RunError):
    """A mistake of the program's user; the CLI prints it without a traceback."""


def load() -> Settings:
    """Load the settings of the stack that the program runs for.

    Raises:
        ProgramError: everything that is wrong with them.
    """
    config: Mapping[str, str] = pulumi.runtime.config.CONFIG.get() or pulumi.runtime.get_config_env()
    secrets = [key for key in config if pulumi.runtime.is_config_secret(key)]
    try:
        return parse(pulumi.get_project(), pulumi.get_stack(), config, secrets)
    except ProblemsError as error:
        raise ProgramError(error.subject, error.problems) from None


def parse(project: str, stack: str, config: Mapping[str, str], secret_keys: Collection[str] = ()) -> Settings:
    """Parse the whole configuration, defaults included: full keys (``aws:region``, ``<project>:owner``) to text.

    Raises:
        ProblemsError: every encrypted setting, unknown key, missing key, bad value and broken rule between fields.
    """
    own = {key.removeprefix(f"{project}:"): value for key, value in config.items() if key.startswith(f"{project}:")}
    encrypted = [key for key in secret_keys if is_own_key(project, key)]
    region = config.get(REGION_KEY)
    problems = [encrypted_problem(project, key) for key in encrypted]
    problems += [problem for problem in _identity_problems(project, stack, region) if problem.where not in encrypted]
    problems += _foreign_problems(project, config)
    given = {key: value for key, value in own.items() if key not in _IDENTITY and f"{project}:{key}" not in encrypted}
    misplaced = sorted(own.keys() & set(_IDENTITY))
    problems += [Problem(f"{project}:{key}", own[key], f"it is not a setting; the region is {REGION_KEY}") for key in misplaced]
    settings = None
    try:
        settings = Settings.model_validate({**given, "project": project, "stack": stack, "region": region or ""})
    except ValidationError as error:
        found = [_problem(project, entry) for entry in error.errors(include_url=False)]
        problems += [problem for problem in found if problem.where not in encrypted]
    bad = {problem.where.partition("[")[0] for problem in problems}
    sound = {key: value for key, value in given.items() if f"{project}:{key}" not in bad}
    problems += [Problem(f"{project}:{key}", given.get(key), allowed) for key, allowed in _broken_rules(sound, region or "")]
    if problems or settings is None:
        raise ProblemsError(f"configuration of stack {stack}", problems)
    return settings


def encrypted_problem(project: str, key: str) -> Problem:
    """The problem of an encrypted value: none of the project's settings is a secret, and only the CLI can decrypt others."""
    if is_own_key(project, key):
        allowed = f"no setting of this project is a secret; set it in plain text: pulumi config set {key} <value>"
        return Problem(key, MASK, allowed)
    return Problem(key, MASK, "only the Pulumi CLI can decrypt it; pass its value on the command line")


def is_own_key(project: str, key: str) -> bool:
    """True for the keys that :mod:`settings` reads."""
    return key == REGION_KEY or key.startswith(f"{project}:")


def next_times(expression: str, after: datetime, count: int = 3) -> list[datetime]:
    """The next times at which a valid schedule expression fires, in UTC; none if it never fires again.

    A rate counts from the schedule's creation, so ``after`` is used as that time.
    """
    from aws_croniter import AwsCroniter  # its import takes longer than all of our own, and most stacks have no schedule

    kind, inside = expression.removesuffix(")").split("(")
    if kind == "rate":
        number, unit = inside.split()
        step = timedelta(**{f"{unit.removesuffix('s')}s": int(number)})
        return [after + step * times for times in range(1, count + 1)]
    fields = inside.split(" ")
    # The library knows neither LW (the month's last weekday) nor L as a day of the week (Saturday).
    last_weekday = fields[2] == "LW"
    fields[2] = "L" if last_weekday else fields[2]
    fields[4] = "7" if fields[4] == "L" else fields[4]
    cron, time, times = AwsCroniter(" ".join(fields)), after.astimezone(UTC), list[datetime]()
    while len(times) < count and (time := cron.occurrence(time).next()):
        day = time - timedelta(days=max(0, time.weekday() - 4)) if last_weekday else time
        times += [day] if day > after else []
    return times


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
    """Keys whose namespace looks like a misspelling of ours. Other namespaces belong to other providers."""
    for key in config:
        namespace = key.partition(":")[0]
        if namespace not in (project, "aws", "docker", "pulumi") and nearest(namespace, [project]):
            yield Problem(key, config[key], f"unknown namespace; did you mean {project!r}?")


def _problem(project: str, entry: Mapping[str, Any]) -> Problem:
    """Describe one of pydantic's errors in the project's own words."""
    key, *index = (str(part) for part in entry["loc"])
    where = f"{project}:{key}" + "".join(f"[{part}]" for part in index)
    fields = {str(field.alias): field for field in Settings.model_fields.values()}
    if entry["type"] == "extra_forbidden":
        hint = nearest(key, fields)
        return Problem(where, entry["input"], f"unknown key; {hint or 'known: ' + ', '.join(list(fields)[len(_IDENTITY) :])}")
    if entry["type"] == "missing":
        return Problem(where, None, "Pulumi.yaml has its default; run the command from the project's folder")
    return Problem(where, entry["input"], f"{_suggestion(key, entry['input'])}allowed: {fields[key].description}")


def _suggestion(key: str, value: object) -> str:
    if key.endswith("InstanceType") and re.match(INSTANCE_TYPE_PATTERN, f"ml.{value}"):
        return f"did you mean 'ml.{value}'? "
    return ""


def _broken_rules(sound: Mapping[str, str], region: str) -> Iterator[tuple[str, str]]:
    """Check the rules between fields whose own values are valid. Yields the key and what is allowed."""
    yield from _job_rules(sound)
    yield from _schedule_rules(sound, "retrainingSchedule", "retrainingTemplate")
    yield from _schedule_rules(sound, "forecastSchedule", "forecastTemplate")
    yield from _arn_rules(sound, region)
    for key in ("processingInstanceType", "trainingInstanceType", "backtestInstanceType"):
        if sound.get("encryptionKey", "aws") != "aws" and has_local_storage(sound.get(key, "")):
            yield key, f"with encryptionKey, allowed: {WITHOUT_LOCAL_STORAGE}"
    named = [key for key in (*_OWN_BUCKETS, "accessLogsBucket") if sound.get(key) and sound[key] != CREATE]
    for position, key in enumerate(named):
        twin = next((other for other in named[:position] if sound[other] == sound[key]), None)
        if twin:
            yield key, f"{twin} has the same name; each bucket needs a name of its own"


def _schedule_rules(sound: Mapping[str, str], schedule: str, template: str) -> Iterator[tuple[str, str]]:
    if schedule in sound and template in sound and bool(sound[schedule]) != bool(sound[template]):
        missing = template if sound[schedule] else schedule
        yield missing, f"{schedule} and {template} go together: set both or neither"
    expression = sound.get(schedule, "")
    if expression and not next_times(expression, datetime.now(UTC), count=1):
        yield schedule, "it never fires; allowed: a cron expression for dates that exist and are in the future"


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
    allowed = allowed_spot_wait(wait, runtime, "trainingMaxRuntimeSeconds")
    if allowed is not None:
        yield "trainingMaxWaitSeconds", f"with managedSpot, allowed: {allowed}"
