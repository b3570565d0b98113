"""Command-line options that describe the dialect of price files."""

from __future__ import annotations

from typing import Annotated

import typer

from contracts.price_format import PriceFormat, read_format
from contracts.problems import ProblemsError

Delimiter = Annotated[str, typer.Option(help="Separates columns: a comma, ; | or tab.")]
Decimal = Annotated[str, typer.Option(help="Decimal mark, . or a comma; if given, the other one may group thousands.")]
DateColumn = Annotated[str, typer.Option(help="Column with the dates.")]
PriceColumn = Annotated[str, typer.Option(help="Column with the prices, such as 'Adj Close'.")]
Timezone = Annotated[str, typer.Option(help="Zone whose local time is kept if dates have an offset, such as America/New_York.")]


def chosen_format(delimiter: str, decimal: str, date_column: str, price_column: str, timezone: str) -> PriceFormat:
    """The format that the options describe; all problems with them are raised at once as ProblemsError."""
    problems, price_format = read_format(delimiter, decimal, date_column, price_column, timezone)
    if problems:
        raise ProblemsError("command line", problems)
    return price_format
