"""Base class of the simple and the exponential moving average."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from contracts.feature_settings import Ema, Sma
from fe_image.data.arrays import Floats, Panel
from fe_image.features.base import State, Transformer, stack
from fe_image.features.talib_backend import indicator

M = TypeVar("M", Sma, Ema)


class MovingAverage(Transformer[M]):
    """A TA-Lib moving average of the price over each window, as its ratio to the price or as a level."""

    function: ClassVar[str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.group}_{n}" for n in self.settings.windows)

    def compute(self, panel: Panel, state: State) -> Floats:
        values = stack([indicator(self.function, panel.close, timeperiod=n)[0] for n in self.settings.windows])
        return values / panel.close[:, None, :] - 1 if self.settings.output == "ratio" else values
