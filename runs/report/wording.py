"""Numbers as the report writes them: prices with their unit, percentages, counts."""

from __future__ import annotations

from collections.abc import Sequence

MISSING = "–"


def amount(value: float | None, unit: str = "") -> str:
    """Return a price: two decimals from 1 on, four significant digits below; ``unit`` follows it.

    >>> amount(1432.1, "USD"), amount(0.0123456), amount(None)
    ('1,432.10 USD', '0.01235', '–')
    """
    if value is None:
        return MISSING
    size = abs(value)
    digits = f"{value:,.2f}" if 1 <= size < 1e9 or value == 0 else f"{value:.4g}"
    return f"{digits} {unit}" if unit else digits


def share(value: float | None, decimals: int = 1, *, signed: bool = False) -> str:
    """Return a fraction in per cent.

    >>> share(0.0691, signed=True), share(0.8, 0)
    ('+6.9 %', '80 %')
    """
    if value is None:
        return MISSING
    rounded = round(100 * value, decimals) + 0.0  # no -0.0
    return f"{rounded:{'+' if signed else ''}.{decimals}f} %"


def between(pair: Sequence[float] | None, decimals: int = 0, *, signed: bool = False) -> str:
    """Return an interval of fractions in per cent: ``62 % to 79 %``."""
    return (
        MISSING if pair is None else f"{share(pair[0], decimals, signed=signed)} to {share(pair[1], decimals, signed=signed)}"
    )


def number(value: float | None, decimals: int = 3) -> str:
    """Return a number without a unit."""
    return MISSING if value is None else f"{value:,.{decimals}f}"


def counted(count: int, noun: str) -> str:
    """Return ``1 test window`` or ``8 test windows``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def band_name(band: str | float) -> str:
    """Return ``80 % band``. The name of a central band is the share that it should contain."""
    return f"{100 * float(band):.3g} % band"
