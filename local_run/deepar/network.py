"""The network: an autoregressive LSTM whose outputs are the parameters of the next value's distribution.

All functions are pure and have static shapes. Arrays inside are time-major, (T, rows, …). T is the number of steps of a window,
B the number of windows, M the number of steps of history before a window, and C the number of covariates. The input of a step
is the lagged targets, the covariates, the embeddings of the categories, and the logarithms of level and scale.

Source: D. Salinas et al., "DeepAR: Probabilistic forecasting with autoregressive recurrent networks", 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from local_run.deepar.likelihoods import LIKELIHOODS, Likelihood
from local_run.deepar.windows import Batch

Parameters = dict[str, Array]
#: State of the sampling scan: the history, and the hidden state and the memory of each layer.
Carry = tuple[Array, list[Array], list[Array]]

#: Compiles a function of the network. With less optimisation by LLVM, compiling takes about half the time, and the functions
#: are as fast; their results are the same to the last digit (level 0 gives slower functions and other rounding).
compiled = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 1})

#: Largest size of a lagged target, in scales.
LARGEST_LAG = 10.0


@dataclass(frozen=True)
class Shape:
    """Sizes of the network. The class is hashable, so jit treats it as a static argument."""

    lags: tuple[int, ...]
    covariates: int
    cardinality: tuple[int, ...]
    embedding_dimension: int
    num_cells: int
    num_layers: int
    likelihood: str

    @property
    def head(self) -> Likelihood:
        """The distribution that the outputs parametrise."""
        return LIKELIHOODS[self.likelihood]


def initial_parameters(shape: Shape, key: Array) -> Parameters:
    """Return the initial parameters: Glorot-uniform kernels, forget gates with bias 1, all other biases 0.

    Kernels have shape (inputs, 4 · cells), the head's kernel (cells, parameters of the distribution), and embeddings
    (categories, embedding dimension).
    """
    gates = 4 * shape.num_cells
    static = 2 + len(shape.cardinality) * shape.embedding_dimension
    inputs = len(shape.lags) + shape.covariates + static
    sizes = {
        "lag_kernel": (len(shape.lags), gates),
        "covariate_kernel": (shape.covariates, gates),
        "static_kernel": (static, gates),
        "head_kernel": (shape.num_cells, shape.head.size),
    }
    for layer in range(shape.num_layers):
        sizes[f"recurrent_{layer}"] = (shape.num_cells, gates)
        if layer:
            sizes[f"kernel_{layer}"] = (shape.num_cells, gates)
    for number, categories in enumerate(shape.cardinality):
        sizes[f"embedding_{number}"] = (categories, shape.embedding_dimension)
    forget = jnp.zeros(gates).at[shape.num_cells : 2 * shape.num_cells].set(1.0)
    parameters: Parameters = {f"bias_{layer}": forget for layer in range(shape.num_layers)}
    parameters["head_bias"] = jnp.zeros(shape.head.size)
    for name, subkey in zip(sizes, jax.random.split(key, len(sizes)), strict=True):
        fan_in = inputs if name in ("lag_kernel", "covariate_kernel", "static_kernel") else sizes[name][0]
        limit = (6 / (fan_in + sizes[name][1])) ** 0.5
        parameters[name] = jax.random.uniform(subkey, sizes[name], minval=-limit, maxval=limit)
    return parameters


def _bounded(lagged: Array) -> Array:
    """Limit the lagged targets: a year ago, a series can be many of the context's deviations away."""
    return jnp.clip(lagged, -LARGEST_LAG, LARGEST_LAG)


def _project(inputs: Array, kernel: Array) -> Array:
    """Multiply (T, B, n) by (n, m), giving (T, B, m). One flat matrix product, because its gradient compiles to faster code."""
    return (inputs.reshape(-1, inputs.shape[-1]) @ kernel).reshape(*inputs.shape[:-1], kernel.shape[1])


def _projected_inputs(parameters: Parameters, batch: Batch) -> Array:
    """Return what covariates, embeddings and scale add to the gates of the first layer, shape (T, B, 4 · cells)."""
    embedded = [parameters[f"embedding_{number}"][batch.cat[:, number]] for number in range(batch.cat.shape[1])]
    static = jnp.concatenate([batch.size, *embedded], axis=1)
    by_window = static @ parameters["static_kernel"] + parameters["bias_0"]
    return _project(jnp.swapaxes(batch.covariates, 0, 1), parameters["covariate_kernel"]) + by_window


def _cell(gates: Array, hidden: Array, memory: Array, keep: float | Array) -> tuple[Array, Array]:
    """Do one LSTM step with zoneout, and return the new hidden state and memory, both (rows, cells).

    ``gates`` has shape (rows, 4 · cells), in the order input, forget, candidate, output. ``keep`` is the share of the old state
    that remains: 0 or 1 per neuron in training, the zoneout rate in sampling. Source: D. Krueger et al., "Zoneout", 2016.
    """
    entry, forget, candidate, exit_ = jnp.split(gates, 4, axis=-1)
    fresh = jax.nn.sigmoid(forget) * memory + jax.nn.sigmoid(entry) * jnp.tanh(candidate)
    output = jax.nn.sigmoid(exit_) * jnp.tanh(fresh)
    return keep * hidden + (1 - keep) * output, keep * memory + (1 - keep) * fresh


