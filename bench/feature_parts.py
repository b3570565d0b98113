"""Compares each part of the step with a library or a plain implementation that gives the same result."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pandas as pd
import scipy.signal
import talib
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.inspection import permutation_importance
from sklearn.neural_network import MLPRegressor

from bench.reference_work import REFERENCE
from contracts.feature_settings import Arima, Autoencoder, Rsi, Spectral
from contracts.template import Importance, TrainingTemplate, parse_template
from fe_image.data.arrays import Panel
from fe_image.data.prices import PriceHistory
from fe_image.engineer import EngineeredData, engineer
from fe_image.features.arima import ArimaTransformer, one_step_statsmodels
from fe_image.features.autoencoder import AutoencoderTransformer
from fe_image.features.codes import return_windows
from fe_image.features.rsi import RsiTransformer
from fe_image.features.spectral import SpectralTransformer
from fe_image.model.importance import feature_importance
from fe_image.outputs import features_csv, train_lines
from local_run.sample_data import SOURCES, sample_prices

Comparison = tuple[str, Callable[[], object], Callable[[], object]]


@cache
def _data() -> EngineeredData:
    histories = {}
    for asset in SOURCES:
        dates, close = zip(*sample_prices(asset), strict=True)
        histories[asset] = PriceHistory(asset, np.array(dates, dtype="datetime64[s]"), np.array(close))
    return engineer(histories, _template())


def _template() -> TrainingTemplate:
    return parse_template(REFERENCE)


def comparisons() -> Iterator[Comparison]:
    """Name, our way, the other way."""
    panel, train = _data().panel, _data().grid.train_rows
    rsi = RsiTransformer(Rsi())
    yield "RSI (TA-Lib both)", lambda: rsi.transform(panel, {}), lambda: [talib.RSI(price, 14) for price in panel.close]
    yield "ARIMA(5,1,0): statsmodels, parameters given", *_arima(panel, train)
    yield "low-pass: a transform a window", *_spectral(panel)
    yield "autoencoder: scikit-learn's MLP", *_autoencoder(panel, train)
    yield "importance: scikit-learn's trees", *_importance(panel, train)
    yield "features.csv: pandas", *_csv()
    yield "train.json: json", *_json()


def _arima(panel: Panel, train: int) -> tuple[Callable[[], object], Callable[[], object]]:
    order = (5, 1, 0)
    parameters = np.array([0.01] * 5 + [1e-4])

    def theirs() -> None:
        for series in panel.log_close:
            one_step_statsmodels(series, order, parameters)

    return lambda: ArimaTransformer(Arima(order=order)).fit_transform(panel, train), theirs


def _spectral(panel: Panel) -> tuple[Callable[[], object], Callable[[], object]]:
    chosen = Spectral(window=128, components=(3, 6, 9, 20))

    def theirs() -> None:
        for series in panel.log_close:
            windows = np.lib.stride_tricks.sliding_window_view(series, chosen.window)
            flat = scipy.signal.detrend(windows, axis=1)
            for components in chosen.components:
                spectrum = np.fft.rfft(flat, axis=1)
                spectrum[:, components + 1 :] = 0
                np.fft.irfft(spectrum, n=chosen.window, axis=1)[:, -1]

    return lambda: SpectralTransformer(chosen).transform(panel, {}), theirs


def _autoencoder(panel: Panel, train: int) -> tuple[Callable[[], object], Callable[[], object]]:
    made = AutoencoderTransformer(Autoencoder(), seed=1)

    def theirs() -> None:
        windows = return_windows(panel.head(train), 5)
        scaled = np.clip((windows - windows.mean(axis=0)) / windows.std(axis=0), -6, 6)
        network = MLPRegressor(
            hidden_layer_sizes=(16, 3, 16),
            activation="tanh",
            batch_size=128,
            learning_rate_init=0.005,
            early_stopping=True,
            n_iter_no_change=6,
            max_iter=60,
            random_state=1,
        )
        network.fit(scaled, scaled)

    return lambda: made.fit_transform(panel, train), theirs


def _importance(panel: Panel, train: int) -> tuple[Callable[[], object], Callable[[], object]]:
    names, values = _data().features.flat()
    returns = panel.returns[0, :train]

    def theirs() -> None:
        x, y = values[:, : train - 1].T, returns[1:]
        usable = np.isfinite(x).all(axis=1)
        x, y = x[usable], y[usable]
        split = int(len(y) * 0.75)
        model = HistGradientBoostingRegressor(max_iter=50, max_depth=3, early_stopping=False, random_state=1)
        permutation_importance(model.fit(x[:split], y[:split]), x[split:], y[split:], n_repeats=3, random_state=1)

    return lambda: feature_importance(names, values[:, :train], returns, Importance(), 1), theirs


def _csv() -> tuple[Callable[[], object], Callable[[], object]]:
    names, values = _data().features.flat()
    frame = pd.DataFrame(values.T, columns=names, index=pd.DatetimeIndex(_data().panel.times, name="Date"))
    return lambda: b"".join(features_csv(_data())), lambda: frame.to_csv(io.StringIO())


def _json() -> tuple[Callable[[], object], Callable[[], object]]:
    data = _data()

    def theirs() -> None:
        for asset in range(len(data.panel.assets)):
            cells = slice(data.series_start, data.grid.train_cells)
            target = data.target[asset, cells].tolist()
            json.dumps({"target": target, "dynamic_feat": data.dynamic.values[asset, :, cells].tolist()})

    return lambda: b"".join(train_lines(data)), theirs
