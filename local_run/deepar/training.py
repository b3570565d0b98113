"""Training: mini-batches of windows, Adam, a learning rate that falls on a plateau, early stopping, test metrics."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from numpy.typing import NDArray

from contracts.problems import one_problem
from local_run.deepar.config import Config
from local_run.deepar.data import Series
from local_run.deepar.dataset import FEW_OBSERVATIONS, Schema, Statistics, conform_channel
from local_run.deepar.likelihoods import LIKELIHOODS
from local_run.deepar.log import HOST
from local_run.deepar.metrics import score
from local_run.deepar.model import Model
from local_run.deepar.network import Parameters, Shape, compiled, initial_parameters, loss
from local_run.deepar.prepared import prepared
from local_run.deepar.sampling import network_shape, sample_paths
from local_run.deepar.schedule import Plateau, split
from local_run.deepar.windows import Batch, Sampler, Windows

log = logging.getLogger(__name__)

#: Longest gradient: longer ones are scaled to it, so that one extreme window cannot undo an epoch.
GRADIENT_NORM = 10.0
#: The model is a moving average of the parameters: over the last tenth of the updates, at most this many. The parameters after
#: a single update depend on the last mini-batches, so their validation loss varies too much to tell which epoch is the best.
#: Source: B. Polyak and A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
AVERAGED_UPDATES = 100.0
_LOG_EVERY = 5

#: A mini-batch, and its zoneout.
Inputs = tuple[Batch, NDArray[np.bool_]]
#: Parameters, their average, the optimiser's state, and the number of updates.
State = tuple[Parameters, Parameters, optax.OptState, Array]
#: Turns gradients into updates. The learning rate is not included, because it is an argument of the compiled step.
OPTIMISER = optax.chain(optax.clip_by_global_norm(GRADIENT_NORM), optax.scale_by_adam())


def train(config: Config, channel: Sequence[Series]) -> Model:
    """Fit a model to the series of the train channel, and log each epoch like the algorithm.

    Raises:
        ProblemsError: the series do not fit the configuration, or the loss is not finite.
    """
    schema = Schema.derive(config, channel)
    _log_schema(config, schema, channel[0])
    series = conform_channel("train", channel, schema, config)
    statistics = Statistics.of(series)
    _log_statistics("Training", statistics)
    if statistics.observations < FEW_OBSERVATIONS:
        log.warning("fewer than %d observations in all training series: too few for training", FEW_OBSERVATIONS)
    windows = Windows(series, config, schema, LIKELIHOODS[config.likelihood].scaling)
    held_out = split(series, config.prediction_length)
    log.info("Validation windows at the end of the series: %d", len(held_out.windows))
    sampler = Sampler(held_out.train, config)
    log.info("Doing %.1f passes over dataset per epoch in %d mini-batches.", sampler.passes, sampler.batches)
    shape = network_shape(config, schema)
    missing = statistics.missing or _short(held_out.train, config)
    parameters = _fit(config, shape, windows, sampler, _validation(config, windows, held_out.windows), missing)
    return Model(config, schema, windows.standard, {name: np.asarray(value) for name, value in parameters.items()})


def evaluate(model: Model, channel: Sequence[Series]) -> dict[str, float]:
    """Forecast the last prediction_length steps of each series from the steps before, and return the test metrics by name."""
    series = conform_channel("test", channel, model.schema, model.config)
    _log_statistics("Test", Statistics.of(series))
    config = model.config
    log.info("Evaluating model accuracy on testset using %d samples", config.num_eval_samples)
    actual = np.stack([item.target[-config.prediction_length :] for item in series])
    samples = sample_paths(model, [without_end(item, config.prediction_length) for item in series], config.num_eval_samples)
    scores = score(actual, samples, config.test_quantiles)
    for name, value in scores.items():
        log.info("#test_score (%s, %s): %r", HOST, name, value)
    for name in ("RMSE", "mean_wQuantileLoss"):
        log.info("#quality_metric: host=%s, test %s <loss>=%r", HOST, name, scores[name])
    return scores


def without_end(series: Series, steps: int) -> Series:
    """Return the series without its last ``steps`` targets, but with all features."""
    return replace(series, target=series.target[:-steps])


def _short(series: Sequence[Series], config: Config) -> bool:
    """Return whether a window can extend beyond the end of its series, where values are missing."""
    return any(len(item.target) <= config.prediction_length for item in series)


def _validation(config: Config, windows: Windows, chosen: Sequence[tuple[int, int]]) -> list[Batch]:
    """Return the held-out windows in mini-batches of one size. Only their prediction ranges count in the loss."""
    size = min(config.mini_batch_size, len(chosen))
    batches = []
    for first in range(0, len(chosen), size or 1):
        rows = [*chosen[first : first + size]]
        batch = windows.batch(rows + [rows[0]] * (size - len(rows)))
        observed = batch.observed.copy()
        observed[:, : config.context_length] = False
        observed[len(rows) :] = False
        batches.append(batch._replace(observed=observed))
    return batches


def _fit(
    config: Config, shape: Shape, windows: Windows, sampler: Sampler, validation: Sequence[Batch], missing: bool
) -> Parameters:
    train_key, check_key = jax.random.split(jax.random.key(config.seed))
    parameters: Parameters = initial_parameters(shape, config.seed)
    log.info("Number of parameters in the network: %d", sum(value.size for value in parameters.values()))
    state, zoneout = _started(parameters), np.random.default_rng((config.seed, 1))
    plateau, best, best_loss = Plateau(config.learning_rate), parameters, math.inf
    for epoch in range(config.epochs):
        key = jax.random.fold_in(train_key, epoch)
        with prepared(_inputs(config, shape, windows, sampler.epoch(), zoneout)) as inputs:
            state, epoch_loss = _epoch(epoch, config, plateau.rate, state, shape, missing, inputs, key)
        checked = _validation_loss(epoch, config, state[1], shape, validation, check_key, missing)
        if plateau.improved(epoch, epoch_loss if checked is None else checked):
            log.info("best epoch loss so far")
            best, best_loss = state[1], epoch_loss
        else:
            log.info("loss did not improve")
        if config.early_stopping_patience is not None and epoch - plateau.best_epoch >= config.early_stopping_patience:
            log.info("stopping early: no improvement in %d epochs", config.early_stopping_patience)
            break
        if plateau.reduced(epoch):
            log.info("learning rate reduced to %g, from the best epoch's model", plateau.rate)
            state = _started(best)
    log.info("Final loss: %r (occurred at epoch %d)", best_loss, plateau.best_epoch)
    log.info("#quality_metric: host=%s, train final_loss <loss>=%r", HOST, best_loss)
    return best


def _inputs(
    config: Config, shape: Shape, windows: Windows, epoch: Sequence[Sequence[tuple[int, int]]], random: np.random.Generator
) -> Iterator[Inputs]:
    """Yield the mini-batches of an epoch, each with zoneout's draws, shape (layers, T, B, cells): True keeps the old state."""
    size = (shape.num_layers, config.window_length, config.mini_batch_size, shape.num_cells)
    for chosen in epoch:
        yield windows.batch(chosen), random.random(size, np.float32) < config.dropout_rate


