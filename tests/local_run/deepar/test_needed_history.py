"""A forecast needs ``needed_history`` steps, whatever the frequency, the gaps and the features."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.frequency import Frequency as Step
from contracts.lags import needed_history
from local_run.deepar.config import Config
from local_run.deepar.data import Series
from local_run.deepar.dataset import Schema
from local_run.deepar.frequency import Frequency
from local_run.deepar.model import Model
from local_run.deepar.network import initial_parameters
from local_run.deepar.sampling import network_shape, sample_paths
from local_run.deepar.windows import Standard
from tests.local_run.deepar.support import hyperparameters

FREQUENCIES = ["D", "H", "W", "M", "3M", "6H", "30min"]
SCHEMA = Schema((3,), 1)


def untrained(frequency: str) -> Model:
    """A model with random parameters: what it reads matters here, not what it has learnt."""
    config = Config.from_strings(hyperparameters(time_freq=frequency, context_length="9", prediction_length="4"))
    columns = len(Frequency.parse(frequency).feature_names) + 1
    standard = Standard(np.zeros(columns, np.float32), np.ones(columns, np.float32), 1.0)
    parameters = initial_parameters(network_shape(config, SCHEMA), 1)
    return Model(config, SCHEMA, standard, {name: np.asarray(value) for name, value in parameters.items()})


MODELS = {frequency: untrained(frequency) for frequency in FREQUENCIES}


@st.composite
def long_series(draw: st.DrawFn, frequency: str) -> Series:
    length = needed_history(Step.parse(frequency), 9) + draw(st.integers(1, 30))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    target = random.normal(draw(st.sampled_from([0.0, 50.0])), 3, length)
    target[random.random(length) < draw(st.sampled_from([0.0, 0.3]))] = np.nan
    features = random.normal(size=(1, length + 4)).astype(np.float32)
    return Series(datetime(2001, 3, 1), target, (draw(st.integers(0, 2)),), features)


def cut_to(series: Series, kept: int, frequency: str) -> Series:
    removed = len(series.target) - kept
    start = Frequency.parse(frequency).timestamps(series.start, removed + 1)[-1].astype(datetime)
    assert series.dynamic_feat is not None
    return replace(series, start=start, target=series.target[removed:], dynamic_feat=series.dynamic_feat[:, removed:])


@pytest.mark.parametrize("frequency", FREQUENCIES)
@settings(max_examples=8)
@given(data=st.data())
def test_the_forecast_of_the_needed_history_is_that_of_the_whole(frequency: str, data: st.DataObject) -> None:
    series = data.draw(long_series(frequency))
    kept = cut_to(series, needed_history(Step.parse(frequency), 9), frequency)
    whole = sample_paths(MODELS[frequency], [series], 5)
    np.testing.assert_array_equal(sample_paths(MODELS[frequency], [kept], 5), whole)


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_one_step_less_is_another_forecast(frequency: str) -> None:
    """The number is the smallest one that is enough."""
    needed = needed_history(Step.parse(frequency), 9)
    random = np.random.default_rng(3)
    features = random.normal(size=(1, needed + 4)).astype(np.float32)
    series = Series(datetime(2001, 3, 1), random.normal(50, 3, needed), (0,), features)
    shorter = cut_to(series, needed - 1, frequency)
    assert (sample_paths(MODELS[frequency], [shorter], 5) != sample_paths(MODELS[frequency], [series], 5)).any()
