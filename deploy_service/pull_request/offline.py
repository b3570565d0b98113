"""The offline preview: both revisions run with example answers, and what they register is compared."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from contracts.problems import ProblemsError
from deploy_service.pull_request.changes import compare
from deploy_service.pull_request.cost import cost
from deploy_service.pull_request.ephemeral import stack_config
from deploy_service.pull_request.isolation import GUARD, TIMEOUT_SECONDS, Recording, record
from deploy_service.pull_request.model import Finding, Preview, ResourceChange
from deploy_service.pull_request.pipelines import pipeline_changes
from deploy_service.pull_request.revisions import Revision, changed_files, default_base, export, resolve

REQUIREMENTS = "requirements.txt"
POLICY_FILES = ("policies/", "pipeline_def/check/")


@dataclass(frozen=True)
class Side:
    """A revision, and the Python whose environment has its requirements."""

    revision: str
    python: str = sys.executable


def preview_offline(repository: Path, stack: str, base: Side | None, head: Side, seconds: int = TIMEOUT_SECONDS) -> Preview:
    """Preview ``head`` against ``base`` (default: where the branch left main). A revision that fails is a result.

    Raises:
        ProblemsError: a revision does not exist, or git does not answer.
    """
    base = base or Side(default_base(repository), head.python)
    revisions = (resolve(repository, base.revision, "--base"), resolve(repository, head.revision, "--head"))
    with tempfile.TemporaryDirectory(prefix="preview-") as folder, ThreadPoolExecutor(2) as pool:
        sides = zip(("base", "head"), revisions, (base.python, head.python), strict=True)
        jobs = [
            pool.submit(_recording, repository, revision, Path(folder) / name, stack, python, seconds)
            for name, revision, python in sides
        ]
        before, after = (job.result() for job in jobs)
        preview = Preview(
            stack=stack,
            offline=True,
            base=revisions[0].name,
            head=revisions[1].name,
            isolation=after.isolation,
            notes=list(_notes(changed_files(repository, *revisions), after, base.python == head.python)),
            error=_error(before, after),
        )
        return preview if preview.error is not None else _compared(preview, before, after)


def _recording(repository: Path, revision: Revision, folder: Path, stack: str, python: str, seconds: int) -> Recording:
    folder.mkdir()
    export(repository, revision, folder)
    try:
        config = stack_config(folder, stack)
    except ProblemsError as error:
        return Recording(error=str(error))
    return record(folder, config, python, seconds)


def _compared(preview: Preview, before: Recording, after: Recording) -> Preview:
    comparison = compare(before.resources, after.resources)
    return preview.model_copy(
        update={
            "resources": list(comparison.resources),
            "unchanged": comparison.unchanged,
            "findings": _findings(before, after),
            "exemptions": list(after.policies["exemptions"]),
            "pipelines": pipeline_changes(before.resources, after.resources),
            "cost": cost(before.resources, after.resources),
            "raw": [line for change in comparison.resources for line in raw_lines(change)],
        }
    )


def _findings(before: Recording, after: Recording) -> list[Finding]:
    """The findings on the change, mandatory ones first; each says whether the base has it too."""
    known = {tuple(finding) for finding in before.policies["findings"]}
    found = [
        Finding(control=control, mandatory=mandatory, message=message, existing=(control, mandatory, message) in known)
        for control, mandatory, message in after.policies["findings"]
    ]
    return sorted(found, key=lambda finding: (not finding.mandatory, finding.existing, finding.control, finding.message))


def raw_lines(change: ResourceChange) -> Iterator[str]:
    """A resource and each of its properties, as plain text."""
    yield f"{change.operation} {change.kind} {change.name}"
    for item in change.properties:
        old, new = (side if side is not None else "-" for side in (item.old, item.new))
        yield f"    {item.path}: {old} -> {new}{' (replaces)' if item.replaces else ''}"


def _error(before: Recording, after: Recording) -> str | None:
    if after.error is not None:
        return f"The program of this change does not run: {after.error}"
    return f"The program of the base does not run: {before.error}" if before.error is not None else None


def _notes(changed: list[str], after: Recording, same_python: bool) -> Iterator[str]:
    if same_python and REQUIREMENTS in changed:
        yield f"{REQUIREMENTS} changes, but both revisions ran with the same installed packages."
    if any(path.startswith(POLICY_FILES) for path in changed):
        yield "The policies or the definition's check change. Each revision is judged by its own, so look at this change first."
    if problem := after.policies.get("problem"):
        yield str(problem)
    if after.isolation == GUARD:
        yield "This machine allows no network namespace, so only a guard in Python kept the programs from the network."
