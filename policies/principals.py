"""Whom a policy on a resource may let in: accounts and roles by name, and services for one account's resources."""

from __future__ import annotations

from collections.abc import Iterator

from policies.conditions import WILDCARD
from policies.controls import Finding
from policies.documents import Statement


def unnamed(statement: Statement, *further: str) -> Iterator[Finding]:
    """Everyone of whatever type, services without a source, and whom no account answers for.

    ``further`` are condition keys that hold the ARN of whom a service comes for, besides ``aws:SourceArn``.
    """
    sources = " or ".join(("aws:SourceAccount", "aws:SourceArn", *further))
    for type_, names in statement.principals.items():
        for name in names:
            if WILDCARD.search(name):
                yield Finding(f"{statement.field}.Principal", name, "allowed: principals by name")
            elif type_ not in ("AWS", "Service"):
                yield Finding(f"{statement.field}.Principal.{type_}", name, "allowed: AWS or Service, by name")
            elif type_ == "Service" and not statement.has_source(*further):
                allowed = f"needed for {name}: whom it may come for, by {sources}"
                yield Finding(f"{statement.field}.Condition", None, allowed)
