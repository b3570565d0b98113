"""Causal low-pass spectral filter."""

from __future__ import annotations

import numpy as np

from contracts.feature_settings import Spectral
from fe_image.data.arrays import Floats, Panel
from fe_image.features.base import State, Transformer, stack


def low_pass_weights(window: int, components: int) -> Floats:
    """Weights w with w · x = last value of the low-passed window x, minus x's last value.

    The window is detrended by least squares, all but its ``components`` lowest frequencies (besides the mean) are removed, the
    trend is added again. All of that is linear, so that one dot product per row does it.
    """
    position = np.column_stack([np.ones(window), np.arange(window) - (window - 1) / 2])
    trend = position @ np.linalg.pinv(position)
    spectrum = np.fft.rfft(np.eye(window) - trend, axis=0)
    spectrum[components + 1 :] = 0
    low_passed = np.fft.irfft(spectrum, n=window, axis=0)
    weights: Floats = (trend + low_passed)[-1]
    weights[-1] -= 1
    return weights


class SpectralTransformer(Transformer[Spectral]):
    """Low-passed log price minus log price, from a window that ends at the row: nothing later is used.

    Unit: log return (how far the smooth curve lies above the price). Shape: (assets, components, rows).
    Source: windowed Fourier low-pass as a finite impulse response, A. Oppenheim, R. Schafer, "Discrete-Time Signal Processing".

    >>> SpectralTransformer(Spectral(window=128, components=(3, 6))).names
    ('spectral_3_128', 'spectral_6_128')
    """

    group = "spectral"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"spectral_{n}_{self.settings.window}" for n in self.settings.components)

    def compute(self, panel: Panel, state: State) -> Floats:
        window = self.settings.window
        columns = []
        for components in self.settings.components:
            weights = low_pass_weights(window, components)
            out = np.full(panel.close.shape, np.nan)
            for index, series in enumerate(panel.log_close):
                # Weights of a constant sum to zero, so an offset may go first: it keeps rounding at the size of the moves.
                out[index, window - 1 :] = np.correlate(series - series[0], weights, mode="valid")
            columns.append(out)
        return stack(columns)
