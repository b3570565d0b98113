"""The keys of ``pipeline.json.mustache``: what a stack fills in, as a typed structure.

Each deployed resource's name or ARN is one key, and no account, region or name is written out in the template. What a stack
may leave out is an optional section: absent when unset, never an empty object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class VpcValues:
    """Section ``vpc``: the jobs and the model run inside this VPC. Both lists have 1 to 16 (subnets) or 1 to 5 entries."""

    subnet_ids: Sequence[str]
    security_group_ids: Sequence[str]


@dataclass(frozen=True)
class KmsValues:
    """Section ``kms``: the customer-managed key for volumes, outputs and the model artefact."""

    kms_key_arn: str


@dataclass(frozen=True)
class SpotValues:
    """Section ``spot``: managed spot training.

    ``training_max_wait_seconds`` bounds waiting and training together, so it is at least the training's own limit; built-in
    algorithms without checkpoints, DeepAR among them, are refused above 3,600.
    Source: SageMaker API, StoppingCondition.MaxWaitTimeInSeconds.
    """

    training_max_wait_seconds: int


@dataclass(frozen=True)
class TemplateValues:
    """Everything the template needs. :meth:`mapping` gives what :func:`pipeline_def.template.render.render` takes."""

    #: URI of our own image, by its content-hash tag.
    feature_image_uri: str
    #: URI of the built-in forecasting-deepar in the stack's region.
    deepar_image_uri: str
    #: S3 URI of the executor's object in the pipeline bucket.
    executor_uri: str
    assets_bucket: str
    models_bucket: str
    execution_table: str
    feature_importance_table: str
    #: Seconds between two syncs of the step's log, as text: it becomes an environment variable.
    log_sync_seconds: str
    processing_role_arn: str
    training_role_arn: str
    model_role_arn: str
    #: Defaults of pipeline parameters.
    model_package_group: str
    model_approval_status: str
    processing_instance_type: str
    training_instance_type: str
    #: After so many seconds SageMaker ends the job.
    processing_max_runtime_seconds: int
    training_max_runtime_seconds: int
    #: Tags of the jobs and the model; at least one.
    tags: Mapping[str, str]
    vpc: VpcValues | None = field(default=None)
    kms: KmsValues | None = field(default=None)
    spot: SpotValues | None = field(default=None)

    def mapping(self) -> dict[str, Any]:
        """The values by key; a section is a mapping of its own keys, or not there at all."""
        plain = {name: getattr(self, name) for name in PLAIN_KEYS}
        plain["tags"] = tag_list(self.tags)
        sections = {name: getattr(self, name) for name in SECTIONS}
        return plain | {
            name: {key: _plain(getattr(section, key)) for key in SECTIONS[name]}
            for name, section in sections.items()
            if section is not None
        }


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as the API takes them, in the order of their keys so that the definition does not depend on the mapping's."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int)) else list(value)  # type: ignore[call-overload]


#: Optional section -> its keys.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "vpc": tuple(item.name for item in fields(VpcValues)),
    "kms": tuple(item.name for item in fields(KmsValues)),
    "spot": tuple(item.name for item in fields(SpotValues)),
}

#: Keys that every stack fills in.
PLAIN_KEYS = tuple(item.name for item in fields(TemplateValues) if item.name not in SECTIONS)

#: Keys whose value is a JSON value of its own (a number or a list), where all others are text inside a JSON string.
JSON_KEYS = frozenset(
    {
        "processing_max_runtime_seconds",
        "training_max_runtime_seconds",
        "training_max_wait_seconds",
        "tags",
        "subnet_ids",
        "security_group_ids",
    }
)
