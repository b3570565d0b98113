"""Settings of each feature group of a training template: which indicators, with which windows.

A group that a template leaves out is not computed. Field names are camelCase in JSON. What each feature means stands with its
transformer in ``fe_image/features/``, one file a group, under the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from contracts.frequency import Frequency

T = TypeVar("T")

WINDOW_MAX = 2000
LIST_MAX = 16
#: Training rows per estimated parameter before ARIMA's first forecast; fewer give unstable estimates.
ARIMA_ROWS_PER_PARAMETER = 10


class Settings(BaseModel):
    """Base of every model of a template: camelCase, no unknown fields, JSON types taken literally, unchangeable."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, frozen=True)


class FeatureSettings(Settings):
    """Base of the settings of a feature group, with what they imply for the prices."""

    @property
    def warm_ups(self) -> tuple[int, ...]:
        """Rows at the start without a value, one number per feature in the order of the group's features."""
        raise NotImplementedError

    @property
    def needs_positive_prices(self) -> bool:
        """Whether a feature takes logarithms of prices or divides by them. A group with ``output`` level does not."""
        return getattr(self, "output", "ratio") == "ratio"


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
#: Features are computed on the rows that all assets have, lengths of a template count the calendar.
_ROWS = ": trading days of daily prices, not calendar days."
_OUTPUT = "ratio, the default, is to the price; level is in its unit, and drifts as it does."
_CODES = "How many codes; each is a feature that all assets share."
_CODED = f"Latest returns of each asset that are coded together, in rows{_ROWS}"


class Bollinger(FeatureSettings):
    """Bollinger bands: moving average of ``window`` rows, and ``deviations`` standard deviations on either side."""

    windows: Windows = Field((20,), description=f"Rows of the moving average and its deviation{_ROWS}")
    deviations: float = Field(2.0, gt=0, le=10, description="Standard deviations from the average to either band.")
    output: Output = Field("ratio", description=_OUTPUT)

    @property
    def warm_ups(self) -> tuple[int, ...]:
        return tuple(n - 1 for n in self.windows for _ in range(3))


class Rsi(FeatureSettings):
    """Relative strength index (Wilder)."""

    windows: Windows = Field((14,), description=f"Rows that gains and losses are smoothed over{_ROWS}")

    @property
    def warm_ups(self) -> tuple[int, ...]:
        return self.windows

    @property
    def needs_positive_prices(self) -> bool:
        return False


class MovingAverage(FeatureSettings):
    """Base of the moving averages."""

    windows: Windows
    output: Output = Field("ratio", description=_OUTPUT)

    @property
    def warm_ups(self) -> tuple[int, ...]:
        return tuple(n - 1 for n in self.windows)


class Sma(MovingAverage):
    """Simple moving average."""

    windows: Windows = Field((10, 50), description=f"Rows of each average{_ROWS}")


class Ema(MovingAverage):
    """Exponential moving average."""

    windows: Windows = Field((12, 26), description=f"Span of each average, in rows{_ROWS}")


class Macd(FeatureSettings):
    """Moving average convergence and divergence, as a share of the price."""

    fast: Window = Field(12, description=f"Span of the fast average, less than slow{_ROWS}")
    slow: Window = Field(26, description=f"Span of the slow average{_ROWS}")
    signal: Annotated[int, Field(ge=1, le=WINDOW_MAX)] = Field(9, description=f"Span of the line's own average{_ROWS}")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be less than slow ({self.slow})")
        return self

    @property
    def warm_ups(self) -> tuple[int, ...]:
        return (self.slow + self.signal - 2,) * 3


class Momentum(FeatureSettings):
    """Rate of change over a number of rows."""

    windows: Horizons = Field((10,), description=f"Rows between the two prices{_ROWS}")

    @property
    def warm_ups(self) -> tuple[int, ...]:
        return self.windows


class Volatility(FeatureSettings):
    """Rolling standard deviation of one-row log returns."""

    windows: Windows = Field((20,), description=f"Rows of each deviation{_ROWS}")

    @property
    def warm_ups(self) -> tuple[int, ...]:
        return self.windows


class Returns(FeatureSettings):
    """Log returns over a number of rows."""

    horizons: Horizons = Field((1, 5), description=f"Rows between the two prices{_ROWS}")

    @property
    def warm_ups(self) -> tuple[int, ...]:
        return self.horizons


class Lags(FeatureSettings):
    """One-row log returns of earlier rows."""

    lags: Horizons = Field((1, 2, 3), description=f"How many rows earlier each return is{_ROWS}")

    @property
    def warm_ups(self) -> tuple[int, ...]:
        return tuple(n + 1 for n in self.lags)