def _started(parameters: Parameters) -> State:
    """Return the state before the first update of these parameters."""
    return parameters, parameters, OPTIMISER.init(parameters), jnp.zeros(())


def _validation_loss(
    epoch: int, config: Config, parameters: Parameters, shape: Shape, batches: Sequence[Batch], key: Array, missing: bool
) -> float | None:
    """Return the mean loss over the observed steps of the held-out windows, without zoneout's randomness; None without any."""
    counts = [int(batch.observed.sum()) for batch in batches]
    losses = [
        float(_compiled_loss(parameters, shape, batch, config.dropout_rate, key, missing, training=False)) for batch in batches
    ]
    if not sum(counts):
        return None
    average = float(np.average(losses, weights=counts))
    log.info("#quality_metric: host=%s, epoch=%d, validation loss <loss>=%r", HOST, epoch, average)
    return average


def _step(
    state: State, shape: Shape, batch: Batch, learning_rate: Array, keep: Array, key: Array, number: Array, missing: bool
) -> tuple[State, Array]:
    parameters, average, moments, updated = state
    value, gradient = jax.value_and_grad(loss)(parameters, shape, batch, keep, jax.random.fold_in(key, number), missing)
    updates, moments = OPTIMISER.update(gradient, moments)
    updates = jax.tree.map(lambda update: -learning_rate * update, updates)
    parameters = optax.apply_updates(parameters, updates)
    share = 1 / jnp.minimum(1 + updated / 10, AVERAGED_UPDATES)
    average = jax.tree.map(lambda mean, latest: mean + share * (latest - mean), average, parameters)
    return (parameters, average, moments, updated + 1), value


_compiled_step = compiled(_step, static_argnames=("shape", "missing"))
_compiled_loss = compiled(loss, static_argnames=("shape", "missing", "training"))


def _epoch(
    epoch: int, config: Config, rate: float, state: State, shape: Shape, missing: bool, inputs: Iterable[Inputs], key: Array
) -> tuple[State, float]:
    started = time.monotonic()
    losses: list[float] = []
    for number, (batch, keep) in enumerate(inputs):
        state, value = _compiled_step(state, shape, batch, rate, keep, key, number, missing)
        losses.append(float(value))
        if not math.isfinite(losses[-1]):
            allowed = "the loss is not finite; use a lower learning_rate, or look for extreme values in the data"
            raise one_problem("training", "hyperparameter learning_rate", str(config.learning_rate), allowed)
        if number % _LOG_EVERY == 0:
            average = float(np.mean(losses))
            log.info("Epoch[%d] Batch[%d] avg_epoch_loss=%f", epoch, number, average)
            log.info("#quality_metric: host=%s, epoch=%d, batch=%d train loss <loss>=%r", HOST, epoch, number, average)
    examples = len(losses) * config.mini_batch_size
    average = float(np.mean(losses))
    log.info("processed a total of %d examples", examples)
    log.info("#throughput_metric: host=%s, train throughput=%r records/second", HOST, examples / (time.monotonic() - started))
    log.info("#progress_metric: host=%s, completed %.1f %% of epochs", HOST, 100 * (epoch + 1) / config.epochs)
    log.info("#quality_metric: host=%s, epoch=%d, train loss <loss>=%r", HOST, epoch, average)
    return state, average


def _log_schema(config: Config, schema: Schema, first: Series) -> None:
    used = "with cardinality " + str(list(schema.cardinality)) if schema.cardinality else "and will NOT be used for training"
    log.info("[cardinality=%s] `cat` field was %sfound in the data %s.", config.cardinality, "" if first.cat else "NOT ", used)
    count = schema.num_dynamic_feat
    used = f"with dimension {count}" if count else "and will NOT be used for training"
    present = "" if first.num_dynamic_feat else "NOT "
    log.info("[num_dynamic_feat=%s] `dynamic_feat` field was %sfound in the data %s.", config.num_dynamic_feat, present, used)


def _log_statistics(name: str, statistics: Statistics) -> None:
    log.info("%s set statistics:", name)
    for line in statistics.lines():
        log.info("%s", line)
