"""What every component of a stack needs to know: its settings, names, tags and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
from pulumi import Input, ResourceOptions

from components.names import Names
from settings import Settings


@dataclass(frozen=True)
class StackContext:
    """One stack in one account. Components take it as their arguments, or as the first of them."""

    settings: Settings
    names: Names
    tags: Mapping[str, str]
    #: ARN of the key that encrypts the stack's data; None if AWS manages the keys.
    key_arn: Input[str] | None = None

    @classmethod
    def create(cls, settings: Settings, account: str) -> StackContext:
        """The context of a stack in an account, without a key."""
        tags = {"project": settings.project, "stack": settings.stack, "owner": settings.owner}
        return cls(settings, Names.from_settings(settings, account), tags)

    def with_key(self, key_arn: Input[str] | None) -> StackContext:
        """The same context, with the key that encrypts the data."""
        return replace(self, key_arn=key_arn)

    def protected(self, parent: pulumi.Resource, **others: Any) -> ResourceOptions:
        """Options of a resource that holds, configures or secures data: with ``protectData``, Pulumi refuses to delete it.

        `pulumi destroy --skip-preview` deletes unprotected resources before it reaches the first protected one. A bucket
        without its own settings would then be left public, so its settings are protected as well.
        """
        return ResourceOptions(parent=parent, protect=self.settings.protect_data, **others)
