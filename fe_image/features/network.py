"""A small fully connected network that reproduces its input, trained by Adam with early stopping.

This replaces scikit-learn's MLPRegressor, which takes two seconds to import, about as long as the whole step. A test compares
the errors of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fe_image.data.arrays import Floats

Layers = list[tuple[Floats, Floats]]

_BATCH = 128
_HELD_OUT = 0.1
_PATIENCE = 6
_RATE, _DECAY_1, _DECAY_2, _EPSILON = 0.005, 0.9, 0.999, 1e-8


@dataclass
class Network:
    """Weights and biases of all layers, with tanh between layers.

    They are views of the vector ``parameters``, so a step of Adam is one array operation.
    """

    parameters: Floats
    layers: Layers

    @classmethod
    def create(cls, sizes: Sequence[int], random: np.random.Generator | None = None) -> Network:
        """Create layers between the sizes. With ``random``, weights get Glorot's uniform initialisation, otherwise 0."""
        pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
        parameters = np.zeros(sum((inputs + 1) * outputs for inputs, outputs in pairs))
        layers: Layers = []
        at = 0
        for inputs, outputs in pairs:
            weights = parameters[at : at + inputs * outputs].reshape(inputs, outputs)
            at += inputs * outputs
            layers.append((weights, parameters[at : at + outputs]))
            at += outputs
            if random is not None:
                limit = np.sqrt(6 / (inputs + outputs))
                weights[:] = random.uniform(-limit, limit, weights.shape)
        return cls(parameters, layers)

    def forward(self, values: Floats, first: int = 0, last: int | None = None) -> list[Floats]:
        """Return the input and the outputs of layers ``first`` to ``last`` (exclusive). The network's last layer is linear."""
        outputs = [values]
        for index, (weights, bias) in enumerate(self.layers[first:last], first):
            raw = outputs[-1] @ weights + bias
            outputs.append(np.tanh(raw) if index < len(self.layers) - 1 else raw)
        return outputs

    def gradient(self, values: Floats, into: Network) -> None:
        """Write the gradient of the reconstruction's mean squared error into a network of the same shape."""
        outputs = self.forward(values)
        slope = (outputs[-1] - values) * (2 / values.size)
        for index in range(len(self.layers) - 1, -1, -1):
            weights, bias = into.layers[index]
            np.matmul(outputs[index].T, slope, out=weights)
            slope.sum(axis=0, out=bias)
            if index:
                slope = (slope @ self.layers[index][0].T) * (1 - outputs[index] ** 2)


def train(sizes: Sequence[int], rows: Floats, epochs: int, seed: int) -> Network:
    """Return a network trained on rows, shape (rows, sizes[0]). The error on the last tenth decides when to stop."""
    random = np.random.default_rng(seed)
    network = Network.create(sizes, random)
    gradient = Network.create(sizes)
    split = max(1, int(len(rows) * (1 - _HELD_OUT)))
    learned, held_out = rows[:split], rows[split:] if split < len(rows) else rows
    moments = np.zeros((2, network.parameters.size))
    best, best_error, waited, steps = network.parameters.copy(), np.inf, 0, 0
    for _ in range(epochs):
        order = random.permutation(len(learned))
        for begin in range(0, len(order), _BATCH):
            steps += 1
            network.gradient(learned[order[begin : begin + _BATCH]], gradient)
            _adam(network.parameters, gradient.parameters, moments, steps)
        error = float(((network.forward(held_out)[-1] - held_out) ** 2).mean())
        waited = waited + 1 if error >= best_error else 0
        if error < best_error:
            best, best_error = network.parameters.copy(), error
        if waited >= _PATIENCE:
            break
    network.parameters[:] = best
    return network


def _adam(parameters: Floats, gradient: Floats, moments: Floats, step: int) -> None:
    """Do one step of Adam. Source: D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015."""
    first, second = moments
    first += (1 - _DECAY_1) * (gradient - first)
    second += (1 - _DECAY_2) * (gradient * gradient - second)
    rate = _RATE * np.sqrt(1 - _DECAY_2**step) / (1 - _DECAY_1**step)
    parameters -= rate * first / (np.sqrt(second) + _EPSILON)
