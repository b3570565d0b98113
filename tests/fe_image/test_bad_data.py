"""Every bad input that concerns data: its message, and nothing written."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import ProblemsError
from fe_image.data.prices import read_history
from fe_image.offline import run_features
from tests.fe_image.support import level_template, template_data, walk, weekdays, write_csv
from tests.patience import PATIENCE_SECONDS

ROWS, TRAIN_ROWS = 330, 290
Change = Callable[[list[str]], list[str]]


def cell(row: int, text: str, column: int = 1) -> Change:
    """Another text in one cell; ``row`` counts from the header as 1, as the messages do."""

    def change(lines: list[str]) -> list[str]:
        cells = lines[row - 1].split(",")
        cells[column] = text
        return [*lines[: row - 1], ",".join(cells), *lines[row:]]

    return change


def run(tmp_path: Path, change: Callable[[bytes], bytes | None] | None = None, **template: Any) -> str:
    """Run the step on a folder in which A1.csv was changed; the error's text. Nothing may be written."""
    panel = walk(1, rows=ROWS)
    write_csv(tmp_path / "assets", panel)
    path = tmp_path / "assets/A1.csv"
    if change is not None:
        content = change(path.read_bytes())
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    (tmp_path / "template.json").write_text(json.dumps(template_data(panel, TRAIN_ROWS, **template)))
    with pytest.raises(ProblemsError) as caught:
        run_features(tmp_path / "assets", tmp_path / "template.json", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    return str(caught.value)


def lines(change: Change) -> Callable[[bytes], bytes]:
    return lambda content: "\n".join(change(content.decode().splitlines())).encode() + b"\n"


def every_row(text: Callable[[str, str], str]) -> Change:
    return lambda rows: [rows[0], *(text(*row.split(",")) for row in rows[1:])]


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("A1.csv", content)
    return packed.getvalue()


FILES: list[tuple[str, Callable[[bytes], bytes | None], str]] = [
    ("absent", lambda c: None, "A1.csv is '0 rows'; there is no such file"),
    ("empty", lambda c: b"", "A1.csv is '0 rows'; allowed: a header with Date and Close"),
    ("header only", lambda c: b"Date,Close\n", "A1.csv is '0 rows'; allowed: a header with Date and Close"),
    ("one row", lambda c: b"Date,Close\n2001-01-01,1\n\n", "A1.csv is '1 rows'; allowed: a header with Date and Close"),
    ("no Close", lambda c: c.replace(b"Close", b"Price"), "A1.csv is 'Date, Price'; column Close is missing"),
    (
        "two columns Close",
        lines(lambda r: [f"{row},{row.split(',')[1]}" for row in r]),
        "A1.csv is 'Date, Close, Close'; column Close occurs 2 times; allowed: a header with Date and Close, once each",
    ),
    ("no header", lambda c: c.split(b"\n", 1)[1], "column Date is missing"),
    ("not UTF-8", lambda c: c[:100] + b"\xff\xfe" + c[100:], "A1.csv is 'byte 0xff at offset 100'; allowed: text in UTF-8"),
    (
        "not UTF-8 after a byte order mark",
        lambda c: b"\xef\xbb\xbf" + c[:61] + b"\xff" + c[61:],
        "A1.csv is 'byte 0xff at offset 64'; allowed: text in UTF-8",
    ),
    ("NUL bytes", lambda c: c[:200] + b"\0" + c[200:], "A1.csv is 'NUL byte at offset 200'"),
    ("gzip", gzip.compress, "A1.csv is 'gzip data'; allowed: plain text"),
    ("bzip2", bz2.compress, "A1.csv is 'bzip2 data'; allowed: plain text"),
    ("xz", lzma.compress, "A1.csv is 'xz data'; allowed: plain text"),
    ("zip", lambda c: zipped(c), "A1.csv is 'zip data'; allowed: plain text"),
    ("open quote", lambda c: c + b'"2030-01-01,5\n', "A1.csv is 'unexpected end of data'"),
    (
        "too few cells",
        lines(lambda r: [*r[:9], "2001-01-11", *r[10:]]),
        "A1.csv is '1 cell in row 10'; allowed: 2 as in the header",
    ),
    ("blank line", lines(lambda r: [*r[:9], "", *r[9:]]), "A1.csv is '0 cells in row 10'"),
    ("very long cell", lines(cell(5, "9" * 20_000)), "a cell of over 10000 characters in row 5"),
    ("text", lines(cell(7, "abc")), "A1.csv row 7, column Close is 'abc'; allowed: a number"),
    ("formula", lines(cell(7, "=1+1")), "A1.csv row 7, column Close is '=1+1'; allowed: a number"),
    ("thousands", lines(lambda r: cell(7, '"1,234.5"')(r)), "A1.csv row 7, column Close is '1,234.5'; allowed: a number"),
    ("underscore", lines(cell(7, "1_00.5")), "A1.csv row 7, column Close is '1_00.5'; allowed: a number"),
    ("digits of another script", lines(cell(7, "１００")), "A1.csv row 7, column Close is '１００'; allowed: a number"),
    ("date of another script", lines(cell(3, "٢٠٠١-٠١-٠٢", 0)), "A1.csv row 3, column Date is '٢٠٠١-٠١-٠٢'; allowed: ISO"),
    ("infinite", lines(cell(8, "inf")), "A1.csv row 8, column Close is 'inf'; allowed: 0, or a size from 1e-09 to 1e+12"),
    (
        "zero",
        lines(cell(9, "0")),
        "A1.csv row 9 is 0.0; allowed: a price above 0, which the template needs for targetTransform",
    ),
    (
        "negative",
        lines(lambda r: cell(9, "-1.5")(cell(4, "-37.63")(r))),
        "A1.csv row 4 is -37.63; allowed: a price above 0, which the template needs for targetTransform log_return, ",
    ),
    ("absurd", lines(cell(9, "1e300")), "A1.csv row 9, column Close is '1e300'; allowed: 0, or a size from 1e-09 to 1e+12"),
    (
        "a jump",
        lines(lambda r: cell(9, "900000")(r)),
        "allowed: at most 10 (2 such steps). If the prices are right, raise data.maxStep",
    ),
    (
        "missing, too many",
        lines(every_row(lambda d, p: f"{d},N/A" if d < "2001-03-01" else f"{d},{p}")),
        "43 of 330 rows without a price",
    ),
    (
        "duplicates",
        lines(lambda r: [*r[:20], r[19], *r[20:]]),
        "A1.csv rows 20 and 21 is '2001-01-25 twice'; both are in one step of 1D; delete one, or set data.duplicates",
    ),
    ("other date order", lines(cell(3, "01/03/2001", 0)), "A1.csv row 3, column Date is '01/03/2001'; allowed: ISO 8601"),
    ("no such day", lines(cell(3, "2001-02-30", 0)), "A1.csv row 3, column Date is '2001-02-30'; allowed: ISO 8601"),
    ("no date", lines(cell(3, "", 0)), "A1.csv row 3, column Date is ''; allowed: ISO 8601"),
    ("NaT", lines(cell(3, "NaT", 0)), "A1.csv row 3, column Date is 'NaT'; allowed: ISO 8601"),
    ("year 1", lines(cell(2, "0001-01-01", 0)), "A1.csv row 2, column Date is '0001-01-01'; allowed: ISO 8601"),
    ("year 9999", lines(cell(331, "9999-01-01", 0)), "A1.csv row 331, column Date is '9999-01-01'"),
    ("a zone", lines(every_row(lambda d, p: f"{d}T16:00:00Z,{p}")), "A1.csv row 2, column Date is '2001-01-01T16:00:00Z'"),
    ("mixed zones", lines(cell(9, "2001-01-10 16:00:00+01:00", 0)), "row 9, column Date is '2001-01-10 16:00:00+01:00'"),
    (
        "summer time",
        lines(cell(9, "2001-01-10 16:00 CEST", 0)),
        "zone names such as EST are ambiguous: write an offset (-05:00) and use --timezone",
    ),
    (
        "weekly prices",
        lines(lambda r: [r[0], *r[1::5]]),
        "frequency is '1D'; allowed: the frequency of the common rows, which look like 1W",
    ),
    (
        "hourly prices",
        lines(lambda r: [r[0], *(f"{d.split(',')[0]} {h}:00,{d.split(',')[1]}" for d in r[1:] for h in (10, 11))]),
        "A1.csv is '330 of 660 rows share a step of 1D with another row'; the data look like 1H: set frequency to 1H",
    ),
    (
        "no overlap",
        lines(every_row(lambda d, p: f"19{d[2:]},{p}")),
        "A1: 1901-01-01 to 1902-04-05 (330 rows, 0 of them used)",
    ),
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_bad_file(tmp_path: Path, change: Callable[[bytes], bytes | None], expected: str):
    assert expected in run(tmp_path, change)


TEMPLATES: list[tuple[str, dict[str, Any], str]] = [
    (
        "windows past the end",
        {"testWindows": 50},
        "00:00:00), and (calibrationWindows + testWindows) · predictionLength is 357; use endTraining 2001-04-13 or earlier",
    ),
    (
        "prediction over the series",
        {"predictionLength": 500, "contextLength": 1},
        "predictionLength is 500; allowed: less than the 404 steps",
    ),
    (
        "context over the series",
        {"contextLength": 1999},
        "contextLength is 1999; allowed: less than the 404 steps of the training range (290",
    ),
    (
        "window over the rows",
        {"features": {"sma": {"windows": [300]}}},
        "features.sma is 'windows of 300 rows'; the training range has 290 common rows; use shorter windows",
    ),
    (
        "no space left",
        {"features": {"sma": {"windows": [280]}}},
        "steps (290 rows) of the training range, 8 are left after the features' first",
    ),
    (
        "training before the data",
        {"startDataset": "1990-01-01", "endTraining": "1999-01-01"},
        "endTraining is '1999-01-01'; allowed: a date",
    ),
    ("start after the data", {"startDataset": "2010-01-01", "endTraining": "2012-01-01"}, "baseAssets is '0 common rows'"),
    ("unknown asset", {"baseAssets": ["A0", "gold"], "predictedAsset": "A0"}, "gold.csv is '0 rows'; there is no such file"),
    (
        "wrong frequency",
        {"frequency": "1H"},
        "frequency is '1H'; allowed: the frequency of the common rows, which look like 1D",
    ),
]


@pytest.mark.parametrize(("template", "expected"), [row[1:] for row in TEMPLATES], ids=[row[0] for row in TEMPLATES])
def test_template_that_does_not_fit_the_data(tmp_path: Path, template: dict[str, Any], expected: str):
    assert expected in run(tmp_path, **template)


def test_work_beyond_all_measure_is_refused_before_it_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fe_image.features.feature_table.MAX_VALUES", 330 * (3 * 2 + 3) - 1)
    monkeypatch.setattr("fe_image.features.feature_table.MAX_CODED", 330 * 3 * 5 - 1)
    text = run(tmp_path, features={"sma": {}, "pca": {}})
    assert "features is '2970 values'; allowed: at most 2969; there are 3 assets and 330 rows" in text
    assert "features.pca.window is 5; allowed: at most 4949 values; 3 assets · window 5 · 330 rows are 4950" in text


def test_an_autoencoder_that_would_train_for_hours_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    work = 330 * 3 * 5 * 16 * 60
    monkeypatch.setattr("fe_image.features.feature_table.MAX_TRAINED", work - 1)
    text = run(tmp_path, features={"autoencoder": {}})
    assert "features.autoencoder.epochs is 60; allowed: at most 5e+06 multiplications; hidden 16 · epochs · 3 assets" in text


def test_problems_of_all_files_come_at_once(tmp_path: Path):
    panel = walk(1, rows=ROWS)
    write_csv(tmp_path, panel)
    (tmp_path / "A0.csv").write_text("Date,Close\n")
    (tmp_path / "A1.csv").write_text("Date,Close\n2001-01-01,abc\n2001-01-02,1e99\n02.01.2001,5\n")
    (tmp_path / "A2.csv").unlink()
    (tmp_path / "t.json").write_text(json.dumps(template_data(panel, TRAIN_ROWS)))
    with pytest.raises(ProblemsError) as caught:
        run_features(tmp_path, tmp_path / "t.json", tmp_path / "out")
    assert len(caught.value.problems) == 5
    text = str(caught.value)
    assert all(f"- {name}" in text for name in ("A0.csv", "A1.csv row 2", "A1.csv row 3", "A1.csv row 4", "A2.csv"))


def test_a_template_that_is_no_json(tmp_path: Path):
    (tmp_path / "t.json").write_text("{")
    with pytest.raises(ProblemsError, match=r"t\.json is not JSON: line 1, column 2"):
        run_features(tmp_path, tmp_path / "t.json", tmp_path / "out")
    with pytest.raises(ProblemsError, match=r"none\.json does not exist"):
        run_features(tmp_path, tmp_path / "none.json", tmp_path / "out")


def test_a_file_over_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fe_image.execution_source.MAX_BYTES", 1000)
    monkeypatch.setattr(Path, "read_bytes", _refuse(Path.read_bytes))
    assert "A0.csv is" in (text := run(tmp_path)) and "allowed: at most 1000 bytes" in text
    assert "256" not in text


def _refuse(read: Callable[[Path], bytes]) -> Callable[[Path], bytes]:
    def guarded(path: Path) -> bytes:
        assert path.suffix != ".csv", "the file was read"
        return read(path)

    return guarded


def csv_of(dates: list[str], values: list[str]) -> bytes:
    return "\n".join(["Date,Close", *(f"{d},{v}" for d, v in zip(dates, values, strict=True))]).encode()


DATES = [str(day)[:10] for day in weekdays(40)]


@pytest.mark.parametrize("column", ["PK", "BZ_future", "BZh", "BZh9"])
def test_a_first_column_may_begin_like_the_name_of_a_compression(column: str):
    """PK is a database export's primary key."""
    content = csv_of(DATES, ["10"] * 40).replace(b"\n20", b"\n7,20").replace(b"Date", f"{column},Date".encode())
    reading = read_history("A", "a.csv", content, level_template())
    assert reading.problems == []
    assert reading.history is not None and reading.history.times.size == 40


def test_unsorted_rows_are_sorted_and_said():
    reading = read_history("A", "a.csv", csv_of(DATES[::-1], [str(n) for n in range(40, 80)][::-1]), level_template())
    assert reading.history is not None
    assert (np.diff(reading.history.times) > np.timedelta64(0)).all()
    np.testing.assert_array_equal(reading.history.close, np.arange(40.0, 80.0))
    assert reading.notes == ["a.csv: the rows are not in order of date; they were sorted"]


@pytest.mark.parametrize(("policy", "kept"), [("first", 10.0), ("last", 11.0)])
def test_a_policy_for_duplicates(policy, kept: float):
    content = csv_of([*DATES[:5], DATES[4], *DATES[5:]], ["10"] * 5 + ["11"] + ["12"] * 35)
    reading = read_history("A", "a.csv", content, level_template(duplicates=policy))
    assert reading.history is not None
    assert reading.history.close[4] == kept
    assert reading.history.times.size == 40
    assert "rows 6 and 7 (2001-01-05 twice) are in one step of 1D" in reading.notes[0]


def test_a_long_file_of_times_with_a_zone_is_refused_in_one_pass(tmp_path: Path):
    """Work in proportion to the rows: what is quadratic in them takes a quarter of an hour here, not a second."""
    times = np.datetime_as_string(np.datetime64("1990-01-01T00", "h") + np.arange(200_000)).tolist()
    path = tmp_path / "a.csv"
    path.write_bytes(csv_of([f"{text}:00Z" for text in times], ["5"] * len(times)))
    code = (
        "import pathlib, sys; from tests.fe_image.support import level_template\n"
        "from fe_image.data.prices import read_history\n"
        "print(*read_history('A', 'a.csv', pathlib.Path(sys.argv[1]).read_bytes(), level_template()).problems, sep='\\n')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
    )
    assert "'1990-01-01T00:00Z'; allowed: ISO 8601" in run.stdout
    assert "(200000 such rows: 2, 3, 4, 5, 6 and 199995 more)" in run.stdout


def test_missing_prices_below_the_threshold_are_left_out_and_said():
    reading = read_history("A", "a.csv", csv_of(DATES, ["5"] * 10 + ["", "nan"] + ["5"] * 28), level_template())
    assert reading.history is not None
    assert reading.history.times.size == 38
    assert reading.notes == ["a.csv: 2 rows have no price and are left out"]


def test_one_missing_price_more_than_the_share_is_too_many():
    """2 of 40 are the share of 0.05, see above; 3 are over it."""
    reading = read_history("A", "a.csv", csv_of(DATES, ["5"] * 10 + [""] * 3 + ["5"] * 27), level_template())
    assert "3 of 40 rows without a price, the first in row 12'; allowed: a share of at most 0.05" in str(reading.problems[0])


@pytest.mark.parametrize("text", ["", "nan", "NaN", "N/A", "NA", "null", " "])
def test_words_for_no_price(text: str):
    reading = read_history("A", "a.csv", csv_of(DATES, ["5"] * 39 + [text]), level_template())
    assert reading.history is not None and reading.history.times.size == 39


def test_what_a_spreadsheet_writes_is_read():
    content = b"\xef\xbb\xbfOpen,Date,Close,Note\r\n" + b"".join(
        f'1,"{day} 16:30",{price},"a, b"\r\n'.encode() for price, day in enumerate(DATES, 7)
    )
    reading = read_history("A", "a.csv", content, level_template())
    assert reading.problems == []
    assert reading.history is not None
    np.testing.assert_array_equal(reading.history.close, np.arange(7.0, 47.0))
    assert reading.history.times[0].astype(datetime) == datetime(2001, 1, 1, 16, 30)


@given(st.binary(max_size=300) | st.text(alphabet='DateClos,\n\r"0123456789-.:TZ e\0é', max_size=200).map(str.encode))
def test_whatever_a_file_holds_the_answer_is_a_history_or_problems(content: bytes):
    for candidate in (content, b"Date,Close\n" + content):
        reading = read_history("A", "a.csv", candidate, level_template())
        assert (reading.history is None) == bool(reading.problems)
