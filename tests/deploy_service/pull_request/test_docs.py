"""The previews that docs/pull-requests.md shows, rendered again from what was recorded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy_service.pull_request.markdown import render
from deploy_service.pull_request.model import Verdict, read_preview
from tests.deploy_service.pull_request.hostile import forged

RECORDED = Path(__file__).parent / "recorded"
DOCS = Path(__file__).parents[3] / "docs"
VERDICTS = {"changes": Verdict.CHANGES, "data": Verdict.DATA, "failed": Verdict.FAILED}


@pytest.mark.parametrize("name", VERDICTS)
def test_a_shown_preview_is_what_the_command_prints(name: str) -> None:
    """``UPDATE_PREVIEWS=1`` writes the documents after a change of the comment."""
    preview = read_preview(RECORDED / f"{name}.json")
    document = DOCS / "previews" / f"{name}.md"
    text = render(preview)
    if os.environ.get("UPDATE_PREVIEWS"):
        document.write_text(text, encoding="utf-8")
    assert document.read_text(encoding="utf-8") == text
    assert preview.verdict is VERDICTS[name]
    assert forged(text) == []


def test_the_page_links_every_shown_preview() -> None:
    page = (DOCS / "pull-requests.md").read_text(encoding="utf-8")
    assert all(f"(previews/{name}.md)" in page for name in VERDICTS)
    assert {path.stem for path in (DOCS / "previews").iterdir()} == set(VERDICTS)
