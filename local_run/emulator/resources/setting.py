"""Resources that are a setting of another resource, such as a bucket's policy."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from local_run.emulator.resources.base import Aws, Properties, Upserted


class Setting(Upserted):
    """``parent`` is the input that names the parent resource; its value is also the id. A parent takes one such setting."""

    parent: ClassVar[str]

    @abstractmethod
    def put(self, aws: Aws, inputs: Properties) -> None:
        """Write the complete setting."""

    @abstractmethod
    def remove(self, aws: Aws, id_: str) -> None:
        """Remove the setting. Removing a setting that does not exist is not an error."""

    def outputs(self, aws: Aws, id_: str, inputs: Properties) -> Properties:
        """Return the outputs of a setting with these inputs."""
        return {"region": aws.region, **inputs}

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs[self.parent])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        self.put(aws, inputs)
        id_ = str(self.planned_id(aws, inputs))
        return id_, self.outputs(aws, id_, inputs)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        self.remove(aws, id_)


class BuiltInSetting(Setting):
    """A setting that each parent has from the start. Creating it overwrites the default; deleting it changes nothing."""

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return False

    def remove(self, aws: Aws, id_: str) -> None:
        """Keep the setting; it is deleted with its parent."""
