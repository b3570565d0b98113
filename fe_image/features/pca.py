"""Principal components of recent returns."""

from __future__ import annotations

import numpy as np

from contracts.feature_settings import Pca
from fe_image.features.base import Floats, State
from fe_image.features.codes import CodesTransformer


class PcaTransformer(CodesTransformer[Pca]):
    """Projections on the leading eigenvectors of the covariance of recent standardised returns, training range only.

    Unit: standard deviations. Shape: (1, codes, rows). Source: I. Jolliffe, "Principal Component Analysis", 2002.

    >>> PcaTransformer(Pca(codes=2)).names
    ('pca_1', 'pca_2')
    """

    group = "pca"
    prefix = "pca"

    def learn(self, windows: Floats) -> State:
        center = windows.mean(axis=0)
        _, vectors = np.linalg.eigh(np.cov((windows - center).T, ddof=0).reshape(windows.shape[1], -1))
        axes = np.zeros((self.settings.codes, windows.shape[1]))
        leading = vectors.T[::-1][: self.settings.codes]
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
