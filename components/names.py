"""Physical names and ARNs of a stack's resources: functions of project, stack, account and region alone.

Every physical name carries project and stack, so that dev, prod and pull-request stacks share an account. Knowing ARNs before
anything exists lets policies be read, tested and previewed without a deployment (docs/adr/0001-names.md).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from contracts import tables
from contracts.layout import ASSETS_PREFIX, EXECUTIONS_PREFIX
from contracts.permission_model import Kind
from contracts.regions import DEEPAR_ACCOUNTS, DEEPAR_REPOSITORY, partition
from settings import Settings

BUCKET_NAME_MAX = 63
#: The shortest of AWS's limits on what else we name: roles, functions, schedules and rules.
NAME_MAX = 63
NOUN_MAX = 16


def bounded(name: str, limit: int) -> str:
    """The name itself, or its beginning and a digest of the whole where it is too long: still one name a stack and noun."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{digest}"


@dataclass(frozen=True)
class Names:
    """Names and ARNs in one stack, in one account and region."""

    settings: Settings
    account: str

    @property
    def prefix(self) -> str:
        """``<project>-<stack>``, what all names of the stack begin with."""
        return bounded(f"{self.settings.project}-{self.settings.stack}", NAME_MAX - NOUN_MAX - 1)

    def of(self, noun: str) -> str:
        """``<project>-<stack>-<noun>``, in at most 63 characters."""
        if len(noun) > NOUN_MAX:
            raise ValueError(f"{noun!r} is longer than the {NOUN_MAX} characters that names leave for it")
        return f"{self.prefix}-{noun}"

    def bucket(self, noun: str) -> str:
        """Bucket names are shared by the whole world: they carry account and region too, unless the settings name one."""
        named = str(getattr(self.settings, f"{noun}_bucket_name"))
        where = f"{self.account}-{self.settings.region}"
        stack = bounded(f"{self.settings.project}-{self.settings.stack}", BUCKET_NAME_MAX - len(noun) - len(where) - 2)
        return named or f"{stack}-{noun}-{where}"

    def table(self, table: tables.Table) -> str:
        return tables.physical_table_name(self.settings.project, self.settings.stack, table)

    @property
    def pipeline(self) -> str:
        return self.prefix

    def arn(self, service: str, resource: str, region: str | None = None, account: str | None = None) -> str:
        """An ARN in this stack's partition; region and account are the stack's unless given (``""``: the service has none)."""
        where = self.settings.region if region is None else region
        owner = self.account if account is None else account
        return f"arn:{partition(self.settings.region)}:{service}:{where}:{owner}:{resource}"

    def sagemaker(self, resource: str) -> str:
        return self.arn("sagemaker", resource)

    def role(self, actor: str) -> str:
        return self.arn("iam", f"role/{self.of(actor)}", region="")

    def function(self, actor: str) -> str:
        return self.arn("lambda", f"function:{self.of(actor)}")

    def queue(self, noun: str) -> str:
        return self.arn("sqs", self.of(noun))

    def topic(self, noun: str) -> str:
        return self.arn("sns", self.of(noun))

    def rule(self, noun: str) -> str:
        return self.arn("events", f"rule/{self.of(noun)}")

    def alarm(self, noun: str) -> str:
        return self.arn("cloudwatch", f"alarm:{self.of(noun)}")

    def log_group(self, actor: str) -> str:
        """Lambda writes to the group of this name unless told otherwise."""
        return f"/aws/lambda/{self.of(actor)}"


DEAD_LETTERS = "dead-letters"
EVENT_RULE = "execution-events"
ALARM_TOPIC = "alarms"
SCHEDULES = "schedules"
REPOSITORY = "features"
MODEL_PACKAGES = "models"
#: Alarms, by noun.
ALARMS = ("failed-execution", "undelivered", "reconciler-late")
FUNCTIONS = ("execution-events", "reconcile", "scheduled-start", "endpoint-cleanup")
SCHEDULED = ("reconcile", "scheduled-start", "endpoint-cleanup")


def arns(names: Names, kind: Kind, actor: str) -> tuple[str, ...]:
    """The ARNs that a kind of resource stands for, in the policy of an actor. The stack's key is not among them."""
    if kind in (Kind.NETWORK_INTERFACES, Kind.SUBNETS, Kind.SECURITY_GROUPS):
        return _network_arns(names, kind)
    return _sagemaker_arns(names, kind) or _data_arns(names, kind) or _service_arns(names, kind, actor)


