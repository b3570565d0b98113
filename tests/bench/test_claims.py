"""The performance claims: the page shows the data, and the data have a source."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import claims


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(claims.DATA.read_text())
    return found


def test_the_page_shows_the_data() -> None:
    text = claims.PAGE.read_text()
    assert claims.page(text, rows()) == text


def test_each_row_describes_a_claim_of_the_runner() -> None:
    assert [(row["claim"], row["work"], row["comparison"], row["unit"]) for row in rows()] == [
        (name, claim.work, claim.comparison, claim.unit)
        for name, claim in claims.CLAIMS.items()
        if name in {row["claim"] for row in rows()}
    ]
    assert all(row["runs"] >= 5 and row["least"] <= row["ratio"] <= row["largest"] for row in rows())


def test_a_row_has_medians_and_the_spread_of_the_ratios() -> None:
    made = claims.row("missing-values", [(1.0, 2.0), (3.0, 2.0), (2.0, 2.0)])
    assert (made["ours"], made["theirs"], made["ratio"], made["least"], made["largest"], made["runs"]) == (2, 2, 1, 0.5, 1.5, 3)
    assert made["packages"].keys() == {"jax", "numpy", "python"}


def test_a_fingerprint_depends_on_the_code() -> None:
    assert claims.fingerprint(["contracts"]) == claims.fingerprint(["contracts"]) != claims.fingerprint(["runs"])


def test_a_claim_without_its_comparison_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_PYTHON", "/no/such/python")
    with pytest.raises(claims.SkippedError, match="/no/such/python is not an interpreter"):
        claims.CLAIMS["training-step"].measure()
