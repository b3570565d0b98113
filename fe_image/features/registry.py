"""All feature groups by their names in a template. A transformer's module is imported only if a template uses it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from contracts.feature_settings import FeatureSettings
from fe_image.features.base import Transformer

#: Group → module and class.
TRANSFORMERS = {
    "bollinger": ("fe_image.features.bollinger", "BollingerTransformer"),
    "rsi": ("fe_image.features.rsi", "RsiTransformer"),
    "sma": ("fe_image.features.sma", "SmaTransformer"),
    "ema": ("fe_image.features.ema", "EmaTransformer"),
    "macd": ("fe_image.features.macd", "MacdTransformer"),
    "momentum": ("fe_image.features.momentum", "MomentumTransformer"),
    "volatility": ("fe_image.features.volatility", "VolatilityTransformer"),
    "returns": ("fe_image.features.returns", "ReturnsTransformer"),
    "lags": ("fe_image.features.lags", "LagsTransformer"),
    "arima": ("fe_image.features.arima", "ArimaTransformer"),
    "spectral": ("fe_image.features.spectral", "SpectralTransformer"),
    "autoencoder": ("fe_image.features.autoencoder", "AutoencoderTransformer"),
    "pca": ("fe_image.features.pca", "PcaTransformer"),
    "calendar": ("fe_image.features.calendar", "CalendarTransformer"),
}


def transformer(group: str, settings: FeatureSettings, seed: int = 0) -> Transformer[Any]:
    """Return the transformer of a group.

    Raises:
        KeyError: the group is not registered.
    """
    module, name = TRANSFORMERS[group]
    made: Transformer[Any] = getattr(import_module(module), name)(settings, seed)
    return made
