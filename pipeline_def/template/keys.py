"""The keys of both templates, ``pipeline.json.mustache`` and ``forecast.json.mustache``.

One row per key, with its placeholder, example value and source. Each name or ARN of a deployed resource is one key, so the
templates contain no account, region or name. A part that a stack can leave out is an optional section: it is absent when unset,
never an empty object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts.layout import EVALUATION_EXECUTOR_NAME, EXECUTOR_NAME, PREPARE_EXECUTOR_NAME, PUBLISH_EXECUTOR_NAME
from contracts.parameters import (
    DEFAULT_BACKTEST_INSTANCE_TYPE,
    DEFAULT_PROCESSING_INSTANCE_TYPE,
    DEFAULT_TRAINING_INSTANCE_TYPE,
)
from contracts.regions import deepar_image_uri, dns_suffix, partition
from pipeline_def.template.render import template_tags
from pipeline_def.template.text import TRAINING, read_template

#: Region of the authoring session. It occurs only in the URI of the built-in image, which is a key.
AUTHORING_REGION = "us-east-1"
EXAMPLE_REGION = "eu-central-1"
#: The account that AWS uses in its documentation.
EXAMPLE_ACCOUNT = "123456789012"


class Source(StrEnum):
    """Where a stack takes the value of a key from."""

    OUTPUT = "an export of the stack with the key's name"
    ROLE = "the role of the actor that the key's name begins with"
    SETTING = "a setting of the stack"
    REGION = "the stack's region"
    COMPONENT = "the component that creates the pipeline"


@dataclass(frozen=True, eq=False)
class Key:
    """One key of the template.

    ``placeholder`` represents the value while the pipeline is authored: text anywhere inside a string, or a whole JSON value
    (a number or a list), which the template fills without quotes. ``example`` gives an example value for a region; if the
    source is the region, it gives the real value. ``setting`` is the setting's name if it differs from the key's.
    """

    name: str
    placeholder: Any
    example: Callable[[str], Any]
    source: Source
    section: str | None = None
    setting: str = ""

    @property
    def is_json(self) -> bool:
        return not isinstance(self.placeholder, str)


def _bucket(noun: str) -> Callable[[str], str]:
    return lambda region: f"model-training-dev-{noun}-{EXAMPLE_ACCOUNT}-{region}"


def _executor(name: str) -> Callable[[str], str]:
    return lambda region: f"s3://{_bucket('pipeline')(region)}/code/0123456789abcdef/{name}"


def _role(actor: str) -> Callable[[str], str]:
    return lambda region: f"arn:{partition(region)}:iam::{EXAMPLE_ACCOUNT}:role/model-training-dev-{actor}"


def _feature_image(region: str) -> str:
    registry = f"{EXAMPLE_ACCOUNT}.dkr.ecr.{region}.{dns_suffix(region)}"
    return f"{registry}/model-training-dev-features:0123456789abcdef0123456789abcdef"


def _kms_key(region: str) -> str:
    return f"arn:{partition(region)}:kms:{region}:{EXAMPLE_ACCOUNT}:key/12345678-1234-1234-1234-123456789012"


def _fixed(value: Any) -> Callable[[str], Any]:
    return lambda region: value


_TAGS = {"project": "model-training", "stack": "dev", "owner": "forecasting"}

# The SDK looks up a role that is not an ARN, expects an s3:// code location, and accepts only integers as limits. Some
# placeholders therefore have the form of such a value.
KEYS: tuple[Key, ...] = (
    Key("feature_image_uri", "@feature_image_uri@", _feature_image, Source.COMPONENT),
    Key("deepar_image_uri", deepar_image_uri(AUTHORING_REGION), deepar_image_uri, Source.REGION),
    Key("executor_uri", f"s3://@executor_uri@/{EXECUTOR_NAME}", _executor(EXECUTOR_NAME), Source.OUTPUT),
    Key(
        "evaluation_executor_uri",
        f"s3://@evaluation_executor_uri@/{EVALUATION_EXECUTOR_NAME}",
        _executor(EVALUATION_EXECUTOR_NAME),
        Source.OUTPUT,
    ),
    Key(
        "prepare_executor_uri",
        f"s3://@prepare_executor_uri@/{PREPARE_EXECUTOR_NAME}",
        _executor(PREPARE_EXECUTOR_NAME),
        Source.OUTPUT,
    ),
    Key(
        "publish_executor_uri",
        f"s3://@publish_executor_uri@/{PUBLISH_EXECUTOR_NAME}",
        _executor(PUBLISH_EXECUTOR_NAME),
        Source.OUTPUT,
    ),
    Key("assets_bucket", "@assets_bucket@", _bucket("assets"), Source.OUTPUT),
    Key("models_bucket", "@models_bucket@", _bucket("models"), Source.OUTPUT),
    Key("execution_table", "@execution_table@", _fixed("model-training-dev-execution"), Source.OUTPUT),
    Key("prediction_table", "@prediction_table@", _fixed("model-training-dev-prediction"), Source.OUTPUT),
    Key("log_sync_seconds", "@log_sync_seconds@", _fixed("10"), Source.SETTING),
    Key("processing_role_arn", "arn:aws:iam::role/@processing_role_arn@", _role("processing"), Source.ROLE),
    Key("evaluation_role_arn", "arn:aws:iam::role/@evaluation_role_arn@", _role("evaluation"), Source.ROLE),
    Key("prepare_role_arn", "arn:aws:iam::role/@prepare_role_arn@", _role("prepare"), Source.ROLE),
    Key("publish_role_arn", "arn:aws:iam::role/@publish_role_arn@", _role("publish"), Source.ROLE),
    Key("training_role_arn", "arn:aws:iam::role/@training_role_arn@", _role("training"), Source.ROLE),
    Key("model_role_arn", "arn:aws:iam::role/@model_role_arn@", _role("model"), Source.ROLE),
    Key("model_package_group", "@model_package_group@", _fixed("model-training-dev-models"), Source.COMPONENT),
    Key(
        "model_approval_status",
        "@model_approval_status@",
        _fixed("PendingManualApproval"),
        Source.SETTING,
        setting="approval_status",
    ),
    Key(
        "processing_instance_type",
        "@processing_instance_type@",
        _fixed(DEFAULT_PROCESSING_INSTANCE_TYPE),
        Source.SETTING,
    ),
    Key("training_instance_type", "@training_instance_type@", _fixed(DEFAULT_TRAINING_INSTANCE_TYPE), Source.SETTING),
    Key("backtest_instance_type", "@backtest_instance_type@", _fixed(DEFAULT_BACKTEST_INSTANCE_TYPE), Source.SETTING),
    Key("processing_max_runtime_seconds", 1_000_000_001, _fixed(3600), Source.SETTING),
    Key("training_max_runtime_seconds", 1_000_000_002, _fixed(3600), Source.SETTING),
    Key("tags", [{"Key": "@tags@", "Value": "@tags@"}], _fixed(_TAGS), Source.COMPONENT),
    Key("subnet_ids", ["@subnet_ids@"], _fixed(["subnet-0123456789abcdef0"]), Source.SETTING, "vpc"),
    Key("security_group_ids", ["@security_group_ids@"], _fixed(["sg-0123456789abcdef0"]), Source.SETTING, "vpc"),
    Key("kms_key_arn", "@kms_key_arn@", _kms_key, Source.COMPONENT, "kms"),
    # Bounds waiting and training together. SageMaker rejects more than 3,600 for a built-in algorithm without checkpoints,
    # such as DeepAR. Source: SageMaker API, StoppingCondition.MaxWaitTimeInSeconds.
    Key("training_max_wait_seconds", 1_000_000_003, _fixed(3600), Source.SETTING, "spot"),
)

#: Optional section -> the key or setting that turns it on.
SECTION_SWITCHES: Mapping[str, str] = {"vpc": "subnet_ids", "kms": "kms_key_arn", "spot": "managed_spot"}

#: Member of the definition -> the optional section that it belongs to, at any place.
SECTION_OF_MEMBER: Mapping[str, str] = {
    "VpcConfig": "vpc",
    "KmsKeyId": "kms",
    "VolumeKmsKeyId": "kms",
    "EnableManagedSpotTraining": "spot",
    "MaxWaitTimeInSeconds": "spot",
}

#: Key -> placeholder, for keys that are text inside a string, and for keys that are whole JSON values.
TEXT: Mapping[str, str] = {key.name: key.placeholder for key in KEYS if not key.is_json}
JSON: Mapping[str, Any] = {key.name: key.placeholder for key in KEYS if key.is_json}


def keys_of(pipeline: str) -> tuple[Key, ...]:
    """The keys that a pipeline's template has, in the order of the table."""
    tags = template_tags(read_template(pipeline))
    names = tags.keys().union(*(tags.keys(section) for section in tags.sections))
    return tuple(key for key in KEYS if key.name in names)


