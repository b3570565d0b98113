"""The template of the reference work, which every benchmark of features runs: the six sample assets."""

from __future__ import annotations

from typing import Any

REFERENCE: dict[str, Any] = {
    "baseAssets": ["sp500", "nasdaq", "wti", "AAPL", "IBM", "MSFT"],
    "predictedAsset": "sp500",
    "startDataset": "2000-03-01",
    "endTraining": "2012-08-31",
    "testWindows": 8,
    "importance": {},
    "features": {
        "bollinger": {"windows": [20]},
        "rsi": {"windows": [14]},
        "sma": {"windows": [10, 50]},
        "arima": {"order": [5, 1, 0]},
        "spectral": {"window": 128, "components": [3, 6, 9, 20]},
        "autoencoder": {"codes": 3},
    },
}