def sampled_history(
    parameters: Parameters, shape: Shape, batch: Batch, dropout_rate: float | Array, keys: Array, samples: int
) -> Array:
    """Fill every unknown step with a draw from the network. Returns the scaled history, shape (M + T, B · samples).

    In this ancestral sampling, each drawn value is an input of the following steps. ``keys``, shape (B,), has one random key
    per window, so a window's samples do not depend on the other windows. Zoneout acts by its expected value.
    """
    steps = batch.observed.shape[1]
    rows = len(batch.scale) * samples
    reach = batch.history.shape[1] - steps
    spread = partial(jnp.repeat, repeats=samples, axis=0)
    history = spread(batch.history).T
    scale = batch.scale[:, None]
    step_keys = jax.vmap(lambda key: jax.random.split(key, steps))(keys).swapaxes(0, 1)
    draw = jax.vmap(shape.head.sample)

    def step(carry: Carry, inputs: tuple[Array, ...]) -> tuple[Carry, None]:
        history, hidden, memory = carry
        time, known, projected, key = inputs
        lagged = _bounded(jnp.stack([history[reach + time - lag] for lag in shape.lags], axis=1))
        gates = spread(projected) + lagged @ parameters["lag_kernel"]
        hidden, memory = list(hidden), list(memory)
        for layer in range(shape.num_layers):
            if layer:
                gates = hidden[layer - 1] @ parameters[f"kernel_{layer}"] + parameters[f"bias_{layer}"]
            gates = gates + hidden[layer] @ parameters[f"recurrent_{layer}"]
            hidden[layer], memory[layer] = _cell(gates, hidden[layer], memory[layer], dropout_rate)
        outputs = hidden[-1] @ parameters["head_kernel"] + parameters["head_bias"]
        drawn = draw(key, outputs.reshape(-1, samples, shape.head.size), jnp.broadcast_to(scale, (len(scale), samples)))
        value = jnp.where(spread(known), history[reach + time], drawn.reshape(rows))
        return (history.at[reach + time].set(value), hidden, memory), None

    zeros = [jnp.zeros((rows, shape.num_cells))] * shape.num_layers
    inputs = (jnp.arange(steps), batch.known.T, _projected_inputs(parameters, batch), step_keys)
    (history, _, _), _ = jax.lax.scan(step, (history, zeros, list(zeros)), inputs)
    return history


def loss(
    parameters: Parameters,
    shape: Shape,
    batch: Batch,
    dropout_rate: float | Array,
    key: Array,
    missing: bool,
    training: bool = True,
) -> Array:
    """Return the mean negative log-likelihood of the observed steps, including the context, given the true values before each.

    With ``missing``, the network first fills missing values as in a forecast, without a gradient. They are inputs of later
    steps but never part of the loss. ``missing`` False skips this pass if there are no missing values. ``key`` seeds the draws
    and the zoneout masks. Without ``training``, zoneout acts by its expected value, as in a forecast.
    """
    steps = batch.observed.shape[1]
    reach = batch.history.shape[1] - steps
    fill_key, zoneout_key = jax.random.split(key)
    history = jnp.swapaxes(batch.history, 0, 1)
    if missing:
        keys = jax.random.split(fill_key, len(batch.scale))
        history = jax.lax.stop_gradient(sampled_history(parameters, shape, batch, dropout_rate, keys, samples=1))
    lagged = _bounded(jnp.stack([history[reach - lag : reach - lag + steps] for lag in shape.lags], axis=2))
    gates = _projected_inputs(parameters, batch) + _project(lagged, parameters["lag_kernel"])
    size = (steps, len(batch.scale), shape.num_cells)
    keeps = [
        jax.random.bernoulli(layer_key, dropout_rate, size).astype(jnp.float32) if training else jnp.full(size, dropout_rate)
        for layer_key in jax.random.split(zoneout_key, shape.num_layers)
    ]
    hidden = _layer(gates, parameters["recurrent_0"], keeps[0])
    for layer in range(1, shape.num_layers):
        gates = _project(hidden, parameters[f"kernel_{layer}"]) + parameters[f"bias_{layer}"]
        hidden = _layer(gates, parameters[f"recurrent_{layer}"], keeps[layer])
    outputs = _project(hidden, parameters["head_kernel"]) + parameters["head_bias"]
    scores = shape.head.log_prob(outputs, history[reach:], batch.scale)
    observed = batch.observed.T
    return -jnp.sum(jnp.where(observed, scores, 0)) / jnp.maximum(1, jnp.sum(observed))


def _layer(gates: Array, recurrent: Array, keep: Array) -> Array:
    """Run one LSTM layer over all steps. Returns its hidden states, shape (T, B, cells).

    ``gates``, shape (T, B, 4 · cells), is what the layer's inputs add to its gates; ``recurrent`` has shape (cells, 4 · cells).
    ``keep``, shape (T, B, cells), is the share of the old state that remains.
    """

    def step(carry: tuple[Array, Array], inputs: tuple[Array, Array]) -> tuple[tuple[Array, Array], Array]:
        hidden, memory = carry
        added, kept = inputs
        hidden, memory = _cell(added + hidden @ recurrent, hidden, memory, kept)
        return (hidden, memory), hidden

    zeros = jnp.zeros(keep.shape[1:])
    _, hidden = jax.lax.scan(step, (zeros, zeros), (gates, keep))
    return hidden
