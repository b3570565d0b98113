"""What a preview in a pull request must be allowed to do: read what the deployer manages, and nothing of the data in it.

A preview runs the pull request's program, and so gives it these permissions. ``python -m components --previewer`` prints them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from components.iam.deployer import deployer_statements, packed
from components.iam.statement import Statement
from components.names import Names

_READS = re.compile(r"[a-z0-9]+:(?:Get|List|Describe)[A-Z]")
#: Read actions that return data: objects, layers of images.
_DATA = frozenset({"s3:GetObject", "ecr:GetDownloadUrlForLayer"})
#: The objects that the program itself stores; a refresh reads them.
_OWN_OBJECTS = ("s3:GetObject", "s3:GetObjectTagging")


def previewer_statements(names: Names) -> Iterator[Statement]:
    """The deployer's statements, reduced to their read actions."""
    for statement in deployer_statements(names):
        if statement.sid == "Objects":
            yield replace(statement, actions=_OWN_OBJECTS, resources=(_pipeline_objects,), why="Compares the stored executor")
            continue
        actions = tuple(action for action in statement.actions if _READS.match(action) and action not in _DATA)
        if actions:
            yield replace(statement, actions=actions, why=f"Compares: {statement.why[0].lower()}{statement.why[1:]}")


def previewer_policies(names: Names) -> list[str]:
    """As few managed policies as hold all statements, each within IAM's size limit."""
    return packed(statement.document(names) for statement in previewer_statements(names))


def _pipeline_objects(names: Names) -> list[str]:
    return [names.bucket_arn("pipeline", "*")]
