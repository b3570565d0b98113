"""Feature engineering without AWS and without files: from price histories and a template to the content of the outputs.

Features are computed on the rows that all assets have in common. The model's series use the calendar grid, with features
carried forward. The ``dynamic_feat`` of a cell was known ``prediction_length`` cells before it, or is a calendar feature.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from contracts.problems import Problem, ProblemsError
from contracts.template import TrainingTemplate
from fe_image.data.arrays import Floats, Panel
from fe_image.data.frequency import Frequency
from fe_image.data.grid import Grid, make_grid
from fe_image.data.overlap import check_ranges, limits, loss_note
from fe_image.data.panel import common_panel, used_histories
from fe_image.data.prices import PriceHistory
from fe_image.features.codes_report import codes_report
from fe_image.features.feature_table import FeatureTable, GroupColumns, compute_features
from fe_image.model.dynamic import DynamicFeatures, dynamic_features
from fe_image.model.importance import ImportanceReport, feature_importance
from fe_image.model.target import last_observed, trading_profile, transformed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelSeries:
    """What a model reads: target and ``dynamic_feat`` of all assets on the calendar grid.

    ``target`` has shape (assets, cells) and is NaN without trading. ``series_start`` is the first cell of the series, after the
    features' warm-up.
    """

    template: TrainingTemplate
    panel: Panel
    grid: Grid
    dynamic: DynamicFeatures
    target: Floats
    series_start: int


@dataclass(frozen=True)
class EngineeredData(ModelSeries):
    """All results of the step. ``price`` has shape (assets, cells) and is NaN without trading."""

    features: FeatureTable
    price: Floats
    trading_profile: list[float]
    importance: ImportanceReport | None
    codes: dict[str, dict[str, float]]

    @property
    def predicted(self) -> int:
        """Index of the predicted asset, which is also its ``cat``."""
        return self.template.base_assets.index(self.template.predicted_asset)


def engineer(prices: Mapping[str, PriceHistory], template: TrainingTemplate, until: datetime | None = None) -> EngineeredData:
    """Compute features, series and reports.

    ``until`` hides later rows; windows that are then incomplete are omitted.

    Raises:
        ProblemsError: the prices do not fit the template.
    """
    panel = common_panel(prices, template, until)
    used = used_histories(prices, template, until)
    grid = make_grid(panel, template, limits(used), partial=until is not None)
    if until is None:
        check_ranges(used, template)
    log.info("%d assets, %d common rows, %d in the training range", len(panel.assets), panel.rows, grid.train_rows)
    if note := loss_note(used, template.training_end, grid.train_rows):
        log.warning("%s", note)
    features = compute_features(panel, grid.train_rows, template)
    dynamic = dynamic_features(features, grid, template)
    price = grid.place(panel.close)
    target = grid.place(transformed(panel.close, template.target_transform))
    start = series_start(target, dynamic, grid, template)
    _check_windows(price[panel.assets.index(template.predicted_asset)], grid, template)
    train, frequency = slice(0, grid.train_cells), Frequency.parse(template.frequency)
    profile = trading_profile(grid.times[train], np.isfinite(price[0, train]), frequency)
    return EngineeredData(
        template, panel, grid, dynamic, target, start, features, price, profile,
        _importance(panel, grid, features, template), codes_report(panel, grid, features),
    )  # fmt: skip


def series_start(target: Floats, dynamic: DynamicFeatures, grid: Grid, template: TrainingTemplate) -> int:
    """Return the first cell from which every feature and a target are known.

    Raises:
        ProblemsError: too few steps are left for a training.
    """
    first_target = int(np.isfinite(target[0]).argmax())
    start = max(first_target, dynamic.first_cell)
    left = grid.train_cells - start
    if left >= template.prediction_length + template.context_length:
        return start
    longest = max(template.features.chosen().items(), key=lambda item: max(item[1].warm_ups))[0]
    most = left - template.prediction_length
    answer = f"use contextLength {most} or less" if most > 0 else "use an earlier startDataset"
    allowed = (
        f"of the {grid.train_cells} steps ({grid.train_rows} rows) of the training range, {max(left, 0)} are left after the "
        f"features' first {start}, fewer than contextLength + predictionLength; {answer}, or shorter windows in "
        f"features.{longest}"
    )
    raise ProblemsError("template", [Problem("contextLength", template.context_length, allowed)])


def _check_windows(price: Floats, grid: Grid, template: TrainingTemplate) -> None:
    """Log test windows in which the predicted asset has no price; if none can be scored, raise ProblemsError."""
    starts = [grid.window_start(window) for window in range(grid.calibration_windows, grid.windows)]
    windows = [price[start : start + grid.prediction_length] for start in starts]
    empty = sum(not np.isfinite(window).any() for window in windows)
    if empty:
        log.warning("%d of %d test windows have no price and are not scored", empty, len(windows))
    moves = [np.nansum(np.abs(window - last_observed(price[:start]))) for start, window in zip(starts, windows, strict=True)]
    if windows and not any(moves):
        asset = template.predicted_asset
        what = f"{empty} of them have no price" if empty else f"the price of {asset} does not move in any of them"
        allowed = f"allowed: windows with changing prices of {asset}, which are needed for scoring; {what}"
        raise ProblemsError("template", [Problem("testWindows", template.test_windows, allowed)])


def _importance(panel: Panel, grid: Grid, features: FeatureTable, template: TrainingTemplate) -> ImportanceReport | None:
    """Return the importance of what the model sees of the predicted asset, for the quantity that it predicts."""
    predicted = panel.assets.index(template.predicted_asset)
    seen = [group for group in features.columns if group.transformer.group in template.seen_groups]
    if template.importance is None or not seen:
        return None
    began = time.perf_counter()
    names = [name for group in seen for name in group.transformer.names]
    values = np.concatenate([_seen_values(group, predicted, template.importance.horizon) for group in seen])
    target = transformed(panel.close[predicted], template.target_transform)[: grid.train_rows]
    report = feature_importance(names, values[:, : grid.train_rows], target, template.importance, template.seed)
    log.info("importance of %d features in %.2f s", len(names), time.perf_counter() - began)
    return report


def _seen_values(group: GroupColumns, predicted: int, horizon: int) -> Floats:
    """Return a group's values for the predicted asset, shape (features, rows).

    What is known in advance is that of the row ``horizon`` rows later, as the model sees it.
    """
    values: Floats = group.values[0 if group.transformer.shared else predicted]
    if not group.transformer.known_ahead:
        return values
    later = np.full(values.shape, np.nan)
    later[:, :-horizon] = values[:, horizon:]
    return later
