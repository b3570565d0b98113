"""What a table of provider calls is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.components.recording import ACCOUNT

#: Stands for the key that the stack uses, its own or a given one.
KEY = "{key}"


@dataclass(frozen=True)
class Asked:
    """Actions on one thing, by occasion. ``on`` and the values of ``given`` (the request's context) are format strings.

    They are filled with the resource's inputs and with what ``stack.asked_for`` adds to them.
    """

    on: str
    create: str = ""
    read: str = ""
    update: str = ""
    delete: str = ""
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def actions(self) -> Iterator[str]:
        for occasion in (self.create, self.read, self.update, self.delete):
            yield from occasion.split()


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:eu-central-1:{ACCOUNT}:{resource}"
