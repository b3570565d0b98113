"""What a comment is made of: typed, so that a privileged job can read it from an untrusted file and write every word itself."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.problems import one_problem
from pipeline_def.diff.changes import Change

#: A larger file is refused before it is read.
MAX_BYTES = 8 * 1024 * 1024
COMMIT_PATTERN = r"^[0-9a-f]{12,40}$"

Unit = Literal["execution", "month"]
Operation = Literal["create", "update", "replace", "delete"]


class Verdict(StrEnum):
    """From harmless to severe."""

    NO_CHANGE = "no change"
    CHANGES = "changes"
    DATA = "deletes or replaces data"
    BLOCKED = "blocked by policy"
    FAILED = "failed"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PropertyChange(_Model):
    """``old`` or ``new`` is None if the property is absent, both if the value is shown elsewhere.

    ``replaces``: the change needs a new resource.
    """

    path: str
    old: str | None = None
    new: str | None = None
    replaces: bool = False


class ResourceChange(_Model):
    """One resource. ``protected``: Pulumi refuses to delete it. ``retained``: only its record is deleted."""

    kind: str
    name: str
    operation: Operation
    properties: list[PropertyChange] = []
    protected: bool = False
    protection_ends: bool = False
    retained: bool = False
    holds_data: bool = False

    @property
    def deletes(self) -> bool:
        return self.operation in ("replace", "delete")

    @property
    def loses_data(self) -> bool:
        return self.deletes and self.holds_data and not self.retained


class Finding(_Model):
    """A message of the policy pack. ``existing``: the base has it too."""

    control: str
    mandatory: bool
    message: str
    existing: bool = False


class PipelineChange(_Model):
    """``how`` is changed, added or removed; only a changed pipeline has changes."""

    name: str
    how: Literal["changed", "added", "removed"]
    changes: list[Change] = []


class CostLine(_Model):
    """US dollars per ``unit`` before and after; None if the item does not exist or has no known price."""

    item: str
    unit: Unit
    before: float | None = None
    after: float | None = None


class Cost(_Model):
    lines: list[CostLine] = []
    unpriced: list[str] = []


class Preview(_Model):
    """One stack's preview. ``drift`` is None if it is not known. ``notes`` limit what the preview shows."""

    stack: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    offline: bool
    base: str
    head: str
    error: str | None = None
    isolation: str = ""
    resources: list[ResourceChange] = []
    unchanged: int = 0
    findings: list[Finding] = []
    exemptions: list[str] = []
    pipelines: list[PipelineChange] = []
    cost: Cost = Cost()
    drift: list[str] | None = None
    notes: list[str] = []
    raw: list[str] = []

    @property
    def verdict(self) -> Verdict:
        if self.error is not None:
            return Verdict.FAILED
        if any(finding.mandatory for finding in self.findings):
            return Verdict.BLOCKED
        if any(change.loses_data for change in self.resources):
            return Verdict.DATA
        return Verdict.CHANGES if self.resources or self.pipelines else Verdict.NO_CHANGE


def read_preview(path: Path) -> Preview:
    """Read a preview from a file of any origin.

    Raises:
        ProblemsError: the file is missing, too large, or not the JSON of a preview.
    """
    try:
        if path.is_symlink() or path.stat().st_size > MAX_BYTES:
            raise one_problem("preview", "file", str(path), f"allowed: a plain file of at most {MAX_BYTES} bytes")
        return Preview.model_validate_json(path.read_bytes())
    except OSError as error:
        raise one_problem("preview", "file", str(path), f"it must be readable ({error.strerror})") from error
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, found["loc"])) or "the file"
        allowed = f"allowed: what `preview --format json` writes ({where}: {found['msg']})"
        raise one_problem("preview", "content", str(path), allowed) from None