def names_from(source: Source, pipeline: str) -> tuple[str, ...]:
    """Names of the keys of a pipeline's template with one source."""
    return tuple(key.name for key in keys_of(pipeline) if key.source is source)


def template_values(pipeline: str, given: Mapping[str, Any], settings: object, region: str) -> dict[str, Any]:
    """Collect what :func:`pipeline_def.template.render.render` needs, each value from its key's source.

    Args:
        pipeline: the pipeline whose template the values are for.
        given: values by key, of all keys whose source is neither a setting nor the region; None turns a section off.
        settings: the stack's settings, one attribute per setting.
        region: the stack's region.
    """

    def value(key: Key) -> Any:
        if key.source is Source.REGION:
            return key.example(region)
        return getattr(settings, key.setting or key.name) if key.source is Source.SETTING else given[key.name]

    def is_on(section: str) -> bool:
        switch = SECTION_SWITCHES[section]
        return bool(given[switch] if switch in given else getattr(settings, switch))

    return _nested({key: value(key) for key in keys_of(pipeline) if key.section is None or is_on(key.section)})


def example_values(region: str = EXAMPLE_REGION, *, sections: bool = False, pipeline: str = TRAINING) -> dict[str, Any]:
    """Plausible values of a stack ``dev`` in a region; with ``sections``, the optional sections are set as well."""
    return _nested({key: key.example(region) for key in keys_of(pipeline) if key.section is None or sections})


def _nested(values: Mapping[Key, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in values.items():
        target = nested if key.section is None else nested.setdefault(key.section, {})
        target[key.name] = _as_json(value) if key.is_json else str(value)
    return nested


def _as_json(value: Any) -> Any:
    """Tags become the API's list in the order of their keys, so that the definition does not depend on the mapping's order."""
    if isinstance(value, Mapping):
        return [{"Key": name, "Value": value[name]} for name in sorted(value)]
    return value if isinstance(value, int) else list(value)
