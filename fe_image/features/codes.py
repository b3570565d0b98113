"""Base class of PCA and the autoencoder: their input, its standardisation, and the reconstruction error."""

from __future__ import annotations

from typing import ClassVar, TypeVar

import numpy as np

from contracts.feature_settings import Autoencoder, Pca
from fe_image.data.arrays import Floats, Panel
from fe_image.features.base import State, Transformer

C = TypeVar("C", Autoencoder, Pca)

#: Standardised returns are clipped at this value, because one crash in the data would otherwise dominate the codes.
_LIMIT = 6.0
#: A deviation below this share of the mean is rounding error, for example if prices grow at a constant rate.
_ROUNDING = 1e-9


def return_windows(panel: Panel, window: int) -> Floats:
    """Return the last ``window`` one-row log returns of all assets at each row, shape (rows − window, assets · window).

    The first row of the result belongs to row ``window`` of the panel, the first that has all returns.
    """
    views = np.lib.stride_tricks.sliding_window_view(panel.returns[:, 1:], window, axis=1)
    return np.ascontiguousarray(views.transpose(1, 0, 2)).reshape(views.shape[1], -1)


class CodesTransformer(Transformer[C]):
    """Codes of the latest returns of all assets, from an encoder fitted on the training range."""

    prefix: ClassVar[str]
    shared = True

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}_{number}" for number in range(1, self.settings.codes + 1))

    def fit(self, panel: Panel, train_rows: int) -> State:
        windows = return_windows(panel, self.settings.window)
        mean, deviation = windows.mean(axis=0), windows.std(axis=0)
        scale = {"mean": mean, "deviation": np.where(deviation > _ROUNDING * np.abs(mean), deviation, 1.0)}
        return {**scale, **self.learn(self.standardised(windows, scale))}

    def standardised(self, windows: Floats, state: State) -> Floats:
        """Return windows in standard deviations of the training range, clipped at ±6."""
        scaled: Floats = np.clip((windows - state["mean"]) / state["deviation"], -_LIMIT, _LIMIT)
        return scaled

    def compute(self, panel: Panel, state: State) -> Floats:
        out = np.full((1, self.settings.codes, panel.rows), np.nan)
        out[0, :, self.warm_up :] = self.encode(self._input(panel, state), state).T
        return out

    def errors(self, panel: Panel, state: State) -> Floats:
        """Return the mean squared error of each row's reconstruction, shape (rows − warm-up,).

        Unit: variances of the training range.
        """
        windows = self._input(panel, state)
        squared: Floats = ((self.decode(self.encode(windows, state), state) - windows) ** 2).mean(axis=1)
        return squared

    def _input(self, panel: Panel, state: State) -> Floats:
        return self.standardised(return_windows(panel, self.settings.window), state)

    def learn(self, windows: Floats) -> State:
        """Fit encoder and decoder to the training range's standardised windows, and return their state."""
        raise NotImplementedError

    def encode(self, windows: Floats, state: State) -> Floats:
        """Encode windows: (rows, input) → (rows, codes)."""
        raise NotImplementedError

    def decode(self, codes: Floats, state: State) -> Floats:
        """Decode codes: (rows, codes) → (rows, input)."""
        raise NotImplementedError
