"""One IAM role per actor, with the policy that :mod:`components.iam` declares for it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.context import StackContext
from components.iam.actors import ACTORS
from components.iam.statement import LAMBDA, Actor


@dataclass(frozen=True)
class RoleArgs:
    context: StackContext
    actor: Actor


class Role(pulumi.ComponentResource):
    """An actor's role. ``ready`` is its policy: resources that act under the role depend on it."""

    arn: Output[str]
    ready: pulumi.Resource

    def __init__(self, name: str, args: RoleArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:roles:Role", name, {}, opts)
        self._name = name
        self._context = args.context
        self._actor = args.actor
        role = self._create_role()
        self.ready = self._create_policy(role)
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})

    def _create_role(self) -> aws.iam.Role:
        names = self._context.names
        return aws.iam.Role(
            f"{self._name}-role",
            name=names.of(self._actor.name),
            description=self._actor.purpose,
            assume_role_policy=self._actor.trust_policy(names),
            permissions_boundary=names.permissions_boundary or None,
            tags=self._context.tags,
            opts=ResourceOptions(parent=self),
        )

    def _create_policy(self, role: aws.iam.Role) -> aws.iam.RolePolicy:
        actor, names = self._actor, self._context.names
        policy: Input[str] = actor.policy(names)
        if self._context.key_arn is not None:
            policy = Output.from_input(self._context.key_arn).apply(lambda key_arn: actor.policy(names.with_key(key_arn)))
        return aws.iam.RolePolicy(
            f"{self._name}-policy", name="permissions", role=role.name, policy=policy, opts=ResourceOptions(parent=self)
        )


class Roles(pulumi.ComponentResource):
    """The roles of all actors except the functions, which create their own: ``roles["training"].arn``."""

    def __init__(self, name: str, context: StackContext, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:roles:Roles", name, {}, opts)
        self._roles = {
            actor.name: Role(f"{name}-{actor.name}", RoleArgs(context, actor), ResourceOptions(parent=self))
            for actor in ACTORS
            if actor.service != LAMBDA
        }
        self.register_outputs({})

    def __getitem__(self, actor: str) -> Role:
        return self._roles[actor]

    @property
    def arns(self) -> dict[str, Output[str]]:
        """ARNs by actor."""
        return {actor: role.arn for actor, role in self._roles.items()}

    @property
    def ready(self) -> list[pulumi.Resource]:
        """The roles' policies."""
        return [role.ready for role in self._roles.values()]
