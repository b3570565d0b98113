"""The sample price histories: six real assets from data inside PyPI packages, one CSV (Date, Close) each.

``arch`` ships S&P 500 and NASDAQ Composite (Yahoo Finance, adjusted close) and WTI crude oil (FRED DCOILWTICO), 1999 to 2018;
``bokeh_sampledata`` AAPL, IBM and MSFT (Quandl WIKI, public domain, adjusted close), 2000 to 2013. They share 3,257 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

SOURCES = {
    "sp500": "arch.data.sp500 (Yahoo Finance, adjusted close)",
    "nasdaq": "arch.data.nasdaq (Yahoo Finance, adjusted close)",
    "wti": "arch.data.wti (FRED DCOILWTICO)",
    "AAPL": "bokeh_sampledata.stocks (Quandl WIKI, adjusted close)",
    "IBM": "bokeh_sampledata.stocks (Quandl WIKI, adjusted close)",
    "MSFT": "bokeh_sampledata.stocks (Quandl WIKI, adjusted close)",
}
_INDEXES = {"sp500": "Adj Close", "nasdaq": "Adj Close", "wti": "DCOILWTICO"}


def write_samples(folder: Path) -> dict[str, Path]:
    """Write ``<ASSET>.csv`` for every sample asset into the folder; asset → its file."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for asset in SOURCES:
        rows = [f"{date},{price!r}" for date, price in sample_prices(asset)]
        paths[asset] = folder / f"{asset}.csv"
        paths[asset].write_text("\n".join(["Date,Close", *rows]) + "\n")
    return paths


def sample_prices(asset: str) -> Iterator[tuple[str, float]]:
    """Date and price of a sample asset's trading days; a day whose source has no price is left out."""
    if asset in _INDEXES:
        from importlib import import_module

        prices = import_module(f"arch.data.{asset}").load()[_INDEXES[asset]].dropna()
        for moment, price in prices.items():
            yield f"{moment:%Y-%m-%d}", float(price)
    else:
        from bokeh_sampledata import stocks

        history = getattr(stocks, asset)
        for date, price in zip(history["date"], history["adj_close"], strict=True):
            yield str(date), float(price)
