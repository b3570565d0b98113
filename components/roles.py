"""One role per actor, with a policy made of what :mod:`contracts.permissions` says of that actor.

``python -m components.roles`` prints who may do what, to what, and why, and the policy of whoever runs ``pulumi up``.
"""

from __future__ import annotations

from contracts.problems import needs_extra, until_the_pipe_closes

if __name__ == "__main__":
    # Ahead of the component's own imports: what is not installed is said as every command says it.
    with needs_extra(), until_the_pipe_closes():
        from components.permission_report import main

        main()
    raise SystemExit

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.names import Names
from components.policies import role_policy, trust_policy
from contracts.permission_model import Actor
from contracts.permissions import ACTORS, LAMBDA


@dataclass(frozen=True)
class RoleArgs:
    names: Names
    tags: Mapping[str, str]
    key_arn: Input[str] | None
    actor: Actor


class Role(pulumi.ComponentResource):
    """An actor's role. ``ready`` is its policy: who acts under the role depends on it."""

    arn: Output[str]
    ready: pulumi.Resource

    def __init__(self, name: str, args: RoleArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:roles:Role", name, {}, opts)
        self._name = name
        self._args = args
        role = self._create_role()
        self.ready = self._create_policy(role)
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})

    def _create_role(self) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._name}-role",
            name=self._args.names.of(self._args.actor.name),
            description=self._args.actor.purpose,
            assume_role_policy=trust_policy(self._args.actor, self._args.names),
            permissions_boundary=self._args.names.settings.permissions_boundary or None,
            tags=self._args.tags,
            opts=ResourceOptions(parent=self),
        )

    def _create_policy(self, role: aws.iam.Role) -> aws.iam.RolePolicy:
        actor, names = self._args.actor, self._args.names
        policy: Input[str] = role_policy(actor, names, None)
        if self._args.key_arn is not None:
            policy = Output.from_input(self._args.key_arn).apply(lambda key_arn: role_policy(actor, names, key_arn))
        return aws.iam.RolePolicy(
            f"{self._name}-policy", name="permissions", role=role.name, policy=policy, opts=ResourceOptions(parent=self)
        )


@dataclass(frozen=True)
class RolesArgs:
    names: Names
    tags: Mapping[str, str]
    key_arn: Input[str] | None


class Roles(pulumi.ComponentResource):
    """The roles of all actors but the functions, which have theirs with them: ``roles["training"].arn``."""

    def __init__(self, name: str, args: RolesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:roles:Roles", name, {}, opts)
        self._roles = {
            actor.name: Role(
                f"{name}-{actor.name}", RoleArgs(args.names, args.tags, args.key_arn, actor), ResourceOptions(parent=self)
            )
            for actor in ACTORS
            if actor.service != LAMBDA
        }
        self.register_outputs({})

    def __getitem__(self, actor: str) -> Role:
        return self._roles[actor]

    @property
    def arns(self) -> dict[str, Output[str]]:
        return {actor: role.arn for actor, role in self._roles.items()}

    @property
    def ready(self) -> list[pulumi.Resource]:
        return [role.ready for role in self._roles.values()]
