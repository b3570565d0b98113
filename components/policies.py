"""IAM policy documents as canonical JSON, from what :mod:`contracts.permissions` says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from components.names import Names, arns
from contracts.permission_model import Actor, Kind, Statement
from contracts.permissions import SAGEMAKER, SCHEDULER

VERSION = "2012-10-17"
Document = Mapping[str, Any]


def canonical(statements: Sequence[Document]) -> str:
    """The document as text; the same statements always give the same text, so that no refresh shows a difference."""
    return json.dumps({"Version": VERSION, "Statement": list(statements)}, sort_keys=True, separators=(",", ":"))


def applicable(actor: Actor, *, has_key: bool, has_vpc: bool) -> list[Statement]:
    """An actor's statements in a stack with or without a key and a VPC of its own choice."""
    present = {"always": True, "key": has_key, "vpc": has_vpc}
    return [statement for statement in actor.statements if present[statement.when]]


def role_policy(actor: Actor, names: Names, key_arn: str | None) -> str:
    """What the actor's role may do, in this stack."""
    has_vpc = bool(names.settings.subnet_ids)
    statements = applicable(actor, has_key=key_arn is not None, has_vpc=has_vpc)
    return canonical([statement_document(statement, names, actor.name, key_arn) for statement in statements])


def statement_document(statement: Statement, names: Names, actor: str, key_arn: str | None) -> Document:
    document: dict[str, Any] = {
        "Sid": statement.sid,
        "Effect": "Allow",
        "Action": one_or_many(statement.actions),
        "Resource": one_or_many(statement_arns(statement, names, actor, key_arn)),
    }
    if statement.conditions:
        document["Condition"] = {operator: dict(keys) for operator, keys in statement.conditions.items()}
    return document


def statement_arns(statement: Statement, names: Names, actor: str, key_arn: str | None) -> list[str]:
    found: list[str] = []
    for kind in statement.resources:
        found += [str(key_arn)] if kind is Kind.KEY else arns(names, kind, actor)
    return found


def one_or_many(values: Iterable[str]) -> str | list[str]:
    """A single value stands by itself and several in order, as IAM gives them back."""
    ordered = sorted(set(values))
    return ordered[0] if len(ordered) == 1 else ordered


def trust_policy(actor: Actor, names: Names) -> str:
    """Who may take on the actor's role: its one service, for resources of this account and stack where the service says so."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": actor.service},
        "Action": "sts:AssumeRole",
    }
    sources = _trusted_sources(actor, names)
    if sources:
        statement["Condition"] = {
            "StringEquals": {"aws:SourceAccount": names.account},
            "ArnLike": {"aws:SourceArn": one_or_many(sources)},
        }
    return canonical([statement])


def _trusted_sources(actor: Actor, names: Names) -> list[str]:
    """Lambda passes no source when it takes on a function's role, so there the service's name is all that can be asked for."""
    if actor.service == SCHEDULER:
        return [names.arn("scheduler", f"schedule-group/{names.of('schedules')}")]
    if actor.service != SAGEMAKER:
        return []
    narrower = {
        "pipeline": [f"pipeline/{names.pipeline}", f"pipeline/{names.pipeline}/*"],
        "processing": ["processing-job/*"],
        "training": ["training-job/*"],
    }
    return [names.sagemaker(resource) for resource in narrower.get(actor.name, ["*"])]


def tls_only(action: str, *resources: str) -> Document:
    """Refuses whatever of ``action`` does not come over TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": one_or_many(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
