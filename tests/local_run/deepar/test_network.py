"""The network's loss and samples: what counts, and what does not."""

from __future__ import annotations

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from local_run.deepar.data import Series
from local_run.deepar.dataset import Schema
from local_run.deepar.lstm import cell, layer_outputs, layer_states
from local_run.deepar.network import initial_parameters, loss, sampled_history
from local_run.deepar.sampling import network_shape
from local_run.deepar.windows import Batch, Windows
from tests.local_run.deepar.support import SMALL, seasonal_series

CONFIG = replace(SMALL, num_cells=4, num_layers=1, dropout_rate=0.0, likelihood="student-T")
LOSS = jax.jit(loss, static_argnames=("shape", "missing", "training"))
GRADIENT = jax.jit(jax.grad(loss), static_argnames=("shape", "missing", "training"))
SAMPLED = jax.jit(sampled_history, static_argnames=("shape", "samples"))


def prepared(series: list[Series]) -> tuple[dict[str, jax.Array], object, Batch]:
    schema = Schema.derive(CONFIG, series)
    shape = network_shape(CONFIG, schema)
    windows = Windows(series, CONFIG, schema, scaling="mean")
    return initial_parameters(shape, 1), shape, windows.batch([(index, 100) for index in range(len(series))])


def value_of(series: list[Series], missing: bool = False, dropout: float = 0.0, key: int = 0) -> float:
    parameters, shape, batch = prepared(series)
    keep = np.random.default_rng(key).random((1, batch.observed.shape[1], len(series), CONFIG.num_cells)) < dropout
    return float(LOSS(parameters, shape, batch, keep, jax.random.key(0), missing))


def with_missing(series: list[Series], index: int, fill: float) -> list[Series]:
    """Replace a step of every series with NaN. The previous value must not matter."""
    holed = []
    for item in series:
        target = item.target.copy()
        target[index] = fill
        target[index] = math.nan
        holed.append(replace(item, target=target))
    return holed


def test_layered_training_and_stepwise_sampling_are_one_network() -> None:
    """With every value known, the sampled pass changes nothing, and the loss is the same with and without it."""
    series = seasonal_series()
    parameters, shape, batch = prepared(series)
    keys = jax.random.split(jax.random.key(0), 4)
    np.testing.assert_array_equal(SAMPLED(parameters, shape, batch, 0.0, keys, samples=1).T, batch.history)
    assert value_of(series, missing=True) == pytest.approx(value_of(series, missing=False), rel=1e-6)


def test_a_deterministic_network_fills_the_future_with_its_own_outputs() -> None:
    """Feeding the sampled values back as known ones gives the L1 loss 0: both passes align step for step."""
    config = replace(CONFIG, likelihood="deterministic-L1", num_layers=2)
    series = seasonal_series()
    schema = Schema.derive(config, series)
    shape = network_shape(config, schema)
    batch = Windows(series, config, schema, scaling="mean").batch([(index, 100) for index in range(4)])
    parameters = initial_parameters(shape, 1)
    unknown = batch._replace(known=np.zeros_like(batch.known))
    keys = jax.random.split(jax.random.key(0), 4)
    filled = SAMPLED(parameters, shape, unknown, 0.0, keys, samples=1).T
    again = batch._replace(history=filled)
    assert float(LOSS(parameters, shape, again, 0.0, jax.random.key(0), False, training=False)) == pytest.approx(0, abs=1e-4)
    assert np.abs(np.asarray(filled)[:, -7:]).max() > 1e-3


def test_missing_targets_never_count() -> None:
    series = seasonal_series()
    parameters, shape, batch = prepared(with_missing(series, 95, 0.0))
    loss_value = LOSS(parameters, shape, batch, 0.0, jax.random.key(0), True, training=False)
    assert np.isfinite(loss_value)
    poisoned = batch.history.copy()
    poisoned[:, 364 + 95 - 86] = 1e6  # the missing step, everywhere in the history
    again = LOSS(parameters, shape, batch._replace(history=poisoned), 0.0, jax.random.key(0), True, training=False)
    assert float(again) == float(loss_value)


def test_gradients_are_finite_with_missing_values() -> None:
    parameters, shape, batch = prepared(with_missing(seasonal_series(), 99, 0.0))
    gradient = GRADIENT(parameters, shape, batch, 0.1, jax.random.key(0), missing=True, training=False)
    assert all(np.isfinite(value).all() for value in gradient.values())
    assert any(np.abs(value).max() > 0 for value in gradient.values())


def test_zoneout_changes_the_loss() -> None:
    series = seasonal_series()
    assert value_of(series, dropout=0.5, key=1) != value_of(series, dropout=0.5, key=2)
    assert value_of(series, dropout=0.0, key=1) == value_of(series, dropout=0.0, key=2)


