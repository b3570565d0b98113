"""What the engine needs of a resource type besides creating and deleting it: reading, updating and replacing."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from local_run.emulator.resources.base import Aws, Properties, Resource
from local_run.emulator.resources.setting import Setting


class Changeable(Resource):
    """A resource type that can be read and updated.

    ``replace_on`` names the inputs whose change needs a new physical resource; dots separate nested names.
    """

    replace_on: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        """Return the outputs that AWS has now, on top of ``state`` (inputs or earlier outputs); None if it does not exist."""

    @abstractmethod
    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        """Change the resource in place from ``old`` (inputs or outputs) to the inputs ``new``, and return its outputs."""


class ChangeableSetting(Setting, Changeable):
    """A setting of another resource that can be read and updated."""

    @abstractmethod
    def get(self, aws: Aws, id_: str) -> Properties | None:
        """Return the values in AWS that are compared with the inputs; None if there is no setting."""

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        found = self.get(aws, id_)
        if found is None:
            return None
        same = {key: state[key] for key, value in found.items() if _same_json(value, state.get(key))}
        return {**self.outputs(aws, id_, state), **found, **same}

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        self.put(aws, new)
        return self.outputs(aws, id_, new)


def changed_tags(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return the tags to set and the keys to remove."""
    before, after = old.get("tags") or {}, new.get("tags") or {}
    return {key: text for key, text in after.items() if before.get(key) != text}, sorted(before.keys() - after.keys())


def _same_json(found: object, stated: object) -> bool:
    """Return whether two texts are the same JSON document; AWS returns policies with other whitespace."""
    if not isinstance(found, str) or not isinstance(stated, str):
        return False
    try:
        return bool(json.loads(found) == json.loads(stated))
    except ValueError:
        return False
