"""Resources that are a setting of another one: put, read and taken away under the parent's id."""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import ClassVar

from local_run.emulator.resources.base import Aws, Properties, Resource


class Setting(Resource):
    """``parent`` is the input that names the parent, and the id; a second setting on one parent is refused."""

    parent: ClassVar[str]

    @abstractmethod
    def put(self, aws: Aws, inputs: Properties) -> None:
        """Write the setting as a whole."""

    @abstractmethod
    def get(self, aws: Aws, id_: str) -> Properties | None:
        """What AWS has now, as far as it is compared with the inputs; None where there is none."""

    @abstractmethod
    def remove(self, aws: Aws, id_: str) -> None:
        """Take the setting away; what is gone already is no error."""

    def outputs(self, aws: Aws, id_: str, inputs: Properties) -> Properties:
        return {"region": aws.region, **inputs}

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs[self.parent])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        self.put(aws, inputs)
        id_ = str(self.planned_id(aws, inputs))
        return id_, self.outputs(aws, id_, inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        found = self.get(aws, id_)
        if found is None:
            return None
        same = {key: state[key] for key, value in found.items() if _same_json(value, state.get(key))}
        return {**self.outputs(aws, id_, state), **found, **same}

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        self.put(aws, new)
        return self.outputs(aws, id_, new)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        self.remove(aws, id_)


def _same_json(found: object, stated: object) -> bool:
    """Whether two texts are the same JSON document: AWS gives policies back in a spelling of its own."""
    if not isinstance(found, str) or not isinstance(stated, str):
        return False
    try:
        return bool(json.loads(found) == json.loads(stated))
    except ValueError:
        return False
