from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.layout import asset_key
from contracts.price_format import read_format
from contracts.problems import ProblemsError
from fe_image.data.prices import read_history
from runs import assets
from runs.price_files import read_price_files
from runs.stack import Stack
from tests.conftest import aws_session
from tests.examples import examples
from tests.fe_image.support import level_template

GOOD = "Date,Close\n2020-01-01,1.5\n2020-01-02,1.25\n"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_stored_prices_are_the_bytes_of_the_file(stack: Stack, tmp_path: Path) -> None:
    assets.put(stack, read_price_files([write(tmp_path, "AAPL.csv", GOOD)]), "a source")
    assert stack.s3.get_object(Bucket="assets", Key="assets/AAPL.csv")["Body"].read() == GOOD.encode()
    (item,) = assets.stored(stack)
    assert (item["AssetName"], item["Rows"], item["FirstDate"], item["LastDate"]) == ("AAPL", 2, "2020-01-01", "2020-01-02")
    assert item["Source"] == "a source"


def test_a_file_in_a_bucket_without_versions_has_the_version_null(stack: Stack, tmp_path: Path) -> None:
    stack.s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": stack.outputs.region})
    unversioned = Stack(replace(stack.outputs, assets_bucket="plain"), aws_session())
    assets.put(unversioned, read_price_files([write(tmp_path, "AAPL.csv", GOOD)]))
    assert [item["VersionId"] for item in assets.stored(unversioned)] == ["null"]