def _data_arns(names: Names, kind: Kind) -> tuple[str, ...]:
    def bucket(noun: str, *keys: str) -> tuple[str, ...]:
        root = names.arn("s3", names.bucket(noun), region="", account="")
        return tuple(f"{root}/{key}" for key in keys) or (root,)

    def table(model: tables.Table, index: tables.Index | None = None) -> tuple[str, ...]:
        return (names.arn("dynamodb", f"table/{names.table(model)}{f'/index/{index.name}' if index else ''}"),)

    run = f"{EXECUTIONS_PREFIX}/*"
    found = {
        Kind.ASSETS_BUCKET: bucket("assets"),
        Kind.ASSET_OBJECTS: bucket("assets", f"{ASSETS_PREFIX}/*"),
        Kind.MODELS_BUCKET: bucket("models"),
        Kind.EXECUTION_OBJECTS: bucket("models", run),
        Kind.EVALUATION_OBJECTS: bucket("models", f"{run}/evaluation/*"),
        Kind.CHANNEL_OBJECTS: bucket("models", f"{run}/train/*", f"{run}/test/*"),
        Kind.MODEL_OBJECTS: bucket("models", f"{run}/model/*"),
        Kind.PIPELINE_BUCKET: bucket("pipeline"),
        Kind.EXECUTOR_OBJECTS: bucket("pipeline", "code/*"),
        Kind.ASSET_TABLE: table(tables.ASSET_METADATA),
        Kind.TEMPLATE_TABLE: table(tables.TRAINING_TEMPLATE),
        Kind.EXECUTION_TABLE: table(tables.EXECUTION),
        Kind.EXECUTION_INDEX: table(tables.EXECUTION, tables.PIPELINE_EXECUTION_INDEX),
        Kind.EVENT_TABLE: table(tables.EXECUTION_EVENT),
        Kind.ENDPOINT_TABLE: table(tables.ENDPOINT_MAINTENANCE),
        Kind.ENDPOINT_INDEX: table(tables.ENDPOINT_MAINTENANCE, tables.ENDPOINT_STATUS_INDEX),
        Kind.PREDICTION_TABLE: table(tables.PREDICTION),
        Kind.FEATURE_IMPORTANCE_TABLE: table(tables.FEATURE_IMPORTANCE),
    }
    return found.get(kind, ())


def _sagemaker_arns(names: Names, kind: Kind) -> tuple[str, ...]:
    """SageMaker names what a pipeline makes ``pipelines-<execution>-<step>-…``; it writes names in ARNs in lower case."""
    pipeline, group = names.pipeline, names.of(MODEL_PACKAGES)
    found = {
        Kind.PIPELINE: (f"pipeline/{pipeline}",),
        Kind.PIPELINE_EXECUTIONS: (f"pipeline/{pipeline}/execution/*",),
        Kind.PROCESSING_JOBS: ("processing-job/pipelines-*",),
        Kind.TRAINING_JOBS: ("training-job/pipelines-*",),
        Kind.MODELS: ("model/pipelines-*",),
        Kind.MODEL_PACKAGE_GROUP: (f"model-package-group/{group}",),
        Kind.MODEL_PACKAGES: (f"model-package/{group}/*",),
        Kind.ENDPOINTS: (f"endpoint/{pipeline}-*",),
    }
    return tuple(names.sagemaker(resource) for resource in found.get(kind, ()))


def _network_arns(names: Names, kind: Kind) -> tuple[str, ...]:
    """Without a VPC there is nothing to name, and no statement that asks."""
    found = {
        Kind.NETWORK_INTERFACES: ("network-interface/*",),
        Kind.SUBNETS: tuple(f"subnet/{id_}" for id_ in names.settings.subnet_ids),
        Kind.SECURITY_GROUPS: tuple(f"security-group/{id_}" for id_ in names.settings.security_group_ids),
    }
    return tuple(names.arn("ec2", resource) for resource in found[kind])


def _service_arns(names: Names, kind: Kind, actor: str) -> tuple[str, ...]:
    def logs(*groups: str) -> tuple[str, ...]:
        return tuple(names.arn("logs", f"log-group:{group}:*") for group in groups)

    deepar = DEEPAR_ACCOUNTS[names.settings.region]
    found = {
        Kind.ANY: ("*",),
        Kind.REPOSITORY: (names.arn("ecr", f"repository/{names.of(REPOSITORY)}"),),
        Kind.DEEPAR_REPOSITORY: (names.arn("ecr", f"repository/{DEEPAR_REPOSITORY}", account=deepar),),
        Kind.PROCESSING_ROLE: (names.role("processing"),),
        Kind.TRAINING_ROLE: (names.role("training"),),
        Kind.MODEL_ROLE: (names.role("model"),),
        Kind.PROCESSING_LOGS: logs("/aws/sagemaker/ProcessingJobs"),
        Kind.TRAINING_LOGS: logs("/aws/sagemaker/TrainingJobs"),
        Kind.INFERENCE_LOGS: logs(f"/aws/sagemaker/Endpoints/{names.prefix}-*", "/aws/sagemaker/TransformJobs"),
        Kind.OWN_LOGS: logs(names.log_group(actor)),
        Kind.DEAD_LETTERS: (names.queue(DEAD_LETTERS),),
        Kind.SCHEDULED_FUNCTIONS: tuple(names.function(function) for function in SCHEDULED),
    }
    return found[kind]
