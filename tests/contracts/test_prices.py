"""Price files in every dialect: read by option, or refused with the option that reads them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.price_format import PriceFormat, parse_moment, parse_price, read_format
from contracts.prices import read_price_rows

DIALECTS = Path(__file__).parent / "price_dialects"
#: What the good file says, however it is written.
TIMES = [datetime(2024, 1, day) for day in (2, 3, 4)]


def read(name: str, **options: str) -> tuple[list[str], list[tuple[datetime, float]], list[str]]:
    problems, rows = read_price_rows(name, (DIALECTS / name).read_bytes(), PriceFormat(**options))
    found = [] if rows is None else [(row.time, row.price) for row in rows.rows]
    return [str(problem) for problem in problems], found, [] if rows is None else rows.notes


@pytest.mark.parametrize(
    ("name", "options", "prices"),
    [
        ("lower-case-header.csv", {}, [73.67, 73.90, 74.02]),
        ("non-positive.csv", {}, [3.1, -0.7, 0.0]),
        ("semicolon-decimal-comma.csv", {"delimiter": ";", "decimal": ","}, [73.67, 73.90, 74.02]),
        ("tab.csv", {"delimiter": "\t"}, [73.67, 73.90, 74.02]),
        ("thousands.csv", {"decimal": "."}, [1003.67, 1004.90, 998.02]),
        ("yahoo-adjusted.csv", {}, [73.67, 73.90, 74.02]),
        ("yahoo-adjusted.csv", {"price_column": "Adj Close"}, [71.20, 71.42, 71.54]),
        ("zoned.csv", {"timezone": "America/New_York"}, [73.67, 73.90, 74.02]),
    ],
)
def test_a_dialect_is_read_by_its_options(name: str, options: dict[str, str], prices: list[float]) -> None:
    problems, rows, _ = read(name, **options)
    assert problems == []
    assert rows == list(zip(TIMES, prices, strict=True))


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("semicolon-decimal-comma.csv", {}, "its columns are separated by ;: use --delimiter ';' --decimal ,"),
        ("semicolon-decimal-comma.csv", {"delimiter": ";"}, "row 2, column Close is '73,67'; allowed: a number"),
        ("semicolon-decimal-comma.csv", {"delimiter": ";"}, "use --decimal ,"),
        ("tab.csv", {}, "its columns are separated by tab: use --delimiter tab"),
        ("thousands.csv", {}, "use --decimal . (2 such rows: 2, 3)"),
        ("zoned.csv", {}, "--timezone America/New_York, or --timezone UTC"),
        ("tab.csv", {"delimiter": "\t", "timezone": "UTC"}, "the time has no offset: leave out --timezone"),
    ],
)
def test_another_dialect_is_refused_with_the_option_that_reads_it(name: str, options: dict[str, str], expected: str) -> None:
    problems, rows, _ = read(name, **options)
    assert rows == []
    assert len(problems) == 1
    assert expected in problems[0]


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("Timestamp,Close", "use --date-column Timestamp"),
        ("Date,Adj Close", "use --price-column 'Adj Close'"),
        ("day,price", "use --date-column day --price-column price"),
        ("Date|Close", "use --delimiter '|'"),
        ("Foo,Bar", "choose from these columns with --date-column and --price-column"),
    ],
)
def test_columns_of_other_names_are_suggested(header: str, hint: str) -> None:
    problems, _ = read_price_rows(
        "A.csv", f"{header}\n2024-01-02,1\n2024-01-03,1\n".replace(",", header[4:5] if "|" in header else ",").encode()
    )
    assert str(problems[0]).endswith(hint)


@pytest.mark.parametrize("price", ["1.003,67", "67,9"])
def test_the_options_for_delimiter_and_decimal_mark_come_together(price: str) -> None:
    problems, _ = read_price_rows("A.csv", f"Date;Close\n2024-01-02;{price}\n2024-01-03;{price}\n".encode())
    assert "use --delimiter ';' --decimal ," in str(problems[0])


@pytest.mark.parametrize("price", ["$73.67", "USD 73.67", "73.67 EUR", "73.67€"])
def test_a_currency_is_named_as_the_cause(price: str) -> None:
    problems, _ = read_price_rows("A.csv", f"Date,Close\n2024-01-02,{price}\n2024-01-03,1\n".encode())
    assert "no option removes a currency: write the number alone" in str(problems[0])


@pytest.mark.parametrize("date", ["01/02/2024", "02.01.2024", "1/2/24", "01/02/2024 16:00"])
def test_a_date_whose_order_is_ambiguous_is_refused_with_what_to_do(date: str) -> None:
    problems, _ = read_price_rows("A.csv", f"Date,Close\n{date},1\n2024-01-03,1\n".encode())
    assert "the order of day and month is ambiguous, so no option reads it: write 2024-01-02" in str(problems[0])


def test_months_are_their_last_day_with_a_note() -> None:
    problems, rows, notes = read("month-stamps.csv")
    assert problems == []
    assert [time for time, _ in rows] == [datetime(2024, 1, 31), datetime(2024, 2, 29), datetime(2024, 3, 31)]
    assert notes == ["month-stamps.csv: 3 dates are months; each counts as the last day of its month"]


def test_of_close_and_adjusted_close_the_one_that_is_read_is_named() -> None:
    (note,) = read("yahoo-adjusted.csv")[2]
    assert "Close is read because the price column is Close; Adj Close, adjusted for splits and dividends" in note
    assert read("yahoo-adjusted.csv", price_column="Adj Close")[2] == []


def test_a_price_with_two_readings_is_refused_with_both() -> None:
    problems, _ = read_price_rows("A.csv", b'Date,Close\n2024-01-02,"1,003"\n2024-01-03,"1,004"\n')
    assert "1,003 has two readings: use --decimal . (1003) or --decimal , (1.003)" in str(problems[0])


def test_times_are_kept_in_the_zone_that_is_named() -> None:
    """A session in New York closes at 16:00 before and after the clocks change."""
    content = b"Date,Close\n2024-03-08 21:00:00+00:00,1\n2024-03-11T20:00:00Z,2\n"
    _, rows = read_price_rows("A.csv", content, PriceFormat(timezone="America/New_York"))
    assert rows is not None
    assert [row.time for row in rows.rows] == [datetime(2024, 3, 8, 16), datetime(2024, 3, 11, 16)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"delimiter": "::"}, "--delimiter is '::'; allowed: one of tab, ;, |, ,"),
        ({"decimal": ";"}, "--decimal is ';'; allowed: . or ,"),
        ({"timezone": "Mars/Olympus"}, "--timezone is 'Mars/Olympus'; allowed: an IANA name"),
        ({"timezone": "../etc"}, "--timezone is '../etc'; allowed: an IANA name"),
        ({"price_column": "Date"}, "--price-column is 'Date'; allowed: another column than --date-column"),
    ],
)
def test_options_are_checked(options: dict[str, str], expected: str) -> None:
    defaults = {"delimiter": ",", "decimal": "", "date_column": "Date", "price_column": "Close", "timezone": ""}
    problems, _ = read_format(**(defaults | options))
    assert any(str(problem).startswith(expected) for problem in problems)


NUMBERS = st.floats(-1e9, 1e9).map(lambda number: round(number, 2))


@given(NUMBERS, st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'"), (",", "\u202f")]))
def test_grouped_numbers_are_read_with_either_decimal_mark(number: float, marks: tuple[str, str]) -> None:
    decimal, group = marks
    text = f"{number:,.2f}".translate({ord(","): group, ord("."): decimal})
    assert parse_price(text, decimal) == number


@pytest.mark.parametrize("text", ["1,5", "1,003", "1 003", "1'003", "1.003,5", "1,003.5"])
def test_without_the_option_no_mark_is_skipped(text: str) -> None:
    assert parse_price(text) is None


@pytest.mark.parametrize("text", ["1,00.5", "10,03", ",003", "1,0034", "1,003,5", "1 003,004", "1.5,003", "1,003.5.5"])
def test_groups_that_are_not_of_three_digits_are_no_number(text: str) -> None:
    assert parse_price(text, ".") is None


@given(st.text(max_size=25))
def test_any_text_is_a_moment_or_none(text: str) -> None:
    moment = parse_moment(text)
    assert moment is None or 1900 <= moment.year <= 2200


def test_text_that_is_not_comma_separated_is_reported_with_the_option_for_other_delimiters() -> None:
    problems, rows = read_price_rows("a.csv", b'Date,Close\n2024-01-02,"1.5"x\n')
    assert rows is None
    assert [(problem.where, problem.allowed) for problem in problems] == [
        ("a.csv", "allowed: comma-separated values (other delimiters: --delimiter)")
    ]


@pytest.mark.parametrize("date", ["date", "time", "datetime", "timestamp", "day", "month"])
@pytest.mark.parametrize("price", ["close", "adj close", "adj. close", "price", "last", "value", "settle"])
def test_columns_with_usual_names_are_suggested(date: str, price: str) -> None:
    header = f"{date.title()},{price.title()}"
    problems, _ = read_price_rows("a.csv", f"{header}\n2024-01-02,1\n2024-01-03,1\n".encode(), PriceFormat())
    suggested = [] if date == "date" else [f"--date-column {date.title()}"]
    if price != "close":
        shown = f"'{price.title()}'" if " " in price else price.title()
        suggested.append(f"--price-column {shown}")
    assert [str(problem).partition("; use ")[2] for problem in problems] == ([" ".join(suggested)] if suggested else [])
