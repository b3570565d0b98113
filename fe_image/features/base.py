"""Base class of all features: a transformer of a price panel, with checks of its results.

The value at row t depends only on the rows up to t and on the state fitted on the training range.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, TypeAlias, TypeVar

import numpy as np

from contracts.feature_settings import FeatureSettings
from fe_image.data.arrays import Floats, Panel, Times

#: State fitted on the training range: arrays by name.
State: TypeAlias = Mapping[str, Floats]
S = TypeVar("S", bound=FeatureSettings)


class Transformer(ABC, Generic[S]):
    """One feature group. Subclasses define ``names`` and ``compute``, and ``fit`` if they have fitted state.

    ``shared``: all assets have the same value (calendar, codes).
    ``known_ahead``: the value depends only on the date and is the same for all assets. A forecast may therefore use future
    values, which ``at`` computes.
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
        """Number of rows at the start without a value, for each feature in the order of ``names``."""
        return self.settings.warm_ups

    @property
    def warm_up(self) -> int:
        """Number of rows until all features of the group have a value."""
        return max(self.warm_ups)

    def fit(self, panel: Panel, train_rows: int) -> State:
        """Return the state fitted on a panel of the ``train_rows`` training rows. By default it is empty."""
        return {}

    @abstractmethod
    def compute(self, panel: Panel, state: State) -> Floats:
        """Return the values, shape (assets, features, rows), or (1, features, rows) if shared; NaN in the warm-up."""

    def at(self, times: Times) -> Floats:
        """Return the values at any times, past or future, shape (1, features, times). Only for groups that are known ahead."""
        raise NotImplementedError(f"{self.group} is not known ahead")

    def transform(self, panel: Panel, state: State) -> Floats:
        """Return the result of ``compute`` after checking its shape, and that exactly the warm-up rows are NaN.

        Raises:
            ValueError: the panel is too short, its prices are not valid for this group, or the result is wrong.
        """
        if panel.rows <= self.warm_up:
            raise ValueError(f"{self.group} needs more than {self.warm_up} rows, got {panel.rows}")
        if not np.isfinite(panel.close).all():
            raise ValueError(f"{self.group} needs finite prices")
        if self.settings.needs_positive_prices and not (panel.close > 0).all():
            raise ValueError(f"{self.group} needs prices above 0")
        values = self.compute(panel, state)
        shape = (1 if self.shared else len(panel.assets), len(self.names), panel.rows)
        if values.shape != shape:
            raise ValueError(f"{self.group} returned shape {values.shape} instead of {shape}")
        for index, (name, warm_up) in enumerate(zip(self.names, self.warm_ups, strict=True)):
            if not np.isnan(values[:, index, :warm_up]).all():
                raise ValueError(f"{name} has values in its warm-up of {warm_up} rows: are they filled in from later rows?")
            if not np.isfinite(values[:, index, warm_up:]).all():
                raise ValueError(f"{name} has values that are not finite after its warm-up of {warm_up} rows")
        return values

    def fit_transform(self, panel: Panel, train_rows: int) -> Floats:
        """Fit on the training rows, then transform all rows."""
        return self.transform(panel, self.fit(panel.head(train_rows), train_rows))


def stack(columns: list[Floats]) -> Floats:
    """Columns of shape (assets, rows) → (assets, columns, rows)."""
    return np.stack(columns, axis=1)
