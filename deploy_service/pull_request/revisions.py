"""Files of a git revision, or of the working tree, written to a folder."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.problems import one_problem

#: The working tree with its changes, committed or not.
WORKING_TREE = "working tree"
_REVISION = re.compile(r"(?!-)[A-Za-z0-9_./@^~{}-]{1,200}")
_SECONDS = 60


@dataclass(frozen=True)
class Revision:
    """A tree of the repository, and its name for people: a short commit id or :data:`WORKING_TREE`."""

    tree: str
    name: str


def resolve(repository: Path, revision: str, option: str) -> Revision:
    """Return the tree of a branch, tag or commit.

    Raises:
        ProblemsError: the revision does not exist.
    """
    if revision == WORKING_TREE:
        return _working_tree(repository)
    allowed = "allowed: a branch, a tag or a commit of this repository, such as origin/main"
    if not _REVISION.fullmatch(revision):
        raise one_problem("git", option, revision, allowed)
    try:
        commit = _git(repository, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except subprocess.CalledProcessError:
        raise one_problem("git", option, revision, f"{allowed}. Fetch it first: git fetch origin {revision}") from None
    return Revision(_git(repository, "rev-parse", f"{commit}^{{tree}}"), commit[:12])


def default_base(repository: Path) -> str:
    """The commit at which this branch left ``origin/main``, or ``main`` if there is no remote."""
    for branch in ("origin/main", "main"):
        try:
            return _git(repository, "merge-base", "HEAD", branch)
        except subprocess.CalledProcessError:
            continue
    raise one_problem("git", "--base", None, "neither origin/main nor main exists here; name the revision to compare with")


def export(repository: Path, revision: Revision, folder: Path) -> None:
    """Write the revision's files to an empty folder.

    ``read-tree`` and ``checkout-index`` run no hook and follow no attribute of the revision that leaves files out, as
    ``git archive`` does. Symbolic links become plain files, so that none leads out of the folder.
    """
    index = {"GIT_INDEX_FILE": str(folder.with_name(f"{folder.name}.index"))}
    _git(repository, "read-tree", revision.tree, environment=index)
    _git(repository, "-c", "core.symlinks=false", "checkout-index", "--all", f"--prefix={folder}/", environment=index)


def changed_files(repository: Path, base: Revision, head: Revision) -> list[str]:
    """Paths that differ between two revisions."""
    return _git(repository, "diff", "--name-only", "--no-renames", "-z", base.tree, head.tree).split("\0")[:-1]


def _working_tree(repository: Path) -> Revision:
    index = repository / _git(repository, "rev-parse", "--git-path", "preview.index")
    try:
        environment = {"GIT_INDEX_FILE": str(index)}
        _git(repository, "read-tree", "HEAD", environment=environment)
        _git(repository, "add", "--all", environment=environment)
        return Revision(_git(repository, "write-tree", environment=environment), WORKING_TREE)
    finally:
        index.unlink(missing_ok=True)


def _git(repository: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    command = ["git", "-C", str(repository), *arguments]
    kept = {**os.environ, **(environment or {})}
    try:
        done = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=_SECONDS, check=True)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise one_problem("git", "git", arguments[0], f"git must answer ({error})") from error
    return done.stdout.removesuffix("\n")
