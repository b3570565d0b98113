"""``dynamic_feat``: the features that the model reads, on the grid, lagged by the forecast's length, and normalised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contracts.template import TrainingTemplate
from fe_image.data.arrays import Floats
from fe_image.data.grid import Grid
from fe_image.features.feature_table import FeatureTable, GroupColumns

#: Decimal places of a value in standard deviations. More would be noise and would double the size of the channels.
DECIMALS = 6
#: A deviation below this share of the mean is rounding error, for example if a price grows at a constant rate.
_ROUNDING = 1e-9
#: The same for features without a unit, whose mean may be 0.
_ROUNDING_OF_RATIOS = 1e-12
#: Values are clipped at ±10 deviations, because a feature that barely moved in training can later take extreme values.
_LIMIT = 10.0


@dataclass(frozen=True)
class DynamicFeatures:
    """Normalised features of all assets.

    ``values`` has shape (assets, features, cells) and is NaN before ``first_cell``. ``mean`` and ``deviation`` of the training
    rows have shape (assets, features). Unless it was clipped, a feature is its value times ``deviation`` plus ``mean``.
    """

    names: tuple[str, ...]
    values: Floats
    mean: Floats
    deviation: Floats
    first_cell: int


def dynamic_features(features: FeatureTable, grid: Grid, template: TrainingTemplate) -> DynamicFeatures:
    """Return the same list of features for each asset, from the groups in the template's dynamicFeatures."""
    assets = len(features.assets)
    seen = [group for group in features.columns if group.transformer.group in template.seen_groups]
    parts = [_group(group, grid, assets) for group in seen]
    names = tuple(name for group in seen for name in group.transformer.names)
    if not parts:
        empty = np.zeros((assets, 0))
        return DynamicFeatures((), np.zeros((assets, 0, grid.cells)), empty, empty, 0)
    values, mean, deviation = (np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True))
    known = np.isfinite(values).all(axis=(0, 1))
    first = int(known.argmax()) if known.any() else grid.cells
    return DynamicFeatures(names, values, mean, deviation, first)


def _group(group: GroupColumns, grid: Grid, assets: int) -> tuple[Floats, Floats, Floats]:
    made = group.transformer
    if made.known_ahead:
        values = np.broadcast_to(made.at(grid.times), (assets, len(made.names), grid.cells))
        return np.round(values, DECIMALS), np.zeros(values.shape[:2]), np.ones(values.shape[:2])
    train = group.values[..., made.warm_up : grid.train_rows]
    mean, deviation = train.mean(axis=-1), train.std(axis=-1)
    # A feature that is constant in the training range becomes 0 there; dividing by its rounding error would inflate it later.
    in_prices = getattr(made.settings, "output", "ratio") == "level"
    rounding = np.maximum(_ROUNDING * np.abs(mean), 0.0 if in_prices else _ROUNDING_OF_RATIOS)
    deviation = np.where(deviation > rounding, deviation, 1.0)
    normalised = np.clip((group.values - mean[..., None]) / deviation[..., None], -_LIMIT, _LIMIT)
    lagged = _carried(normalised, grid)
    shape = (assets, len(made.names))
    return (
        np.broadcast_to(np.round(lagged, DECIMALS), (*shape, grid.cells)),
        np.broadcast_to(mean, shape),
        np.broadcast_to(deviation, shape),
    )


def _carried(values: Floats, grid: Grid) -> Floats:
    """Return values by cell instead of by row: the latest value known ``prediction_length`` cells before each cell."""
    rows = grid.last_row()[: -grid.prediction_length]
    out = np.full((*values.shape[:-1], grid.cells), np.nan)
    out[..., grid.prediction_length :] = values[..., rows]
    return out
