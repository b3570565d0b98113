"""Autoencoder codes of recent returns."""

from __future__ import annotations

from contracts.feature_settings import Autoencoder
from fe_image.data.arrays import Floats
from fe_image.features.base import State
from fe_image.features.codes import CodesTransformer
from fe_image.features.network import Network, train


class AutoencoderTransformer(CodesTransformer[Autoencoder]):
    """Bottleneck of a network input → hidden → codes → hidden → input (tanh, linear output).

    The network is trained with early stopping to reproduce standardised returns of the training range.

    Unit: −1 to 1. Shape: (1, codes, rows). Source: G. Hinton, R. Salakhutdinov, "Reducing the Dimensionality of Data with
    Neural Networks", Science 313, 2006.

    >>> AutoencoderTransformer(Autoencoder(codes=2)).names
    ('autoencoder_1', 'autoencoder_2')
    """

    group = "autoencoder"
    prefix = "autoencoder"

    def learn(self, windows: Floats) -> State:
        network = train(self._sizes(windows.shape[1]), windows, self.settings.epochs, self.seed)
        return {"parameters": network.parameters}

    def encode(self, windows: Floats, state: State) -> Floats:
        return self._network(windows.shape[1], state).forward(windows, last=2)[-1]

    def decode(self, codes: Floats, state: State) -> Floats:
        return self._network(state["mean"].size, state).forward(codes, first=2)[-1]

    def _sizes(self, inputs: int) -> list[int]:
        return [inputs, self.settings.hidden, self.settings.codes, self.settings.hidden, inputs]

    def _network(self, inputs: int, state: State) -> Network:
        network = Network.create(self._sizes(inputs))
        network.parameters[:] = state["parameters"]
        return network