def test_a_summary_names_rows_dates_and_frequency(tmp_path: Path) -> None:
    (file,) = read_price_files([write(tmp_path, "AAPL.csv", GOOD)])
    assert file.summary == "AAPL: 2 rows, 2020-01-01 to 2020-01-02, looks like 1D"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("AAPL.csv", "Date,Open\n2020-01-01,1\n2020-01-02,1\n", "is 'Date, Open'; column Close is missing"),
        ("AAPL.csv", "", "is '0 rows'; allowed: a header with Date and Close"),
        ("AAPL.csv", "Date,Close\n", "0 rows"),
        ("AAPL.csv", GOOD + "2020-01-03,abc\n", "row 4, column Close is 'abc'"),
        ("AAPL.csv", GOOD + "2020-01-03,inf\n", "row 4, column Close is 'inf'"),
        ("AAPL.csv", GOOD + "01/02/2020,1\n", "row 4, column Date is '01/02/2020'"),
        ("AAPL.csv", b"Date,Close\n2020-01-01,\xff\n", "byte 0xff at offset 22"),
        ("AAPL.csv", "Date,Close\n2020-01-01,1\n", "is '1 rows'; allowed: a header with Date and Close, then at least 2"),
        ("AAPL.csv", "Date,Close,Close\n2020-01-01,1,2\n2020-01-02,1,2\n", "column Close occurs 2 times"),
        ("AAPL.csv", GOOD + "2020-01-03T16:00:00Z,1\n", "without a time zone"),
        ("AAPL.csv", GOOD + "20200103,1\n", "row 4, column Date is '20200103'"),
        ("AAPL.csv", GOOD + "2020-W05-1,1\n", "row 4, column Date is '2020-W05-1'"),
        ("AAPL.csv", GOOD + "2020-02-30,1\n", "row 4, column Date is '2020-02-30'"),
        ("AAPL.csv", GOOD + "0001-01-01,1\n", "1900 to 2200"),
        ("AAPL.csv", GOOD + "2020-01-03,1_000\n", "row 4, column Close is '1_000'"),
        ("AAPL.csv", GOOD + "2020-01-03,1e300\n", "row 4, column Close is '1e300'"),
        ("AAPL.csv", GOOD + "2020-01-03\n", "'1 cell in row 4'; allowed: 2 as in the header"),
        ("AAPL.csv", GOOD + "2020-01-03,1,2\n", "'3 cells in row 4'; allowed: 2 as in the header"),
        ("AAPL.csv", GOOD + "\n2020-01-03,1\n", "'0 cells in row 4'; allowed: 2 as in the header"),
        ("AAPL.csv", GOOD + "2020-01-03," + "9" * 200_000 + "\n", "field larger than"),
        ("AAPL.csv", GOOD + "2020-01-03," + "9" * 20_000 + "\n", "a cell of over 10000 characters in row 4"),
        ("AAPL.csv", GOOD + '"2020-01-03"x,1\n', "allowed: comma-separated values"),
        ("AAPL.csv", GOOD + '2020-01-03,"1\n', "allowed: comma-separated values"),
        ("AAPL.csv", GOOD + "2020-01-03,1\0\n", "NUL byte at offset"),
        ("AAPL.csv", gzip.compress(GOOD.encode(), mtime=0), "gzip data"),
        ("AAPL.csv", GOOD + "2020-01-03,\n2020-01-04,N/A\n2020-01-05,\n", "3 of 5 rows without a price, the first in row 4"),
        (
            "AAPL.csv",
            GOOD.replace("1.25", "2000"),
            "rows 2 and 3 is '1.5, then 2000'; a factor of 1.33e+03; allowed: at most 1000",
        ),
        ("AAPL.csv", "Date,Close\n2020-01-01,1\n2020-01-02,\n", "'1 of 2 rows have a price'; allowed: at least 2"),
        ("A^B.csv", GOOD, "letters, digits"),
        ("AAPL.txt", GOOD, "<ASSET>.csv"),
        ("A B.csv", GOOD, "letters, digits"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(ProblemsError) as caught:
        read_price_files([write(tmp_path, name, content)])
    assert message in str(caught.value)


def test_every_bad_file_is_named_and_none_is_stored(tmp_path: Path) -> None:
    paths = [write(tmp_path, "A.csv", GOOD), write(tmp_path, "B.csv", "x\n"), tmp_path / "C.csv"]
    with pytest.raises(ProblemsError) as caught:
        read_price_files(paths)
    assert "B.csv" in str(caught.value)
    assert "C.csv" in str(caught.value)
    assert "A.csv" not in str(caught.value)


def test_the_same_asset_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    paths = [write(tmp_path, "A.csv", GOOD), write(tmp_path / "sub", "A.csv", GOOD)]
    with pytest.raises(ProblemsError, match="allowed: each asset once; A is given already"):
        read_price_files(paths)


def test_repeated_dates_are_counted_since_a_template_may_choose_among_them(tmp_path: Path) -> None:
    (file,) = read_price_files([write(tmp_path, "A.csv", GOOD + "2020-01-02,3\n")])
    assert (file.rows, file.repeated) == (2, 1)


def test_the_first_and_the_last_moment_are_found_however_they_are_written(tmp_path: Path) -> None:
    rows = "2020-01-02T10:00,1\n2020-01-02 16:00,1\n2020-01-01 00:00,1\n2020-01-01,1\n"
    (file,) = read_price_files([write(tmp_path, "A.csv", "Date,Close\n" + rows)])
    assert (file.first, file.last) == (datetime(2020, 1, 1), datetime(2020, 1, 2, 16))


def test_rows_without_a_price_are_counted_since_a_template_may_leave_them_out(tmp_path: Path) -> None:
    (file,) = read_price_files([write(tmp_path, "A.csv", GOOD + "2020-01-03,n/a\n2019-12-31,\n")])
    assert (file.rows, file.missing, file.first, file.last) == (2, 2, datetime(2020, 1, 1), datetime(2020, 1, 2))


def test_line_ends_of_an_old_mac_are_read(tmp_path: Path) -> None:
    (file,) = read_price_files([write(tmp_path, "A.csv", GOOD.replace("\n", "\r"))])
    assert file.rows == 2


DATES = ["2020-01-01", "2020-01-02 16:00", " 2020-01-03 ", "20200101", "2020-13-01", "1899-12-31", "2200-12-31", "2020-01-01Z"]
PRICES = ["1", "1.5", "1e1", " 2 ", "+3", "", "N/A", "nan", "1_0", "inf", "-1", "0", "١", "1e-12", "1e13", "0x1", "99999"]
DATE = st.dates(date(2019, 12, 1), date(2020, 3, 1)).map(str) | st.sampled_from(DATES) | st.text(max_size=12)
CELLS = st.tuples(DATE, st.sampled_from(PRICES) | st.floats(0.5, 5).map(str) | st.text(max_size=8))
NOTES = ["x", "", '"a,b"', '"a\nb"', '"a"b', 'a"b', "a,b", "\0", "n" * 10_001, '"open']
LINES = st.tuples(CELLS.map(",".join), st.sampled_from(["x"] * 12 + NOTES)).map(",".join)


@given(
    st.lists(LINES | st.sampled_from(["", " "]), min_size=2, max_size=6),
    st.sampled_from(["Date,Close,Note", "Date,Close", "PK,Date,Close", "Date,Close,Close", "Close,Note,Date", ""]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\ufeff", "PK", "\x1f"]),
)
@examples(400)
def test_stored_is_what_the_step_reads_under_some_template(rows: list[str], header: str, end: str, begin: str) -> None:
    content = (begin + end.join([header, *rows]) + end).encode("utf-8", "replace")
    readings = [
        read_history("A", "A.csv", content, level_template(frequency, duplicates=which, maxStep=1000, maxMissingShare=0.5))
        for which in ("first", "last")
        for frequency in ("1min", "1D")
    ]
    usable = [reading.history is not None and reading.history.times.size >= 2 for reading in readings]
    with TemporaryDirectory() as folder:
        try:
            (file,) = read_price_files([write(Path(folder), "A.csv", content)])
        except ProblemsError:
            assert not any(usable)
            return
    assert any(usable) or file.repeated


def test_many_bad_rows_are_counted_not_listed(tmp_path: Path) -> None:
    path = write(tmp_path, "A.csv", "Date,Close\n" + "2020-01-01,x\n" * 100)
    with pytest.raises(ProblemsError) as caught:
        read_price_files([path])
    text = str(caught.value)
    assert text.startswith(
        f"assets: 1 problem\n  - {path} row 2, column Close is 'x'; allowed: a number with a decimal point and "
    )
    assert text.endswith("(100 such rows: 2, 3, 4, 5, 6 and 95 more)")


def test_of_many_bad_rows_each_fault_is_one_problem(tmp_path: Path) -> None:
    path = write(tmp_path, "A.csv", "Date,Close\n" + "2020-01-01,x\n" * 6 + "2020-13-01,1\n")
    with pytest.raises(ProblemsError) as caught:
        read_price_files([path])
    assert str(caught.value).startswith("assets: 2 problems\n")
    for message in ("(6 such rows: 2, 3, 4, 5, 6 and 1 more)", "row 8, column Date is '2020-13-01'; "):
        assert message in str(caught.value)


def test_it_is_said_whether_other_prices_were_there(stack: Stack, tmp_path: Path) -> None:
    def put(content: str) -> str:
        (put,) = assets.put(stack, read_price_files([write(tmp_path, "AAPL.csv", content)]))
        return put.outcome

    more = GOOD + "2020-01-03,1\n"
    assert [put(content) for content in (GOOD, GOOD, more, GOOD)] == ["stored", "unchanged", "replaced", "replaced"]


def test_the_same_prices_again_are_no_other_version(stack: Stack, tmp_path: Path) -> None:
    """Another version would be another snapshot: starting an execution again under its id would be a conflict."""
    files = read_price_files([write(tmp_path, "AAPL.csv", GOOD)])

    def put() -> tuple[str, int]:
        (done,) = assets.put(stack, files)
        versions = stack.s3.list_object_versions(Bucket=stack.outputs.assets_bucket)
        return done.outcome, len(versions.get("Versions", []))

    assert [put(), put()] == [("stored", 1), ("unchanged", 1)]
    stack.s3.delete_object(Bucket=stack.outputs.assets_bucket, Key=asset_key("AAPL"))
    assert put() == ("unchanged", 2), "what is away is put again"
    stack.s3.put_object(Bucket=stack.outputs.assets_bucket, Key=asset_key("AAPL"), Body=b"other")
    assert put()[1] == 4, "and what another wrote past the table is put right"


def test_another_dialect_is_stored_in_the_format_that_the_step_reads(stack: Stack, tmp_path: Path) -> None:
    path = write(tmp_path, "AAPL.CSV", "Tag;Preis\n2020-01-01;1.001,5\n2020-01-02;1.002,25\n")
    _, price_format = read_format(";", ",", "Tag", "Preis", "")
    (file,) = read_price_files([path], price_format)
    assets.put(stack, [file])
    stored = stack.s3.get_object(Bucket="assets", Key="assets/AAPL.csv")["Body"].read()
    assert stored == b"Date,Close\n2020-01-01,1001.5\n2020-01-02,1002.25\n"
    assert read_history("AAPL", "AAPL.csv", stored, level_template()).problems == []
