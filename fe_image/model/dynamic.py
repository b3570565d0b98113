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


@dataclass(frozen=True)
class Scales:
    """Mean and deviation of each feature in a training range, both of shape (assets, features)."""

    mean: Floats
    deviation: Floats


def dynamic_features(
    features: FeatureTable, grid: Grid, template: TrainingTemplate, scales: Scales | None = None
) -> DynamicFeatures:
    """Return the same list of features for each asset, from the groups in the template's dynamicFeatures.

    ``scales`` are those of a trained model; without them, they are taken from the training range.
    """
    assets = len(features.assets)
    seen = [group for group in features.columns if group.transformer.group in template.seen_groups]
    names = tuple(name for group in seen for name in group.transformer.names)
    parts, place = [], 0
    for group in seen:
        columns = slice(place, place + len(group.transformer.names))
        given = None if scales is None else Scales(scales.mean[:, columns], scales.deviation[:, columns])
        parts.append(_group(group, grid, assets, given or _fitted(group, grid)))
        place = columns.stop
    if not parts:
        empty = np.zeros((assets, 0))
        return DynamicFeatures((), np.zeros((assets, 0, grid.cells)), empty, empty, 0)
    values, mean, deviation = (np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True))
    known = np.isfinite(values).all(axis=(0, 1))
    first = int(known.argmax()) if known.any() else grid.cells
    return DynamicFeatures(names, values, mean, deviation, first)


def _group(group: GroupColumns, grid: Grid, assets: int, scales: Scales) -> tuple[Floats, Floats, Floats]:
    made, shape = group.transformer, (assets, len(group.transformer.names))
    if made.known_ahead:
        values = np.broadcast_to(made.at(grid.times), (*shape, grid.cells))
    else:
        normalised = (group.values - scales.mean[..., None]) / scales.deviation[..., None]
        values = np.broadcast_to(_carried(np.clip(normalised, -_LIMIT, _LIMIT), grid), (*shape, grid.cells))
    return np.round(values, DECIMALS), np.broadcast_to(scales.mean, shape), np.broadcast_to(scales.deviation, shape)


def _fitted(group: GroupColumns, grid: Grid) -> Scales:
    """Return a group's scales in the training range, shape (assets, features), or (1, features) if shared."""
    made = group.transformer
    if made.known_ahead:
        return Scales(np.zeros((1, len(made.names))), np.ones((1, len(made.names))))
    train = group.values[..., made.warm_up : grid.train_rows]
    mean, deviation = train.mean(axis=-1), train.std(axis=-1)
    # A feature that is constant in the training range becomes 0 there; dividing by its rounding error would inflate it later.
    in_prices = getattr(made.settings, "output", "ratio") == "level"
    rounding = np.maximum(_ROUNDING * np.abs(mean), 0.0 if in_prices else _ROUNDING_OF_RATIOS)
    return Scales(mean, np.where(deviation > rounding, deviation, 1.0))


def _carried(values: Floats, grid: Grid) -> Floats:
    """Return values by cell instead of by row: the latest value known ``prediction_length`` cells before each cell."""
    rows = grid.last_row()[: -grid.prediction_length]
    out = np.full((*values.shape[:-1], grid.cells), np.nan)
    out[..., grid.prediction_length :] = values[..., rows]
    return out
