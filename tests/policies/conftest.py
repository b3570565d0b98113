from __future__ import annotations

import pytest


@pytest.fixture
def nothing_exempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Controls are tested by themselves; what is let through is a matter of the whole program's test."""
    monkeypatch.setattr("policies.exemptions.EXEMPTIONS", ())
