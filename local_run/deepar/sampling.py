"""Sample paths from a trained model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from local_run.deepar.config import Config
from local_run.deepar.data import Series
from local_run.deepar.dataset import Schema
from local_run.deepar.frequency import Frequency
from local_run.deepar.likelihoods import LIKELIHOODS
from local_run.deepar.model import Model
from local_run.deepar.network import Parameters, Shape, compiled, sampled_history
from local_run.deepar.windows import Batch, Windows

#: Number of series in one call of the compiled network. It limits the memory; a shorter last group is padded.
GROUP = 16


def network_shape(config: Config, schema: Schema) -> Shape:
    """Return the sizes of the network for these hyperparameters and data."""
    frequency = Frequency.parse(config.time_freq)
    return Shape(
        lags=frequency.lags,
        covariates=len(frequency.feature_names) + schema.num_dynamic_feat,
        cardinality=schema.cardinality,
        embedding_dimension=config.embedding_dimension,
        num_cells=config.num_cells,
        num_layers=config.num_layers,
        likelihood=config.likelihood,
    )


def _future(
    parameters: Parameters, shape: Shape, batch: Batch, dropout_rate: Array, root: Array, marks: Array, samples: int, steps: int
) -> Array:
    keys = jax.vmap(partial(jax.random.fold_in, root))(marks)
    history = sampled_history(parameters, shape, batch, dropout_rate, keys, samples)
    return jnp.swapaxes(history[-steps:].reshape(steps, -1, samples), 0, 1)  # (windows, steps, samples)


_paths = compiled(_future, static_argnames=("shape", "samples", "steps"))


def sample_paths(model: Model, series: Sequence[Series], samples: int, seed: int | None = None) -> NDArray[np.float64]:
    """Forecast the prediction_length steps after each series. Returns (series, samples, prediction_length) in the data's unit.

    The dynamic features of a series must cover these steps. The samples of a series depend only on the seed (the model's own by
    default) and on what the network reads of it: neither on its position nor on the other series.
    """
    config = model.config
    scaling = LIKELIHOODS[config.likelihood].scaling
    windows = Windows(series, config, model.schema, scaling, model.standard, extra=config.prediction_length)
    shape = network_shape(config, model.schema)
    root = jax.random.key(config.seed if seed is None else seed)
    group = min(GROUP, 1 << (len(series) - 1).bit_length())  # powers of two, because each size is compiled
    paths = []
    for first in range(0, len(series), group):
        chosen = [min(index, len(series) - 1) for index in range(first, first + group)]
        batch = windows.batch([(index, len(series[index].target)) for index in chosen])
        marks = np.array([_mark(batch, row) for row in range(group)], np.uint32)
        drawn = _paths(model.parameters, shape, batch, config.dropout_rate, root, marks, samples, config.prediction_length)
        paths.append(np.asarray(drawn, np.float64) * batch.scale[:, None, None] + batch.location[:, None, None])
    return np.concatenate(paths)[: len(series)].swapaxes(1, 2)


def _mark(batch: Batch, row: int) -> int:
    """Return 32 bits that identify what the network reads of a window.

    The scale is not included, so the same values in another unit have the same samples.
    """
    read = (batch.history[row], batch.known[row], batch.covariates[row], batch.cat[row])
    digest = hashlib.blake2b(b"".join(np.ascontiguousarray(part).tobytes() for part in read), digest_size=4)
    return int.from_bytes(digest.digest(), "big")
