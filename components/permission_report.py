"""``python -m components.roles``: who may do what, to what, and why; as text to read, or as policies to use.

Its command line is argparse's: it is for whoever deploys, and what `pulumi install` installs has no typer.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from components.deployer import Grant, deployer_policies, grant_document, stack_grants
from components.names import Names
from components.policies import role_policy, statement_arns, trust_policy
from contracts.permission_model import Actor, Statement
from contracts.permissions import ACTORS, OPERATOR
from contracts.problems import Problem, ProblemsError, one_problem
from settings import MASK, parse

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE_ACCOUNT = "123456789012"
WIDTH = 110
#: Roles, and the people whose policy an administrator attaches.
EVERYBODY = (*ACTORS, OPERATOR)
_DESCRIPTION = "Say who may do what, to what, and why: every role of a stack, as text to read or as policies to use."
_WHEN = {"always": "", "key": "  (where the stack sets a key)", "vpc": "  (in a VPC)"}


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    try:
        names = _names(options.stack, options.account, options.config)
    except ProblemsError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    key_arn = names.settings.given_key_arn or names.arn("kms", "key/<key id>")
    if options.deployer:
        print(_as_json([json.loads(policy) for policy in deployer_policies(names)]) if options.json else _deployer(names))
    elif options.json:
        print(_as_json({actor.name: _policies(actor, names, key_arn) for actor in EVERYBODY}))
    else:
        print("\n\n".join("\n".join(_actor_lines(actor, names, key_arn)) for actor in EVERYBODY))


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser("python -m components.roles", description=_DESCRIPTION)
    whose = "Whose names and settings are used: Pulumi.<stack>.yaml (default: %(default)s)."
    made.add_argument("--stack", default="dev", help=whose)
    made.add_argument("--account", default=EXAMPLE_ACCOUNT, help="The AWS account, 12 digits (default: %(default)s).")
    made.add_argument(
        "--config", action="append", default=[], metavar="KEY=VALUE", help="A setting over the stack's file; repeatable."
    )
    made.add_argument("--deployer", action="store_true", help="What whoever runs pulumi up must be allowed to do, instead.")
    made.add_argument("--json", action="store_true", help="Policy documents, as AWS takes them.")
    return made


def _names(stack: str, account: str, given: Sequence[str]) -> Names:
    """The stack's names, from its configuration as the program gets it; ``given`` are ``key=value`` above the stack's file."""
    if not (len(account) == len(EXAMPLE_ACCOUNT) and account.isascii() and account.isdecimal()):
        raise one_problem("arguments", "--account", account, "allowed: 12 digits")
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    stack_file = ROOT / f"Pulumi.{stack}.yaml"
    if not stack_file.is_file():
        raise one_problem("arguments", "--stack", stack, f"there is no {stack_file.name} beside Pulumi.yaml")
    name, defaults = project["name"], {key: entry["default"] for key, entry in project["config"].items()}
    settings = (yaml.safe_load(stack_file.read_text()) or {}).get("config") or {}
    values, own, above = (_namespaced(name, part) for part in (defaults, settings, dict(map(_setting, given))))
    values |= own | above
    _refuse_encrypted(name, stack, values)
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    return Names(parse(name, stack, texts, [key for key, value in own.items() if _is_encrypted(value)]), account)


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise one_problem("arguments", "--config", text, "allowed: key=value")
    return key, value


def _namespaced(project: str, values: Mapping[str, object]) -> dict[str, object]:
    return {key if ":" in key else f"{project}:{key}": value for key, value in values.items()}


def _refuse_encrypted(project: str, stack: str, values: Mapping[str, object]) -> None:
    """Only the CLI can read such values, and a policy made without one could be another stack's."""
    problems = [
        Problem(key, MASK, f"it is encrypted for the Pulumi CLI; give it: --config {key.removeprefix(f'{project}:')}=<value>")
        for key, value in values.items()
        if _is_encrypted(value)
    ]
    if problems:
        raise ProblemsError(f"configuration of stack {stack}", problems)


def _is_encrypted(value: object) -> bool:
    """A secret is an object with ``secure`` alone, and may stand within a list."""
    if isinstance(value, dict):
        return value.keys() == {"secure"} or any(map(_is_encrypted, value.values()))
    return isinstance(value, list) and any(map(_is_encrypted, value))


def _policies(actor: Actor, names: Names, key_arn: str) -> dict[str, object]:
    has_key = names.settings.encryption_key != "aws"
    permissions = {"permissions": json.loads(role_policy(actor, names, key_arn if has_key else None))}
    return permissions if actor.service is None else {"trust": json.loads(trust_policy(actor, names)), **permissions}


def _actor_lines(actor: Actor, names: Names, key_arn: str) -> Iterator[str]:
    taken_on = f"taken on by {actor.service}" if actor.service else "a policy for people; no role is made"
    yield f"{names.of(actor.name)}: {actor.purpose} ({taken_on})"
    for statement in actor.statements:
        yield from _statement_lines(statement, statement_arns(statement, names, actor.name, key_arn))


def _statement_lines(statement: Statement, resources: Sequence[str]) -> Iterator[str]:
    by = f"  [{statement.by} itself]" if statement.by else ""
    yield f"  {statement.sid}{_WHEN[statement.when]}: {statement.why}{by}"
    yield textwrap.fill(", ".join(statement.actions), WIDTH, initial_indent="    ", subsequent_indent="    ")
    yield from (f"      {resource}" for resource in resources)
    if statement.conditions:
        yield f"      if {json.dumps({operator: dict(keys) for operator, keys in statement.conditions.items()})}"


def _deployer(names: Names) -> str:
    return "\n".join(line for grant in stack_grants(names) for line in _grant_lines(grant, names))


def _grant_lines(grant: Grant, names: Names) -> Iterator[str]:
    document = grant_document(grant, names)
    yield f"{grant.sid}: {grant.why}"
    actions = ", ".join(f"{grant.prefix}:{action}" for action in grant.actions.split())
    yield textwrap.fill(actions, WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield from (f"    {resource}" for resource in grant.resources(names))
    if "Condition" in document:
        yield f"    if {json.dumps(document['Condition'])}"


def _as_json(document: object) -> str:
    return json.dumps(document, indent=2)
