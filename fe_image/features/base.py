"""What every feature is: a transformer of a price panel, with the checks that all of them share.

A value at row t uses rows up to t and what was fitted on the training range, nothing later.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, TypeAlias, TypeVar

import numpy as np

from contracts.feature_settings import FeatureSettings
from fe_image.data.arrays import Floats, Panel, Times

#: What a transformer learned on the training range, by name.
State: TypeAlias = Mapping[str, Floats]
S = TypeVar("S", bound=FeatureSettings)


class Transformer(ABC, Generic[S]):
    """One feature group. Subclasses say ``names``, ``warm_ups`` and ``compute``, and ``fit`` where they learn something.

    ``shared``: one value for all assets (calendar, codes), else one per asset.
    ``known_ahead``: depends on the date alone, and is the same for all assets, so that a forecast may use its future values,
    which ``at`` gives.
    """

    group: ClassVar[str]
    shared: ClassVar[bool] = False
    known_ahead: ClassVar[bool] = False

    def __init__(self, settings: S, seed: int = 0) -> None:
        self.settings = settings
        self.seed = seed

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the features, in the order of ``compute``'s second axis."""

    @property
    def warm_ups(self) -> tuple[int, ...]:
        """Rows at the start without a value, for each feature in the order of ``names``."""
        return self.settings.warm_ups

    @property
    def warm_up(self) -> int:
        """Rows until all of the group's features have a value."""
        return max(self.warm_ups)

    def fit(self, panel: Panel, train_rows: int) -> State:
        """Learn from the first ``train_rows`` rows. Nothing, unless a subclass does."""
        return {}

    @abstractmethod
    def compute(self, panel: Panel, state: State) -> Floats:
        """Values of shape (assets or 1, features, rows); NaN in the warm-up."""

    def at(self, times: Times) -> Floats:
        """Values at any times, past or future, shape (1, features, times); of groups that are known ahead alone."""
        raise NotImplementedError(f"{self.group} is not known ahead")

    def transform(self, panel: Panel, state: State) -> Floats:
        """``compute``, checked: shape as promised, NaN in each feature's warm-up rows and only there."""
        if panel.rows <= self.warm_up:
            raise ValueError(f"{self.group} needs more than {self.warm_up} rows, got {panel.rows}")
        if not np.isfinite(panel.close).all():
            raise ValueError(f"{self.group} needs finite prices")
        if self.settings.needs_positive_prices and not (panel.close > 0).all():
            raise ValueError(f"{self.group} needs prices above 0")
        values = self.compute(panel, state)
        shape = (1 if self.shared else len(panel.assets), len(self.names), panel.rows)
        if values.shape != shape:
            raise ValueError(f"{self.group} gave shape {values.shape} instead of {shape}")
        for index, (name, warm_up) in enumerate(zip(self.names, self.warm_ups, strict=True)):
            if not np.isnan(values[:, index, :warm_up]).all():
                raise ValueError(f"{name} gave values in its warm-up of {warm_up} rows: filled in from what came later?")
            if not np.isfinite(values[:, index, warm_up:]).all():
                raise ValueError(f"{name} gave values that are not finite after its warm-up of {warm_up} rows")
        return values

    def fit_transform(self, panel: Panel, train_rows: int) -> Floats:
        """Fit on the training rows, then transform all."""
        return self.transform(panel, self.fit(panel.head(train_rows), train_rows))


def stack(columns: list[Floats]) -> Floats:
    """Columns of shape (assets, rows) → (assets, columns, rows)."""
    return np.stack(columns, axis=1)
