"""One-step-ahead ARIMA forecasts."""

from __future__ import annotations

import logging
import time
import warnings

import numpy as np

from contracts.feature_settings import Arima
from contracts.problems import one_problem
from fe_image.data.arrays import Floats, Panel
from fe_image.features.base import State, Transformer
from fe_image.features.returns import shifted

log = logging.getLogger(__name__)


class ArimaTransformer(Transformer[Arima]):
    """Forecast of log p_{t+1} made at t by ARIMA(p, d, q), minus log p_t.

    With y the d times differenced log price: y_{t+1} = c + Σ φ_i y_{t+1−i} + Σ θ_j ε_{t+1−j}; the constant c is used only if
    d = 0. Pure AR models are estimated by conditional least squares. Their normal equations are cumulated, so an estimate at
    every row costs one small solve. Models with moving-average terms are estimated by statsmodels' maximum likelihood.
    Unit: log return of the next row. Shape: (assets, 1, rows). Source: G. Box, G. Jenkins, "Time Series Analysis", 1970.

    >>> ArimaTransformer(Arima(order=(5, 1, 0))).names
    ('arima_5_1_0',)
    """

    group = "arima"

    @property
    def names(self) -> tuple[str, ...]:
        return ("arima_" + "_".join(map(str, self.settings.order)),)

    def fit(self, panel: Panel, train_rows: int) -> State:
        """Return the parameters, shape (assets, parameters), and the number of training rows."""
        if self.settings.order[2] > 0:
            pairs = zip(panel.assets, panel.log_close, strict=True)
            parameters = np.stack([_fit_statsmodels(asset, series, self.settings.order) for asset, series in pairs])
        else:
            parameters = np.stack([self._expanding(series)[-1] for series in panel.log_close])
        return {"parameters": parameters, "train_rows": np.array([float(train_rows)])}

    def compute(self, panel: Panel, state: State) -> Floats:
        out = np.full((len(panel.assets), 1, panel.rows), np.nan)
        train_rows = int(state["train_rows"][0])
        for index, series in enumerate(panel.log_close):
            parameters = state["parameters"][index]
            if self.settings.order[2] > 0:
                forecast = one_step_statsmodels(series, self.settings.order, parameters)
            else:
                every_row = np.broadcast_to(parameters, (panel.rows, parameters.size)).copy()
                if self.settings.refit == "expanding":
                    every_row[:train_rows] = self._expanding(series[:train_rows])
                forecast = one_step_ar(series, self.settings.order, every_row)
            out[index, 0, self.warm_up :] = (forecast - series)[self.warm_up :]
        return out

    def _expanding(self, series: Floats) -> Floats:
        """Return the least-squares parameters from the rows up to each row, shape (rows, parameters); NaN in the warm-up."""
        design, y = _regression(series, self.settings.order)
        usable = np.isfinite(design).all(axis=1) & np.isfinite(y)
        design, y = np.where(usable[:, None], design, 0.0), np.where(usable, y, 0.0)
        gram = np.cumsum(design[:, :, None] * design[:, None, :], axis=0)
        moment = np.cumsum(design * y[:, None], axis=0)
        out = np.full(design.shape, np.nan)
        start, size = self.warm_up, design.shape[1]
        # For a price that never moves, the normal equations are singular; the ridge then makes all parameters 0.
        ridge = np.trace(gram[start:], axis1=1, axis2=2) * (1e-13 / size) + np.finfo(float).tiny
        regular = gram[start:] + ridge[:, None, None] * np.eye(size)
        out[start:] = np.linalg.solve(regular, moment[start:, :, None])[..., 0]
        return out


def _differenced(series: Floats, d: int) -> Floats:
    for _ in range(d):
        series = series - shifted(series, 1)
    return series


def _regression(series: Floats, order: tuple[int, int, int]) -> tuple[Floats, Floats]:
    """Return the regressors of each y_t (its p predecessors, and 1 if d = 0), shape (rows, parameters), and y itself."""
    p, d, _ = order
    y = _differenced(series, d)
    columns = [shifted(y, lag) for lag in range(1, p + 1)]
    return np.column_stack(columns + [np.ones(y.size)] * (d == 0)), y


def one_step_ar(series: Floats, order: tuple[int, int, int], parameters: Floats) -> Floats:
    """Return the forecast of the next value at each row, with that row's parameters (φ_1 … φ_p, then c if d = 0)."""
    p, d, _ = order
    y = _differenced(series, d)
    columns = [shifted(y, lag) for lag in range(p)] + [np.ones(y.size)] * (d == 0)
    forecast: Floats = (np.column_stack(columns) * parameters).sum(axis=1)
    for level in range(d):  # undo the differences, starting with the innermost
        forecast = forecast + _differenced(series, d - 1 - level)
    return forecast


def _fit_statsmodels(asset: str, series: Floats, order: tuple[int, int, int]) -> Floats:
    from statsmodels.tsa.arima.model import ARIMA

    began = time.perf_counter()
    try:
        # statsmodels prints warnings to standard error, which is not part of an execution's log.
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fitted = ARIMA(series, order=order, trend="c" if order[1] == 0 else "n").fit()
    except (ValueError, np.linalg.LinAlgError) as error:
        allowed = f"allowed: an order that can be estimated on the training range ({error})"
        raise one_problem("template", "features.arima.order", list(order), allowed) from error
    for warning in caught:
        log.warning("arima %s of %s: %s", order, asset, warning.message)
    log.info("arima %s of %s estimated in %.1f s", order, asset, time.perf_counter() - began)
    return np.asarray(fitted.params, dtype=np.float64)


def one_step_statsmodels(series: Floats, order: tuple[int, int, int], parameters: Floats) -> Floats:
    """Return the same forecast from statsmodels' Kalman filter, with fixed parameters in its own order."""
    from statsmodels.tsa.arima.model import ARIMA

    model = ARIMA(series, order=order, trend="c" if order[1] == 0 else "n")
    forecasts = model.filter(parameters).predict(start=1, end=series.size)
    return np.asarray(forecasts, dtype=np.float64)