def test_zoneout_keeps_the_given_share_of_a_cells_state() -> None:
    """With all gates 0, the new memory is half the old one, and the output half its hyperbolic tangent."""
    hidden, memory, _ = cell(jnp.zeros((1, 4)), jnp.ones((1, 1)), jnp.full((1, 1), 2.0), 0.25)
    assert float(hidden[0, 0]) == pytest.approx(0.25 * 1 + 0.75 * 0.5 * math.tanh(1))
    assert float(memory[0, 0]) == pytest.approx(0.25 * 2 + 0.75 * 1)


def test_a_network_that_keeps_its_whole_state_forecasts_only_the_bias_of_its_head() -> None:
    """A zoneout rate of 1 leaves the hidden state at 0 in training and in sampling, so neither depends on the inputs."""
    config = replace(CONFIG, likelihood="deterministic-L1", num_layers=2)
    series = seasonal_series()
    schema = Schema.derive(config, series)
    shape = network_shape(config, schema)
    batch = Windows(series, config, schema, scaling="mean").batch([(index, 100) for index in range(4)])
    parameters = initial_parameters(shape, 1) | {"head_bias": jnp.array([0.7])}
    unknown = batch._replace(known=np.zeros_like(batch.known))
    filled = SAMPLED(parameters, shape, unknown, 1.0, jax.random.split(jax.random.key(0), 4), samples=1).T
    steps = batch.observed.shape[1]
    np.testing.assert_allclose(filled[:, -steps:], 0.7, rtol=1e-6)
    assert np.ptp(np.asarray(SAMPLED(parameters, shape, unknown, 0.5, jax.random.split(jax.random.key(0), 4), samples=1))) > 0.1
    constant = batch._replace(history=filled)
    assert float(LOSS(parameters, shape, constant, 1.0, jax.random.key(0), False, training=False)) == pytest.approx(0, abs=1e-6)


def test_the_loss_of_scaled_data_differs_by_the_logarithm_of_the_scale() -> None:
    series = seasonal_series()
    larger = [replace(item, target=item.target * 1000) for item in series]
    assert value_of(larger) - value_of(series) == pytest.approx(math.log(1000), abs=1e-3)


def test_a_windows_samples_do_not_depend_on_its_neighbours() -> None:
    parameters, shape, batch = prepared(seasonal_series())
    unknown = batch._replace(known=np.zeros_like(batch.known))
    keys = jax.random.split(jax.random.key(0), 4)
    together = SAMPLED(parameters, shape, unknown, 0.0, keys, samples=3)
    alone = SAMPLED(parameters, shape, Batch(*(value[2:3] for value in unknown)), 0.0, keys[2:3], samples=3)
    np.testing.assert_allclose(together[:, 6:9], alone, rtol=1e-5, atol=1e-6)
    assert len({float(value) for value in together[-1]}) == 12


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_layers_derivative_is_that_of_automatic_differentiation(share: float) -> None:
    """In double precision, for zoneout's draws and for its expected value."""
    with jax.enable_x64(True):
        random = np.random.default_rng(3)
        gates, recurrent, weights = (jnp.asarray(random.normal(size=size)) for size in ((6, 3, 20), (5, 20), (6, 3, 5)))
        for keep in (jnp.asarray(random.random((6, 3, 5)) < share, jnp.float64), jnp.full((6, 3, 5), share)):

            def plain(gates: jax.Array, recurrent: jax.Array, keep: jax.Array = keep) -> jax.Array:
                return jnp.sum(jnp.sin(layer_states(gates, recurrent, keep).hidden) * weights)

            def collected(gates: jax.Array, recurrent: jax.Array, keep: jax.Array = keep) -> jax.Array:
                states = jax.lax.stop_gradient(layer_states(gates, recurrent, keep))
                return jnp.sum(jnp.sin(layer_outputs(gates, recurrent, keep, states)) * weights)

            assert collected(gates, recurrent) == plain(gates, recurrent)
            for ours, theirs in zip(
                jax.grad(collected, (0, 1))(gates, recurrent), jax.grad(plain, (0, 1))(gates, recurrent), strict=True
            ):
                np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)


def test_filled_values_are_constants_of_the_gradient() -> None:
    """The gradient with missing values is that of complete series with the values that the network drew."""
    config = replace(CONFIG, likelihood="deterministic-L1", num_layers=2)
    series = seasonal_series()
    schema = Schema.derive(config, series)
    shape = network_shape(config, schema)
    batch = Windows(series, config, schema, scaling="mean").batch([(index, 100) for index in range(4)])
    known = batch.known.copy()
    known[:, 5:9] = False
    holed = batch._replace(known=known, observed=known)
    parameters = initial_parameters(shape, 1)
    keys = jax.random.split(jax.random.key(0), 4)
    complete = holed._replace(history=np.asarray(SAMPLED(parameters, shape, holed, 0.1, keys, samples=1)).T)
    key = jax.random.key(0)
    ours = GRADIENT(parameters, shape, holed, 0.1, key, missing=True, training=False)
    theirs = GRADIENT(parameters, shape, complete, 0.1, key, missing=False, training=False)
    for name in theirs:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=2e-3, atol=1e-5, err_msg=name)
