"""The sample price histories: six real assets from data inside PyPI packages, one CSV (Date, Close) each.

``arch`` ships S&P 500 and NASDAQ Composite (Yahoo Finance, adjusted close) and WTI crude oil (FRED DCOILWTICO), 1999 to 2018;
``bokeh_sampledata`` AAPL, IBM and MSFT (Quandl WIKI, public domain, adjusted close), 2000 to 2013. They share 3,257 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from contracts.problems import Problem, ProblemsError

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
    """Write ``<ASSET>.csv`` for every sample asset into the folder; asset → its file. Existing files are kept.

    Raises:
        ProblemsError: files of these names are there with other content; nothing is written then.
    """
    texts = {folder / f"{asset}.csv": _as_csv(asset) for asset in SOURCES}
    missing = [path for path in texts if not path.exists()]
    allowed = "it is there with other content, which is not overwritten; allowed: another folder"
    problems = [
        Problem(str(path), path.name, allowed)
        for path, text in texts.items()
        if path not in missing and not (path.is_file() and path.read_bytes() == text.encode())
    ]
    if problems:
        raise ProblemsError("samples", problems)
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        path.write_text(texts[path])
    return {path.stem: path for path in texts}


def _as_csv(asset: str) -> str:
    return "\n".join(["Date,Close", *(f"{date},{price!r}" for date, price in sample_prices(asset)), ""])


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