class Arima(FeatureSettings):
    """One-step-ahead forecast of the log price by ARIMA(p, d, q).

    ``refit``: ``expanding`` estimates anew at every training row from what came before it (pure AR only: q = 0),
    ``once`` estimates on the training range. After the training end the parameters stay as they are in either case.
    """

    order: tuple[Annotated[int, Field(ge=0, le=20)], Annotated[int, Field(ge=0, le=2)], Annotated[int, Field(ge=0, le=5)]] = (
        Field((5, 1, 0), description="p, d, q: autoregressive terms, differences, moving-average terms; p or q above 0.")
    )
    refit: Literal["expanding", "once"] = Field(
        "expanding",
        description="expanding, the default, estimates anew at every training row (q = 0 only), so that training and test rows "
        "are the same kind of forecast; once estimates on the whole training range.",
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.order[0] == 0 and self.order[2] == 0:
            raise ValueError("order needs p or q above 0")
        if self.order[2] > 0 and self.refit == "expanding":
            raise ValueError("refit 'expanding' needs q = 0; with moving-average terms use 'once'")
        return self

    @property
    def warm_ups(self) -> tuple[int, ...]:
        p, d, q = self.order
        return (d + p + ARIMA_ROWS_PER_PARAMETER * (p + q + 1),)


class Spectral(FeatureSettings):
    """Causal low-pass: the last value of a window from which all but the lowest frequencies were removed."""

    window: Annotated[int, Field(ge=8, le=WINDOW_MAX)] = Field(128, description=f"Rows that are transformed{_ROWS}")
    components: Horizons = Field(
        (3, 6, 9, 20), description="How many of the lowest frequencies each feature keeps, at most half the window."
    )

    @model_validator(mode="after")
    def _below_nyquist(self) -> Self:
        if max(self.components) > self.window // 2:
            raise ValueError(f"components must be at most half the window ({self.window // 2})")
        return self

    @property
    def warm_ups(self) -> tuple[int, ...]:
        return (self.window - 1,) * len(self.components)


class Autoencoder(FeatureSettings):
    """Codes of a small neural network that reproduces the last ``window`` standardised returns of all assets."""

    codes: int = Field(3, ge=1, le=64, description=_CODES)
    window: Annotated[int, Field(ge=1, le=60)] = Field(5, description=_CODED)
    hidden: int = Field(16, ge=2, le=256, description="Neurons in each of the two layers around the codes.")
    epochs: int = Field(60, ge=1, le=1000, description="Passes over the training rows, at most.")

    @property
    def warm_ups(self) -> tuple[int, ...]:
        return (self.window,) * self.codes


class Pca(FeatureSettings):
    """Principal components of the same input as the autoencoder's."""

    codes: int = Field(3, ge=1, le=64, description=_CODES)
    window: Annotated[int, Field(ge=1, le=60)] = Field(5, description=_CODED)

    @property
    def warm_ups(self) -> tuple[int, ...]:
        return (self.window,) * self.codes


CalendarField = Literal["hourOfDay", "dayOfWeek", "dayOfMonth", "monthOfYear"]


#: The periods within which series of a frequency's unit usually vary, as far as its steps can show them.
_CALENDAR_BY_UNIT: Mapping[str, tuple[CalendarField, ...]] = {
    "min": ("hourOfDay", "dayOfWeek"),
    "H": ("hourOfDay", "dayOfWeek"),
    "D": ("dayOfWeek", "monthOfYear"),
    "W": ("monthOfYear",),
    "M": ("monthOfYear",),
}


def calendar_fields(frequency: Frequency) -> tuple[CalendarField, ...]:
    """Return the positions that the group ``calendar`` has by default at this frequency."""
    return _CALENDAR_BY_UNIT[frequency.unit]


class Calendar(FeatureSettings):
    """Position in the day, week, month or year as sine and cosine; known in advance."""

    fields: Annotated[tuple[CalendarField, ...], Field(min_length=1, max_length=4), AfterValidator(different)] = Field(
        ("dayOfWeek", "monthOfYear"),
        description="Positions, each as sine and cosine. By default those of the frequency: hourOfDay and dayOfWeek for "
        "minutes and hours, dayOfWeek and monthOfYear for days, monthOfYear for weeks and months.",
    )

    @property
    def warm_ups(self) -> tuple[int, ...]:
        return (0,) * (2 * len(self.fields))

    @property
    def needs_positive_prices(self) -> bool:
        return False


class Features(Settings):
    """The feature groups of a template; each may be left out (or null), and is then not computed."""

    bollinger: Bollinger | None = Field(None, description="Bollinger bands.")
    rsi: Rsi | None = Field(None, description="Relative strength index.")
    sma: Sma | None = Field(None, description="Simple moving averages.")
    ema: Ema | None = Field(None, description="Exponential moving averages.")
    macd: Macd | None = Field(None, description="Moving average convergence and divergence.")
    momentum: Momentum | None = Field(None, description="Rates of change.")
    volatility: Volatility | None = Field(None, description="Rolling deviations of returns.")
    returns: Returns | None = Field(None, description="Log returns.")
    lags: Lags | None = Field(None, description="Returns of earlier rows.")
    arima: Arima | None = Field(None, description="ARIMA's forecast of the next log return.")
    spectral: Spectral | None = Field(None, description="Low-passed log price.")
    autoencoder: Autoencoder | None = Field(None, description="Codes of the latest returns of all assets by a small network.")
    pca: Pca | None = Field(None, description="The same by principal components: better and cheaper.")
    calendar: Calendar | None = Field(None, description="Position in day, week, month and year.")

    def chosen(self) -> dict[str, FeatureSettings]:
        """Group name → settings of those that are computed, in the order of this class."""
        groups = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: settings for name, settings in groups.items() if settings is not None}


GROUPS = tuple(Features.model_fields)
