"""Values against the libraries and transforms that define them."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.signal
import talib
from sklearn.neural_network import MLPRegressor
from statsmodels.tsa.arima.model import ARIMA

from contracts.feature_settings import Arima, Autoencoder, Bollinger, Ema, Macd, Momentum, Pca, Rsi, Sma, Spectral, Volatility
from contracts.template import Importance
from fe_image.data.panel import common_panel
from fe_image.features.arima import ArimaTransformer, one_step_ar
from fe_image.features.autoencoder import AutoencoderTransformer
from fe_image.features.bollinger import BollingerTransformer
from fe_image.features.codes import return_windows
from fe_image.features.ema import EmaTransformer
from fe_image.features.macd import MacdTransformer
from fe_image.features.momentum import MomentumTransformer
from fe_image.features.pca import PcaTransformer
from fe_image.features.rsi import RsiTransformer
from fe_image.features.sma import SmaTransformer
from fe_image.features.spectral import SpectralTransformer
from fe_image.features.volatility import VolatilityTransformer
from fe_image.model.importance import feature_importance
from tests.fe_image.support import demo_template, sample_histories, walk


@pytest.fixture(scope="module")
def panel():
    return common_panel(sample_histories(), demo_template())


def test_the_six_samples_share_3257_days(panel):
    assert panel.rows == 3257
    assert str(panel.times[0]) == "2000-03-01T00:00:00"


def test_indicators_equal_talibs(panel):
    price = panel.close[3]

    def value(transformer):
        return transformer.transform(panel, {})[3]

    ratio = 1 / price
    bands = [band * ratio - 1 for band in talib.BBANDS(price, timeperiod=20, nbdevup=2.0, nbdevdn=2.0)]
    np.testing.assert_allclose(value(BollingerTransformer(Bollinger())), bands, atol=1e-9)
    level = BollingerTransformer(Bollinger(output="level"))
    np.testing.assert_allclose(value(level), talib.BBANDS(price, timeperiod=20, nbdevup=2.0, nbdevdn=2.0), atol=1e-9)
    np.testing.assert_allclose(value(RsiTransformer(Rsi()))[0], talib.RSI(price, 14), atol=1e-9)
    np.testing.assert_allclose(value(SmaTransformer(Sma(windows=(50,))))[0], talib.SMA(price, 50) * ratio - 1, atol=1e-9)
    np.testing.assert_allclose(value(EmaTransformer(Ema(windows=(26,), output="level")))[0], talib.EMA(price, 26), atol=1e-9)
    np.testing.assert_allclose(value(MacdTransformer(Macd())), np.array(talib.MACD(price, 12, 26, 9)) * ratio, atol=1e-9)
    np.testing.assert_allclose(value(MomentumTransformer(Momentum()))[0], talib.ROCP(price, 10), atol=1e-9)


def test_indicators_mean_what_their_formulas_say(panel):
    price, returns = panel.close[0], panel.returns[0]
    row = 1000
    volatility = VolatilityTransformer(Volatility(windows=(20,))).transform(panel, {})[0, 0, row]
    assert volatility == pytest.approx(np.std(returns[row - 19 : row + 1], ddof=1), rel=1e-9)
    bands = BollingerTransformer(Bollinger(windows=(20,), output="level")).transform(panel, {})[0, :, row]
    window = price[row - 19 : row + 1]
    expected = [window.mean() + 2 * window.std(), window.mean(), window.mean() - 2 * window.std()]
    np.testing.assert_allclose(bands, expected, rtol=1e-9)


@pytest.mark.parametrize("order", [(5, 1, 0), (2, 0, 0), (1, 2, 0)])
def test_one_step_forecasts_equal_statsmodels_with_the_same_parameters(panel, order):
    series = panel.log_close[2][:600]
    made = ArimaTransformer(Arima(order=order, refit="once"))
    parameters = made.fit(panel.head(600), 600)["parameters"][2]
    ours = one_step_ar(series, order, np.broadcast_to(parameters, (600, parameters.size)))
    model = ARIMA(series, order=order, trend="c" if order[1] == 0 else "n")
    # statsmodels writes an AR with a constant around its mean, and has the innovations' variance last.
    theirs = list(parameters) if order[1] else [parameters[-1] / (1 - parameters[:-1].sum()), *parameters[:-1]]
    forecasts = model.filter([*theirs, float(np.var(np.diff(series)))]).predict(start=1, end=series.size)
    np.testing.assert_allclose(ours[50:], forecasts[50:], rtol=1e-6)


def test_expanding_parameters_are_those_of_ordinary_least_squares(panel):
    made = ArimaTransformer(Arima(order=(5, 1, 0)))
    for row in (200, 1500):
        y = panel.returns[1][1 : row + 1]
        design = np.column_stack([y[5 - lag : len(y) - lag] for lag in range(1, 6)])
        expected, *_ = np.linalg.lstsq(design, y[5:], rcond=None)
        np.testing.assert_allclose(made._expanding(panel.log_close[1])[row], expected, rtol=1e-6)


def test_after_the_training_end_the_parameters_stay(panel):
    made = ArimaTransformer(Arima(order=(3, 1, 0)))
    state = made.fit(panel.head(2000), 2000)
    once = ArimaTransformer(Arima(order=(3, 1, 0), refit="once"))
    np.testing.assert_array_equal(made.compute(panel, state)[..., 1999:], once.compute(panel, state)[..., 1999:])
    assert (made.compute(panel, state)[..., 100:1000] != once.compute(panel, state)[..., 100:1000]).all()


def test_the_filter_equals_a_direct_windowed_transform(panel):
    window = 64
    values = SpectralTransformer(Spectral(window=window, components=(3, 9))).transform(panel, {})
    for row in (63, 500, 3000):
        x = panel.log_close[4][row - window + 1 : row + 1]
        flat = scipy.signal.detrend(x, type="linear")
        for index, components in enumerate((3, 9)):
            spectrum = np.fft.rfft(flat)
            spectrum[components + 1 :] = 0
            smooth = (x - flat) + np.fft.irfft(spectrum, n=window)
            assert values[4, index, row] == pytest.approx(smooth[-1] - x[-1], rel=1e-9, abs=1e-12)


def test_the_low_pass_keeps_slow_waves_and_removes_fast_ones():
    panel = walk(1, assets=2, rows=300)
    t = np.arange(300)
    slow, fast = 0.1 * np.sin(2 * np.pi * t / 64), 0.1 * np.sin(2 * np.pi * t / 3)
    waves = type(panel)(panel.assets, panel.times, np.exp(np.stack([slow, fast])))
    values = SpectralTransformer(Spectral(window=128, components=(6,))).transform(waves, {})[:, 0, 128:]
    assert np.abs(values[0]).max() < 0.05  # what is left: the trend that two waves a window have, bent at its end
    np.testing.assert_allclose(values[1], -fast[128:], atol=0.03)


def test_pca_reproduces_as_well_as_the_singular_values_say(panel):
    made = PcaTransformer(Pca(codes=4, window=3))
    state = made.fit(panel.head(2000), 2000)
    windows = made.standardised(return_windows(panel.head(2000), 3), state)
    singular = np.linalg.svd(windows - windows.mean(axis=0), compute_uv=False)
    expected = (singular[4:] ** 2).sum() / windows.size
    assert made.errors(panel.head(2000), state).mean() == pytest.approx(expected, rel=1e-9)


def test_pca_of_more_inputs_than_rows_is_that_of_the_singular_vectors(panel):
    made = PcaTransformer(Pca(codes=5, window=30))
    state = made.fit(panel.head(150), 150)
    windows = made.standardised(return_windows(panel.head(150), 30), state)
    assert windows.shape == (120, 180)
    _, singular, vectors = np.linalg.svd(windows - windows.mean(axis=0), full_matrices=False)
    cosines = np.abs((state["axes"] * vectors[:5]).sum(axis=1))
    np.testing.assert_allclose(cosines, 1, rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(state["axes"], axis=1), 1, rtol=1e-12)
    expected = (singular[5:] ** 2).sum() / windows.size
    assert made.errors(panel.head(150), state).mean() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("rows", "window"), [(2000, 3), (150, 30)])
def test_the_largest_entry_of_a_principal_axis_is_positive(panel, rows: int, window: int):
    axes = PcaTransformer(Pca(codes=6, window=window)).fit(panel.head(rows), rows)["axes"]
    assert (axes[np.arange(6), np.abs(axes).argmax(axis=1)] > 0).all()


def test_pca_asked_for_more_axes_than_the_data_have_leaves_the_rest_zero(panel):
    axes = PcaTransformer(Pca(codes=64, window=60)).fit(panel.head(80), 80)["axes"]
    lengths = np.linalg.norm(axes, axis=1)
    np.testing.assert_allclose(lengths[:19], 1, rtol=1e-9)  # 20 windows, less their mean
    assert (lengths[19:] == 0).all()


def test_pca_works_with_the_smaller_side():
    """1,800 inputs of 100 rows: nowhere is there a matrix of the inputs by themselves (26 MB)."""
    wide = walk(1, assets=60, rows=130)
    made = PcaTransformer(Pca(codes=3, window=30))
    tracemalloc.start()
    try:
        made.fit(wide, 130)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1800 * 1800 * 8 / 2


def test_the_own_autoencoder_is_as_good_as_scikit_learns(panel):
    made = AutoencoderTransformer(Autoencoder(codes=3), seed=1)
    state = made.fit(panel.head(2800), 2800)
    windows = made.standardised(return_windows(panel, 5), state)
    network = MLPRegressor(
        hidden_layer_sizes=(16, 3, 16),
        activation="tanh",
        batch_size=128,
        learning_rate_init=0.005,
        early_stopping=True,
        random_state=1,
    )
    train = windows[: 2800 - 5]
    network.fit(train, train)
    theirs = np.mean((network.predict(windows) - windows) ** 2, axis=1)
    ours = made.errors(panel, state)
    assert ours[:2795].mean() < theirs[:2795].mean() * 1.03
    assert ours[2795:].mean() < theirs[2795:].mean() * 1.03
    assert ours[:2795].mean() < 0.75  # and much better than the mean, which has 1


def test_codes_are_of_use_on_prices_far_from_the_training_range(panel):
    """An encoder of price levels would saturate there; one of returns does not."""
    made = AutoencoderTransformer(Autoencoder(codes=2, epochs=10))
    state = made.fit(panel.head(1000), 1000)
    assert np.std(made.compute(panel, state)[0, :, 1000:], axis=1).min() > 0.1


def test_importance_ranks_planted_signals_first():
    random = np.random.default_rng(3)
    noise = random.normal(size=(10, 1500))
    returns = np.zeros(1500)
    returns[1:] = 0.01 * (1.0 * noise[7, :-1] + 0.6 * np.abs(noise[2, :-1])) + random.normal(size=1499) * 0.005
    report = feature_importance([f"f{i}" for i in range(10)], noise, returns, Importance(), seed=1)
    assert list(report.scores)[:2] == ["f7", "f2"]
    assert report.scores["f7"] > 10 * max(report.scores[f"f{i}"] for i in range(10) if i not in (2, 7))
    assert report.held_out_r2 > 0.4


def test_importance_of_a_value_from_the_future_is_not_found_at_the_wrong_horizon():
    random = np.random.default_rng(4)
    noise = random.normal(size=(3, 1200))
    returns = np.zeros(1200)
    returns[5:] = noise[1, :-5]
    settings = Importance(horizon=5)
    assert next(iter(feature_importance(["a", "b", "c"], noise, returns, settings, 1).scores)) == "b"
    assert feature_importance(["a", "b", "c"], noise, returns, Importance(horizon=1), 1).held_out_r2 < 0.05


def test_importance_of_too_few_rows_is_not_measured_and_said(caplog: pytest.LogCaptureFixture):
    """Zeros would look like features that are of no use."""
    noise = np.random.default_rng(5).normal(size=(2, 300))
    report = feature_importance(["a", "b"], noise, noise[0], Importance(horizon=280), 1)
    assert (report.scores, report.rows) == ({}, 20)
    assert "no importance: 20 training rows have every feature and a target 280 rows later" in caplog.text
    beyond = feature_importance(["a", "b"], noise, noise[0], Importance(horizon=1000), 1)
    assert (beyond.scores, beyond.rows) == ({}, 0)
