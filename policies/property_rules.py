"""Controls that compare one property with what is allowed there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pulumi_policy import EnforcementLevel

from policies.controls import MANDATORY, Control, Finding, resource_control
from policies.resources import Resource


class OneOf:
    """One of some values; ``True`` and ``1`` are different values here."""

    def __init__(self, *values: object) -> None:
        self.values = values

    def holds(self, resource: Resource, path: str) -> bool:
        value = resource.get(path)
        return any(value == allowed and isinstance(value, bool) == isinstance(allowed, bool) for allowed in self.values)

    def __str__(self) -> str:
        return " or ".join(map(repr, self.values))


@dataclass(frozen=True)
class Present:
    """Any value, including one that is not known yet."""

    noun: str

    def holds(self, resource: Resource, path: str) -> bool:
        return resource.has(path)

    def __str__(self) -> str:
        return self.noun


class Absent:
    """No value, or an empty one."""

    def holds(self, resource: Resource, path: str) -> bool:
        return not resource.get(path)

    def __str__(self) -> str:
        return "no value"


@dataclass(frozen=True)
class Between:
    """A number from ``least`` to ``most``, both included."""

    least: int
    most: int | None = None

    def holds(self, resource: Resource, path: str) -> bool:
        number = resource.number(path)
        return number is not None and self.least <= number and (self.most is None or number <= self.most)

    def __str__(self) -> str:
        return f"at least {self.least}" if self.most is None else f"a number from {self.least} to {self.most}"


Allowed = OneOf | Present | Absent | Between


@dataclass(frozen=True)
class PropertyRule:
    """One row of the table: each of the properties must have an allowed value, ``unless`` the resource is excluded."""

    name: str
    kinds: tuple[str, ...]
    paths: tuple[str, ...]
    allowed: Allowed
    ids: str
    description: str
    remediation: str
    production_only: bool = False
    level: EnforcementLevel = MANDATORY
    unless: Callable[[Resource], bool] | None = None

    def check(self, resource: Resource) -> Iterator[Finding]:
        if (self.production_only and not resource.production) or (self.unless and self.unless(resource)):
            return
        where = "allowed in production" if self.production_only else "allowed"
        for path in self.paths:
            if not self.allowed.holds(resource, path):
                yield Finding(path, resource.get(path), f"{where}: {self.allowed}")

    def control(self) -> Control:
        options = {"level": self.level, "remediation": self.remediation, "stricter_in_production": self.production_only}
        return resource_control(self.name, self.description, self.ids, self.kinds, **options)(self.check)
