"""The command line of ``python -m components``: a stack's permissions, as text or as policy documents.

It uses argparse, because the people who deploy have only what `pulumi install` installs, and that does not include typer.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from components.iam.actors import ACTORS
from components.iam.deployer import deployer_policies, deployer_statements
from components.iam.people import PEOPLE
from components.iam.previewer import previewer_policies, previewer_statements
from components.iam.statement import Actor, Statement
from components.names import Names
from contracts.problems import ProblemsError, one_problem
from settings import Settings, parse
from stack_config import read_stack_config

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE_ACCOUNT = "123456789012"
WIDTH = 110
#: Roles, and the people whose policy an administrator attaches.
EVERYBODY = (*ACTORS, *PEOPLE)
_DESCRIPTION = "Print who may do what, to what, and why: every role of a stack, as text or as policy documents."
_WHEN = {"always": "", "key": "  (if the stack sets a key)", "vpc": "  (in a VPC)"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits with 1 if the arguments or the configuration have problems."""
    options = parser().parse_args(arguments)
    try:
        settings = _settings(options.stack, options.config)
        names = Names.from_settings(settings, _account(options.account))
    except ProblemsError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    with_key = names.with_key(names.key_arn or names.arn("kms", "key/<key id>"))
    if options.deployer:
        _print_policies(deployer_policies(names), deployer_statements(names), names, options.json)
    elif options.previewer:
        _print_policies(previewer_policies(names), previewer_statements(names), names, options.json)
    elif options.json:
        deployed = names if settings.encryption_key == "aws" else with_key
        print(_as_json({actor.name: _policies(actor, deployed) for actor in EVERYBODY}))
    else:
        print("\n\n".join("\n".join(_actor_lines(actor, with_key)) for actor in EVERYBODY))


def parser() -> argparse.ArgumentParser:
    """The command line's options."""
    made = argparse.ArgumentParser("python -m components", description=_DESCRIPTION)
    made.add_argument(
        "--stack",
        default="dev",
        help="The stack whose names and settings are used: Pulumi.<stack>.yaml (default: %(default)s).",
    )
    made.add_argument("--account", default=EXAMPLE_ACCOUNT, help="The AWS account, 12 digits (default: %(default)s).")
    made.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="A setting that takes precedence over the stack's file; repeatable.",
    )
    made.add_argument("--deployer", action="store_true", help="Print what running pulumi up requires instead.")
    made.add_argument("--previewer", action="store_true", help="Print what a preview in a pull request may read instead.")
    made.add_argument("--json", action="store_true", help="Print policy documents in the form that AWS accepts.")
    return made


def _account(text: str) -> str:
    if not (len(text) == len(EXAMPLE_ACCOUNT) and text.isascii() and text.isdecimal()):
        raise one_problem("arguments", "--account", text, "allowed: 12 digits")
    return text


def _settings(stack: str, given: Sequence[str]) -> Settings:
    """The stack's settings; ``given`` are ``key=value`` texts that take precedence over the stack's file."""
    config = read_stack_config(ROOT, stack, dict(map(_setting, given)))
    return parse(config.project, stack, config.values)


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise one_problem("arguments", "--config", text, "allowed: key=value")
    return key, value


def _policies(actor: Actor, names: Names) -> dict[str, object]:
    permissions = {"permissions": json.loads(actor.policy(names))}
    return permissions if actor.service is None else {"trust": json.loads(actor.trust_policy(names)), **permissions}


def _actor_lines(actor: Actor, names: Names) -> Iterator[str]:
    assumed = f"assumed by {actor.service}" if actor.service else "a policy for people; no role is created"
    yield f"{names.of(actor.name)}: {actor.purpose} ({assumed})"
    for statement in actor.statements:
        yield from (f"  {line}" for line in _statement_lines(statement, names))


def _print_policies(policies: Sequence[str], statements: Iterable[Statement], names: Names, as_json: bool) -> None:
    if as_json:
        print(_as_json([json.loads(policy) for policy in policies]))
    else:
        print("\n".join(line for statement in statements for line in _statement_lines(statement, names)))


def _statement_lines(statement: Statement, names: Names) -> Iterator[str]:
    by = f"  [{statement.by} itself]" if statement.by else ""
    yield f"{statement.sid}{_WHEN[statement.when]}: {statement.why}{by}"
    actions = textwrap.wrap(", ".join(statement.actions), WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield from actions
    yield from (f"    {resource}" for resource in statement.arns(names))
    if conditions := statement.conditions(names):
        yield f"    if {json.dumps(conditions)}"


def _as_json(document: object) -> str:
    return json.dumps(document, indent=2)
