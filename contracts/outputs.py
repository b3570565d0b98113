"""The exports of a deployed stack: the program writes them, ``runs`` and ``local_run`` read them.

On AWS: ``pulumi stack output --json > outputs.json`` and ``STACK_OUTPUTS=outputs.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from contracts.files import unreadable_file
from contracts.problems import UNSTATED, Problem, ProblemsError
from contracts.strict_json import parse

STACK_OUTPUTS_VARIABLE = "STACK_OUTPUTS"
_SOURCE = "`pulumi stack output --json` writes it for a deployed stack, `python -m local_run up` for the emulator"


@dataclass(frozen=True)
class StackOutputs:
    """The stack's exports. Every value is a string; the exported name is the field's in camelCase."""

    region: str
    pipeline_name: str
    pipeline_arn: str
    forecast_pipeline_name: str
    forecast_pipeline_arn: str
    assets_bucket: str
    models_bucket: str
    pipeline_bucket: str
    executor_uri: str
    evaluation_executor_uri: str
    prepare_executor_uri: str
    publish_executor_uri: str
    asset_table: str
    template_table: str
    execution_table: str
    event_table: str
    endpoint_table: str
    prediction_table: str
    model_package_group: str
    repository_url: str
    image_uri: str
    dead_letter_queue_url: str
    alarm_topic_arn: str

    @classmethod
    def from_mapping(cls, exported: Mapping[str, object], source: str = "stack outputs") -> StackOutputs:
        """Read the exports. All missing ones are reported; unknown ones are ignored.

        Raises:
            ProblemsError: exports are missing.
        """
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
        """Read the file that ``pulumi stack output --json`` wrote.

        Raises:
            ProblemsError: the file cannot be read, or exports are missing.
        """
        try:
            exported = parse(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise unreadable_file(path, error, _SOURCE) from error
        if not isinstance(exported, dict):
            raise ProblemsError(str(path), [Problem(path.name, UNSTATED, f"is not a JSON object; {_SOURCE}")])
        return cls.from_mapping(exported, str(path))

    def exported(self) -> dict[str, str]:
        """Return the exports by their exported names."""
        return {exported_name(field.name): getattr(self, field.name) for field in fields(self)}


#: Further exports, for other stacks: field -> description. Nothing in this project reads them.
FURTHER_OUTPUTS: Mapping[str, str] = {
    "model_role_arn": "ARN of the role of registered models",
    "model_package_group_arn": "ARN of the model package group",
    "key_arn": "ARN of the stack's KMS key; empty where AWS manages the keys",
}


def exported_name(field: str) -> str:
    """Return ``executionTable`` for ``execution_table``."""
    head, *rest = field.split("_")
    return head + "".join(part.capitalize() for part in rest)
