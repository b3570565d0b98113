"""What a deployed stack exports, by name: the program writes it, ``runs`` and ``local_run`` read it.

On AWS: ``pulumi stack output --json > outputs.json`` and ``STACK_OUTPUTS=outputs.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from contracts.problems import Problem, ProblemsError
from contracts.strict_json import parse

STACK_OUTPUTS_VARIABLE = "STACK_OUTPUTS"


@dataclass(frozen=True)
class StackOutputs:
    """The stack's exports. Every value is a string; the exported name is the field's in camelCase."""

    region: str
    pipeline_name: str
    pipeline_arn: str
    assets_bucket: str
    models_bucket: str
    pipeline_bucket: str
    executor_uri: str
    asset_table: str
    template_table: str
    execution_table: str
    event_table: str
    endpoint_table: str
    prediction_table: str
    feature_importance_table: str
    model_package_group: str
    repository_url: str
    image_uri: str
    dead_letter_queue_url: str

    @classmethod
    def from_mapping(cls, exported: Mapping[str, object], source: str = "stack outputs") -> StackOutputs:
        """Read the exports; every missing one is named. Exports not known here are left alone."""
        values = {field.name: exported.get(exported_name(field.name)) for field in fields(cls)}
        missing = [
            Problem(exported_name(name), value, "every stack of this program exports it as text")
            for name, value in values.items()
            if not isinstance(value, str)
        ]
        if missing:
            raise ProblemsError(source, missing)
        return cls(**{name: str(value) for name, value in values.items()})

    @classmethod
    def from_file(cls, path: Path) -> StackOutputs:
        """Read what ``pulumi stack output --json`` printed."""
        try:
            exported = parse(path.read_text())
        except (OSError, ValueError) as error:
            allowed = f"allowed: the JSON of `pulumi stack output --json` ({error})"
            raise ProblemsError(str(path), [Problem("file", path.name, allowed)]) from error
        if not isinstance(exported, dict):
            raise ProblemsError(str(path), [Problem("file", exported, "allowed: one JSON object")])
        return cls.from_mapping(exported, str(path))

    def exported(self) -> dict[str, str]:
        """The exports by their exported names."""
        return {exported_name(field.name): getattr(self, field.name) for field in fields(self)}


#: What else a stack exports, for other stacks: field -> what it is. Nothing of this project reads them.
FURTHER_OUTPUTS: Mapping[str, str] = {
    "model_role_arn": "ARN of the role that registered models run under",
    "model_package_group_arn": "ARN of the model package group",
    "alarm_topic_arn": "ARN of the topic that alarms go to",
    "key_arn": "ARN of the stack's KMS key; empty where AWS manages the keys",
}


def exported_name(field: str) -> str:
    """``execution_table`` → ``executionTable``."""
    head, *rest = field.split("_")
    return head + "".join(part.capitalize() for part in rest)
