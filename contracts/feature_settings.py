"""Settings of each feature group of a training template: which indicators, with which windows.

A group that a template leaves out is not computed. Field names are camelCase in JSON. What each feature means stands with its
transformer in ``fe_image/features/``, one file a group, under the same name.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

T = TypeVar("T")

WINDOW_MAX = 2000
LIST_MAX = 16


class Settings(BaseModel):
    """Base of every model of a template: camelCase, no unknown fields, JSON types taken literally, unchangeable."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, frozen=True)


def different(values: tuple[T, ...]) -> tuple[T, ...]:
    """Refuses a list that names something twice: its features would have the same name."""
    if len(set(values)) != len(values):
        raise ValueError("values must differ from one another")
    return values


Window = Annotated[int, Field(ge=2, le=WINDOW_MAX)]
Windows = Annotated[tuple[Window, ...], Field(min_length=1, max_length=LIST_MAX), AfterValidator(different)]
Horizon = Annotated[int, Field(ge=1, le=WINDOW_MAX)]
Horizons = Annotated[tuple[Horizon, ...], Field(min_length=1, max_length=LIST_MAX), AfterValidator(different)]
Output = Literal["ratio", "level"]


class Bollinger(Settings):
    """Bollinger bands: moving average of ``window`` rows, and ``deviations`` standard deviations on either side."""

    windows: Windows = (20,)
    deviations: float = Field(2.0, gt=0, le=10)
    output: Output = "ratio"


class Rsi(Settings):
    """Relative strength index (Wilder)."""

    windows: Windows = (14,)


class Sma(Settings):
    """Simple moving average."""

    windows: Windows = (10, 50)
    output: Output = "ratio"


class Ema(Settings):
    """Exponential moving average."""

    windows: Windows = (12, 26)
    output: Output = "ratio"


class Macd(Settings):
    """Moving average convergence and divergence, as a share of the price."""

    fast: Window = 12
    slow: Window = 26
    signal: Annotated[int, Field(ge=1, le=WINDOW_MAX)] = 9

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be less than slow ({self.slow})")
        return self


class Momentum(Settings):
    """Rate of change over a number of rows."""

    windows: Horizons = (10,)


class Volatility(Settings):
    """Rolling standard deviation of one-row log returns."""

    windows: Windows = (20,)


class Returns(Settings):
    """Log returns over a number of rows."""

    horizons: Horizons = (1, 5)


class Lags(Settings):
    """One-row log returns of earlier rows."""

    lags: Horizons = (1, 2, 3)


class Arima(Settings):
    """One-step-ahead forecast of the log price by ARIMA(p, d, q).

    ``refit``: ``expanding`` estimates anew at every training row from what came before it (pure AR only: q = 0),
    ``once`` estimates on the training range. After the training end the parameters stay as they are in either case.
    """

    order: tuple[Annotated[int, Field(ge=0, le=20)], Annotated[int, Field(ge=0, le=2)], Annotated[int, Field(ge=0, le=5)]] = (
        5,
        1,
        0,
    )
    refit: Literal["expanding", "once"] = "expanding"

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.order[0] == 0 and self.order[2] == 0:
            raise ValueError("order needs p or q above 0")
        if self.order[2] > 0 and self.refit == "expanding":
            raise ValueError("refit 'expanding' needs q = 0; with moving-average terms use 'once'")
        return self


class Spectral(Settings):
    """Causal low-pass: the last value of a window from which all but the lowest frequencies were removed."""

    window: Annotated[int, Field(ge=8, le=WINDOW_MAX)] = 128
    components: Horizons = (3, 6, 9, 20)

    @model_validator(mode="after")
    def _below_nyquist(self) -> Self:
        if max(self.components) > self.window // 2:
            raise ValueError(f"components must be at most half the window ({self.window // 2})")
        return self


class Autoencoder(Settings):
    """Codes of a small neural network that reproduces the last ``window`` standardised returns of all assets."""

    codes: int = Field(3, ge=1, le=64)
    window: Annotated[int, Field(ge=1, le=60)] = 5
    hidden: int = Field(16, ge=2, le=256)
    epochs: int = Field(60, ge=1, le=1000)


class Pca(Settings):
    """Principal components of the same input as the autoencoder's."""

    codes: int = Field(3, ge=1, le=64)
    window: Annotated[int, Field(ge=1, le=60)] = 5


CalendarField = Literal["hourOfDay", "dayOfWeek", "dayOfMonth", "monthOfYear"]


class Calendar(Settings):
    """Position in the day, week, month or year as sine and cosine; known in advance."""

    fields: Annotated[tuple[CalendarField, ...], Field(min_length=1, max_length=4), AfterValidator(different)] = (
        "dayOfWeek",
        "monthOfYear",
    )


class Features(Settings):
    """The feature groups of a template; each may be left out (or null), and is then not computed."""

    bollinger: Bollinger | None = None
    rsi: Rsi | None = None
    sma: Sma | None = None
    ema: Ema | None = None
    macd: Macd | None = None
    momentum: Momentum | None = None
    volatility: Volatility | None = None
    returns: Returns | None = None
    lags: Lags | None = None
    arima: Arima | None = None
    spectral: Spectral | None = None
    autoencoder: Autoencoder | None = None
    pca: Pca | None = None
    calendar: Calendar | None = None

    def chosen(self) -> dict[str, Settings]:
        """Group name → settings of those that are computed, in the order of this class."""
        groups = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: settings for name, settings in groups.items() if settings is not None}


GROUPS = tuple(Features.model_fields)
