"""The network: an autoregressive LSTM whose outputs are the parameters of the next value's distribution.

All functions are pure and have static shapes. Arrays inside are time-major, (T, rows, …). T is the number of steps of a window,
B the number of windows, M the number of steps of history before a window, and C the number of covariates. The input of a step
is the lagged targets, the covariates, the embeddings of the categories, and the logarithms of level and scale.

Source: D. Salinas et al., "DeepAR: Probabilistic forecasting with autoregressive recurrent networks", 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from local_run.deepar.frequency import Floats
from local_run.deepar.likelihoods import LIKELIHOODS, Likelihood
from local_run.deepar.lstm import States, cell, layer_outputs, layer_states
from local_run.deepar.windows import Batch

Parameters = dict[str, Array]
#: A layer's hidden state and memory, each (rows, cells).
Pair = tuple[Array, Array]
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


def initial_parameters(shape: Shape, seed: int) -> dict[str, Floats]:
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
    forget = np.zeros(gates, np.float32)
    forget[shape.num_cells : 2 * shape.num_cells] = 1
    parameters: dict[str, Floats] = {f"bias_{layer}": forget for layer in range(shape.num_layers)}
    parameters["head_bias"] = np.zeros(shape.head.size, np.float32)
    random = np.random.default_rng(seed)
    for name, size in sizes.items():
        fan_in = inputs if name in ("lag_kernel", "covariate_kernel", "static_kernel") else size[0]
        limit = (6 / (fan_in + size[1])) ** 0.5
        parameters[name] = random.uniform(-limit, limit, size).astype(np.float32)
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
            hidden[layer], memory[layer], _ = cell(gates, hidden[layer], memory[layer], dropout_rate)
        outputs = hidden[-1] @ parameters["head_kernel"] + parameters["head_bias"]
        drawn = draw(key, outputs.reshape(-1, samples, shape.head.size), jnp.broadcast_to(scale, (len(scale), samples)))
        value = jnp.where(spread(known), history[reach + time], drawn.reshape(rows))
        return (history.at[reach + time].set(value), hidden, memory), None

    zeros = [jnp.zeros((rows, shape.num_cells))] * shape.num_layers
    inputs = (jnp.arange(steps), batch.known.T, _projected_inputs(parameters, batch), step_keys)
    (history, _, _), _ = jax.lax.scan(step, (history, zeros, list(zeros)), inputs)
    return history


def loss(
    parameters: Parameters, shape: Shape, batch: Batch, keep: Array, key: Array, missing: bool, training: bool = True
) -> Array:
    """Return the mean negative log-likelihood of the observed steps, including the context, given the true values before each.

    ``keep`` is the share of a neuron's old state that remains: with ``training`` zoneout's draws, shape (layers, T, B, cells),
    otherwise their expected value, a number. With ``missing``, the network fills missing values with its own draws, seeded by
    ``key``. They are inputs of later steps but have no gradient and are never part of the loss. ``missing`` False is faster
    and gives the same loss if there are no missing values.
    """
    steps = batch.observed.shape[1]
    reach = batch.history.shape[1] - steps
    size = (shape.num_layers, steps, len(batch.scale), shape.num_cells)
    keeps = keep.astype(jnp.float32) if training else jnp.broadcast_to(jnp.asarray(keep, jnp.float32), size)
    projected = _projected_inputs(parameters, batch)
    history = jnp.swapaxes(batch.history, 0, 1)
    filled: Sequence[States | None] = [None] * shape.num_layers
    if missing:
        history, filled = jax.lax.stop_gradient(_filled(parameters, shape, batch, projected, keeps, key))
    lagged = _bounded(jnp.stack([history[reach - lag : reach - lag + steps] for lag in shape.lags], axis=2))
    gates = projected + _project(lagged, parameters["lag_kernel"])
    hidden = _layer(gates, parameters["recurrent_0"], keeps[0], filled[0])
    for layer in range(1, shape.num_layers):
        gates = _project(hidden, parameters[f"kernel_{layer}"]) + parameters[f"bias_{layer}"]
        hidden = _layer(gates, parameters[f"recurrent_{layer}"], keeps[layer], filled[layer])
    outputs = _project(hidden, parameters["head_kernel"]) + parameters["head_bias"]
    scores = shape.head.log_prob(outputs, history[reach:], batch.scale)
    observed = batch.observed.T
    return -jnp.sum(jnp.where(observed, scores, 0)) / jnp.maximum(1, jnp.sum(observed))


def _layer(gates: Array, recurrent: Array, keep: Array, states: States | None) -> Array:
    """Return a layer's hidden states, shape (T, B, cells), with their gradient. ``states`` None: they are computed here."""
    if states is None:
        states = jax.lax.stop_gradient(layer_states(gates, recurrent, keep))
    hidden: Array = layer_outputs(gates, recurrent, keep, states)
    return hidden


def _filled(
    parameters: Parameters, shape: Shape, batch: Batch, projected: Array, keeps: Array, key: Array
) -> tuple[Array, list[States]]:
    """Run all layers step by step, and fill every unknown step with a draw. Returns the history (M + T, B) and the states."""
    steps, rows = batch.observed.shape[1], len(batch.scale)
    reach = batch.history.shape[1] - steps

    def step(carry: tuple[Array, list[Pair]], inputs: tuple[Array, ...]) -> tuple[tuple[Array, list[Pair]], list[States]]:
        history, before = carry
        time, known, gates, keep, step_key = inputs
        lagged = _bounded(jnp.stack([history[reach + time - lag] for lag in shape.lags], axis=1))
        gates = gates + lagged @ parameters["lag_kernel"]
        states: list[States] = []
        for layer, (hidden, memory) in enumerate(before):
            if layer:
                gates = states[-1].hidden @ parameters[f"kernel_{layer}"] + parameters[f"bias_{layer}"]
            states.append(States(*cell(gates + hidden @ parameters[f"recurrent_{layer}"], hidden, memory, keep[layer])))
        outputs = states[-1].hidden @ parameters["head_kernel"] + parameters["head_bias"]
        drawn = shape.head.sample(step_key, outputs, batch.scale)
        history = history.at[reach + time].set(jnp.where(known, history[reach + time], drawn))
        return (history, [(state.hidden, state.memory) for state in states]), states

    zeros = jnp.zeros((rows, shape.num_cells))
    start = (jnp.swapaxes(batch.history, 0, 1), [(zeros, zeros)] * shape.num_layers)
    inputs = (jnp.arange(steps), batch.known.T, projected, jnp.swapaxes(keeps, 0, 1), jax.random.split(key, steps))
    (history, _), states = jax.lax.scan(step, start, inputs)
    return history, states
