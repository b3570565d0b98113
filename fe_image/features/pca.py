"""Principal components of recent returns."""

from __future__ import annotations

import numpy as np

from contracts.feature_settings import Pca
from fe_image.data.arrays import Floats
from fe_image.features.base import State
from fe_image.features.codes import CodesTransformer

#: Axes with less than this share of the largest movement are rounding errors.
_ROUNDING = 1e-6


def _leading_axes(centered: Floats, count: int) -> Floats:
    """Return the eigenvectors of the covariance of (rows, inputs) with the largest eigenvalues, shape (≤ count, inputs).

    With more inputs than rows, they are computed from the eigenvectors of rows · rowsᵀ, which has the same eigenvalues. The
    work therefore grows with the cube of the smaller side.
    """
    rows, inputs = centered.shape
    wide = inputs > rows
    square = centered @ centered.T if wide else np.cov(centered.T, ddof=0).reshape(inputs, -1)
    axes: Floats = np.linalg.eigh(square)[1].T[::-1][:count]
    if wide:
        axes = axes @ centered
        lengths = np.linalg.norm(axes, axis=1)
        moving = lengths > _ROUNDING * lengths[0]
        axes = axes[moving] / lengths[moving, None]
    return axes


class PcaTransformer(CodesTransformer[Pca]):
    """Projections on the leading eigenvectors of the covariance of standardised returns in the training range.

    Unit: standard deviations. Shape: (1, codes, rows). Source: I. Jolliffe, "Principal Component Analysis", 2002.

    >>> PcaTransformer(Pca(codes=2)).names
    ('pca_1', 'pca_2')
    """

    group = "pca"
    prefix = "pca"

    def learn(self, windows: Floats) -> State:
        center = windows.mean(axis=0)
        axes = np.zeros((self.settings.codes, windows.shape[1]))
        leading = _leading_axes(windows - center, self.settings.codes)
        # An eigenvector's sign is arbitrary: its largest entry is made positive.
        signs = np.sign(leading[np.arange(len(leading)), np.abs(leading).argmax(axis=1)])
        axes[: len(leading)] = leading * signs[:, None]
        return {"center": center, "axes": axes}

    def encode(self, windows: Floats, state: State) -> Floats:
        codes: Floats = (windows - state["center"]) @ state["axes"].T
        return codes

    def decode(self, codes: Floats, state: State) -> Floats:
        reproduced: Floats = codes @ state["axes"] + state["center"]
        return reproduced
