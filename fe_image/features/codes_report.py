"""Reconstruction errors of PCA and the autoencoder, on the training range and after it."""

from __future__ import annotations

import numpy as np

from contracts.feature_settings import Pca
from fe_image.data.arrays import Panel
from fe_image.data.grid import Grid
from fe_image.features.codes import CodesTransformer
from fe_image.features.feature_table import FeatureTable
from fe_image.features.pca import PcaTransformer


def codes_report(panel: Panel, grid: Grid, features: FeatureTable) -> dict[str, dict[str, float]]:
    """Return the mean squared error of each encoder, in variances of the training range (1.0: no better than the mean).

    For comparison, an autoencoder has an entry ``…_pca_yardstick``: PCA with the same number of codes and the same input.
    """
    report = {}
    fitted = {group.transformer.settings: group.state for group in features.columns if group.transformer.group == "pca"}
    for group in features.columns:
        made = group.transformer
        if isinstance(made, CodesTransformer):
            report[made.group] = _errors(made.errors(panel, group.state), made.warm_up, grid)
            if not isinstance(made, PcaTransformer):
                yardstick = PcaTransformer(Pca(codes=made.settings.codes, window=made.settings.window))
                # Reuse the template's PCA if its settings are equal, because fitting it is slow for wide panels.
                state = fitted.get(yardstick.settings) or yardstick.fit(panel.head(grid.train_rows), grid.train_rows)
                report[f"{made.group}_pca_yardstick"] = _errors(yardstick.errors(panel, state), made.warm_up, grid)
    return report


def _errors(by_row: np.ndarray, warm_up: int, grid: Grid) -> dict[str, float]:
    split = grid.train_rows - warm_up
    errors = {"train": float(by_row[:split].mean())}
    if by_row.size > split:
        errors["test"] = float(by_row[split:].mean())
    return errors
