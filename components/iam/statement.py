"""The one model of permissions: a statement, whose resources are functions of a stack's names, and an actor that has some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from components.iam.documents import Document, canonical, one_or_many
from components.names import SCHEDULES, Names

SAGEMAKER = "sagemaker.amazonaws.com"
LAMBDA = "lambda.amazonaws.com"
SCHEDULER = "scheduler.amazonaws.com"

Resources = Callable[[Names], Sequence[str]]
Conditions = Callable[[Names], Document]


def always(document: Document) -> Conditions:
    """Conditions that are the same in every stack."""
    return lambda _: document


NO_CONDITIONS = always({})


@dataclass(frozen=True)
class Statement:
    """One thing an actor may do, and why.

    ``when`` names what the stack must have for the statement to apply: a key of its own choice, or a VPC. ``by`` names the AWS
    service that makes these calls itself. Our code makes none of them, so recording our calls cannot show that they are needed.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[Resources, ...]
    why: str
    conditions: Conditions = NO_CONDITIONS
    when: Literal["always", "key", "vpc"] = "always"
    by: str = ""

    def applies(self, names: Names) -> bool:
        """True if the stack has what the statement is about."""
        return {"always": True, "key": bool(names.key_arn), "vpc": bool(names.subnet_ids)}[self.when]

    def arns(self, names: Names) -> list[str]:
        """ARNs of all resources, in the order in which the statement names them."""
        return [arn for resources in self.resources for arn in resources(names)]

    def document(self, names: Names) -> Document:
        """The statement as an element of a policy document."""
        document: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": one_or_many(self.actions),
            "Resource": one_or_many(self.arns(names)),
        }
        conditions = self.conditions(names)
        return {**document, "Condition": conditions} if conditions else document


@dataclass(frozen=True)
class Actor:
    """Who acts: the service that assumes the role (None: a person, for whom no role is created), and what it may do."""

    name: str
    service: str | None
    purpose: str
    statements: tuple[Statement, ...]

    def applicable(self, names: Names) -> list[Statement]:
        """The statements that apply to this stack."""
        return [statement for statement in self.statements if statement.applies(names)]

    def policy(self, names: Names) -> str:
        """The policy document of the actor in this stack."""
        return canonical([statement.document(names) for statement in self.applicable(names)])

    def trust_policy(self, names: Names) -> str:
        """Who may assume the actor's role: its one service, for this account and stack if the service names its resources."""
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"Service": self.service},
            "Action": "sts:AssumeRole",
        }
        sources = self._trusted_sources(names)
        if sources:
            statement["Condition"] = {
                "StringEquals": {"aws:SourceAccount": names.account},
                "ArnLike": {"aws:SourceArn": one_or_many(sources)},
            }
        return canonical([statement])

    def _trusted_sources(self, names: Names) -> list[str]:
        """Lambda passes no source when it assumes a function's role, so only the service's name can be required there."""
        if self.service == SCHEDULER:
            return [names.arn("scheduler", f"schedule-group/{names.of(SCHEDULES)}")]
        if self.service != SAGEMAKER:
            return []
        narrower = {
            "pipeline": [f"pipeline/{names.pipeline}", f"pipeline/{names.pipeline}/*"],
            "processing": ["processing-job/*"],
            "evaluation": ["processing-job/*"],
            "training": ["training-job/*"],
        }
        return [names.sagemaker(resource) for resource in narrower.get(self.name, ["*"])]
