"""Computes all features of a template for a panel, with state fitted on the training range."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from contracts.feature_settings import Autoencoder
from contracts.problems import Problem, ProblemsError
from contracts.template import TrainingTemplate
from fe_image.data.arrays import Floats, Panel
from fe_image.features.base import State, Transformer
from fe_image.features.codes import CodesTransformer
from fe_image.features.registry import transformer

log = logging.getLogger(__name__)

#: More features per asset than this are a mistake in the template.
MAX_FEATURES = 500
#: Most values of all features: every group for 500 assets and 5,000 rows. At 8 bytes each and with copies, they need 4 GiB.
MAX_VALUES = 60_000_000
#: Most rows · inputs of an encoder. Its work grows with the cube of the smaller of the two; this limit is a few minutes.
MAX_CODED = 15_000_000
#: Most rows · inputs · hidden · epochs of an autoencoder: a few minutes without early stopping.
MAX_TRAINED = 200_000_000_000


@dataclass(frozen=True)
class GroupColumns:
    """One group's fitted state and values, shape (assets, features, rows), or (1, features, rows) if shared."""

    transformer: Transformer[Any]
    state: State
    values: Floats


@dataclass(frozen=True)
class FeatureTable:
    """All groups, in the template's order."""

    assets: tuple[str, ...]
    columns: tuple[GroupColumns, ...]

    def flat(self) -> tuple[list[str], Floats]:
        """Return column names (``AAPL:rsi_14``; without an asset if shared) and values, shape (columns, rows)."""
        names: list[str] = []
        blocks = []
        for group in self.columns:
            names += column_names(self.assets, group.transformer)
            blocks.append(group.values.reshape(-1, group.values.shape[-1]))
        return names, np.concatenate(blocks)


def column_names(assets: tuple[str, ...], made: Transformer[Any]) -> list[str]:
    """Return the names of a group's columns, in the order of its values."""
    if made.shared:
        return list(made.names)
    return [f"{asset}:{name}" for asset in assets for name in made.names]


def compute_features(panel: Panel, train_rows: int, template: TrainingTemplate) -> FeatureTable:
    """Fit every group of the template on the training rows and compute it.

    Raises:
        ProblemsError: all groups that need more training rows, and features that would take too much memory or time.
    """
    made = _checked(panel, train_rows, template)
    return FeatureTable(panel.assets, tuple(_fitted(group, panel, train_rows) for group in made))


def transform_features(panel: Panel, train_rows: int, template: TrainingTemplate, states: Mapping[str, State]) -> FeatureTable:
    """Compute every group of the template with the state of a trained model, by group; nothing is fitted.

    Raises:
        ProblemsError: as ``compute_features``.
    """
    made = _checked(panel, train_rows, template)
    return FeatureTable(panel.assets, tuple(_columns(group, panel, states.get(group.group, {})) for group in made))


def _checked(panel: Panel, train_rows: int, template: TrainingTemplate) -> list[Transformer[Any]]:
    """Return the template's groups, after checking that they can be computed."""
    made = [transformer(name, settings, template.seed) for name, settings in template.features.chosen().items()]
    problems = [_too_long(group, train_rows) for group in made if group.warm_up >= train_rows - 1]
    count = sum(len(group.names) for group in made)
    if count > MAX_FEATURES:
        problems.append(Problem("features", f"{count} features an asset", f"allowed: at most {MAX_FEATURES}"))
    problems += _too_many_values(made, panel)
    if problems:
        raise ProblemsError("template", problems)
    return made


def _fitted(group: Transformer[Any], panel: Panel, train_rows: int) -> GroupColumns:
    began = time.perf_counter()
    return _columns(group, panel, group.fit(panel.head(train_rows), train_rows), began)


def _columns(group: Transformer[Any], panel: Panel, state: State, began: float | None = None) -> GroupColumns:
    """Compute a group. ``began`` is when its fit did, for the log."""
    began = time.perf_counter() if began is None else began
    values = group.transform(panel, state)
    log.info("%s: %d features in %.2f s", group.group, values.shape[0] * values.shape[1], time.perf_counter() - began)
    return GroupColumns(group, state, values)


def _too_many_values(made: Sequence[Transformer[Any]], panel: Panel) -> list[Problem]:
    """Report features that would take gigabytes or hours, before they are computed."""
    assets, rows = len(panel.assets), panel.rows
    smaller = "fewer assets or a later startDataset"
    problems = []
    values = sum((1 if group.shared else assets) * len(group.names) for group in made) * rows
    if values > MAX_VALUES:
        allowed = f"allowed: at most {MAX_VALUES}; there are {assets} assets and {rows} rows; use fewer features, {smaller}"
        problems.append(Problem("features", f"{values} values", allowed))
    coders = [group for group in made if isinstance(group, CodesTransformer)]
    return problems + [problem for group in coders for problem in _too_much_coding(group, assets, rows)]


def _too_much_coding(group: CodesTransformer[Any], assets: int, rows: int) -> list[Problem]:
    settings = group.settings
    where, coded = f"features.{group.group}", assets * settings.window * rows
    given = f"{assets} assets · window {settings.window} · {rows} rows"
    if coded > MAX_CODED:
        allowed = f"allowed: at most {MAX_CODED} values; {given} are {coded}"
        return [Problem(f"{where}.window", settings.window, f"{allowed}; use fewer assets or a later startDataset")]
    if isinstance(settings, Autoencoder) and (work := coded * settings.hidden * settings.epochs) > MAX_TRAINED:
        allowed = f"allowed: at most {MAX_TRAINED:.0e} multiplications; hidden {settings.hidden} · epochs · {given}"
        return [Problem(f"{where}.epochs", settings.epochs, f"{allowed} are {work:.0e}")]
    return []


def _too_long(group: Transformer[Any], train_rows: int) -> Problem:
    allowed = f"the training range has {train_rows} common rows; use shorter windows, or assets with more rows in common"
    return Problem(f"features.{group.group}", f"windows of {group.warm_up + 1} rows", allowed)
