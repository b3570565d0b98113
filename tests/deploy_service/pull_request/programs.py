"""A small repository with a program, for revisions that differ in one thing."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

PROJECT = """
name: model-training
runtime: python
config:
  owner: {type: string, default: data-science}
"""
STACK = "config:\n  aws:region: eu-central-1\n"
PROGRAM = """
import pulumi
from pulumi import Output, ResourceOptions


class Thing(pulumi.CustomResource):
    def __init__(self, kind, name, props, **options):
        self.arn = self.bucket = None
        super().__init__(kind, name, {"arn": None, **props}, ResourceOptions(**options))


def table(name, options={}, **props):
    props = {"name": f"model-training-dev-{name}", "hashKey": "Id", **props}
    return Thing("aws:dynamodb/table:Table", name, props, **options)


"""
PACK = """
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, StackValidationPolicy


def owner(args, report):
    if not (args.props.get("tags") or {}).get("owner"):
        report(f"{args.name} has no owner")


def exemptions(args, report):
    report(f"{len(args.resources)} resources. Reason: small. Owner: team")


def policies():
    return [
        ResourceValidationPolicy("owner", "Everything has an owner", owner, EnforcementLevel.MANDATORY),
        StackValidationPolicy("exemptions", "What applies", exemptions, EnforcementLevel.ADVISORY),
    ]
"""


@dataclass(frozen=True)
class Repository:
    path: Path

    @classmethod
    def create(cls, path: Path) -> Repository:
        path.mkdir()
        found = cls(path)
        found.git("init", "--quiet", "--initial-branch", "main")
        found.write("Pulumi.yaml", PROJECT)
        found.write("Pulumi.dev.yaml", STACK)
        found.write("policies/pack.py", PACK)
        return found

    def write(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def program(self, text: str) -> str:
        """Commit a program, and return the commit."""
        self.write("__main__.py", PROGRAM + text)
        return self.commit()

    def commit(self) -> str:
        self.git("add", "--all")
        author = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
        self.git(*author, "commit", "--quiet", "--allow-empty", "--message", "x")
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.path), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
