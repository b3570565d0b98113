"""Autoencoder codes of recent returns."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from contracts.feature_settings import Autoencoder
from fe_image.features.base import Floats, State
from fe_image.features.codes import CodesTransformer

_LAYERS = 4


class AutoencoderTransformer(CodesTransformer[Autoencoder]):
    """Bottleneck of a network input → hidden → codes → hidden → input (tanh, linear output, scikit-learn's MLPRegressor),
    trained with early stopping to reproduce recent standardised returns of the training range.

    Unit: −1 to 1. Shape: (1, codes, rows). Source: G. Hinton, R. Salakhutdinov, "Reducing the Dimensionality of Data with
    Neural Networks", Science 313, 2006.

    >>> AutoencoderTransformer(Autoencoder(codes=2)).names
    ('autoencoder_1', 'autoencoder_2')
    """

    group = "autoencoder"
    prefix = "autoencoder"

    def learn(self, windows: Floats) -> State:
        network = self._network(len(windows))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # epochs are bounded on purpose, which scikit-learn calls not converged
            network.fit(windows, windows if windows.shape[1] > 1 else windows[:, 0])
        weights = {f"weights_{i}": np.asarray(layer) for i, layer in enumerate(network.coefs_)}
        return weights | {f"bias_{i}": np.asarray(layer) for i, layer in enumerate(network.intercepts_)}

    def _network(self, rows: int) -> Any:
        from sklearn.neural_network import MLPRegressor

        chosen = self.settings
        return MLPRegressor(
            hidden_layer_sizes=(chosen.hidden, chosen.codes, chosen.hidden),
            activation="tanh",
            batch_size=min(128, rows),
            learning_rate_init=0.005,
            early_stopping=rows >= 100,
            n_iter_no_change=5,
            max_iter=chosen.epochs,
            random_state=self.seed,
        )

    def encode(self, windows: Floats, state: State) -> Floats:
        return _forward(windows, state, range(_LAYERS // 2))

    def decode(self, codes: Floats, state: State) -> Floats:
        return _forward(codes, state, range(_LAYERS // 2, _LAYERS))


def _forward(values: Floats, state: State, layers: range) -> Floats:
    for layer in layers:
        values = values @ state[f"weights_{layer}"] + state[f"bias_{layer}"]
        if layer < _LAYERS - 1:
            values = np.tanh(values)
    return values
