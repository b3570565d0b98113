"""Errors of the encoders: each row of prices counts in its own range, with any warm-up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fe_image.engineer import engineer
from tests.fe_image.support import histories, template, walk

TRAIN_ROWS, ROWS = 300, 340
ENCODERS = {"autoencoder": {"epochs": 2, "window": 20}, "pca": {"window": 20}}


@pytest.fixture(scope="module")
def errors_by_change() -> dict[str, dict[str, dict[str, float]]]:
    """The report for the same prices, for a change in the first row after the training range, and for one in its last row."""
    panel = walk(3, rows=ROWS)
    reports = {}
    for name, row in (("none", None), ("after", TRAIN_ROWS), ("last", TRAIN_ROWS - 1)):
        close = panel.close.copy()
        if row is not None:
            close[:, row:] *= 1.3
        changed = replace(panel, close=close)
        data = engineer(histories(changed), template(changed, TRAIN_ROWS, features=ENCODERS, importance=None))
        reports[name] = data.codes
    return reports


@pytest.mark.parametrize("encoder", ["autoencoder", "autoencoder_pca_yardstick", "pca"])
def test_prices_after_the_training_range_change_the_test_error_only(
    errors_by_change: dict[str, dict[str, dict[str, float]]], encoder: str
) -> None:
    before, after = errors_by_change["none"][encoder], errors_by_change["after"][encoder]
    assert after["train"] == before["train"]
    assert after["test"] > before["test"]


@pytest.mark.parametrize("encoder", ["autoencoder", "autoencoder_pca_yardstick", "pca"])
def test_the_last_row_of_the_training_range_counts_as_training(
    errors_by_change: dict[str, dict[str, dict[str, float]]], encoder: str
) -> None:
    assert errors_by_change["last"][encoder]["train"] != errors_by_change["none"][encoder]["train"]
