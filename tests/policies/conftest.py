from __future__ import annotations

import pytest


@pytest.fixture
def nothing_exempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test controls without exemptions; the test of the whole program covers exemptions."""
    monkeypatch.setattr("policies.exemptions.EXEMPTIONS", ())
