from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.layout import asset_key
from contracts.problems import ProblemsError
from contracts.template import DataPolicy
from fe_image.prices import read_history
from runs import assets
from runs.stack import Stack

GOOD = "Date,Close\n2020-01-01,1.5\n2020-01-02,1.25\n"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_stored_prices_are_the_very_bytes(stack: Stack, tmp_path: Path) -> None:
    assets.put(stack, assets.read_price_files([write(tmp_path, "AAPL.csv", GOOD)]), "a source")
    assert stack.s3.get_object(Bucket="assets", Key="assets/AAPL.csv")["Body"].read() == GOOD.encode()
    (item,) = assets.stored(stack)
    assert (item["AssetName"], item["Rows"], item["FirstDate"], item["LastDate"]) == ("AAPL", 2, "2020-01-01", "2020-01-02")
    assert item["Source"] == "a source"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("AAPL.csv", "Date,Open\n2020-01-01,1\n", "column Close is missing; the header is Date,Open"),
        ("AAPL.csv", "", "column Date is missing"),
        ("AAPL.csv", "Date,Close\n", "0 rows"),
        ("AAPL.csv", "Date,Close\n2020-01-01,-1\n", "row 2 Close is '-1'"),
        ("AAPL.csv", "Date,Close\n2020-01-01,N/A\n", "row 2 Close is 'N/A'"),
        ("AAPL.csv", "Date,Close\n2020-01-01,inf\n", "row 2 Close is 'inf'"),
        ("AAPL.csv", "Date,Close\n01/02/2020,1\n", "row 2 Date is '01/02/2020'"),
        ("AAPL.csv", b"Date,Close\n2020-01-01,\xff\n", "byte 22 is not"),
        ("AAPL.csv", "Date,Close\n2020-01-01,1\n", "is '1 rows'; allowed: at least 2"),
        ("AAPL.csv", "Date,Close,Close\n2020-01-01,1,2\n2020-01-02,1,2\n", "column Close is 2; allowed: one such column"),
        ("AAPL.csv", GOOD + "2020-01-03T16:00:00Z,1\n", "without a time zone"),
        ("AAPL.csv", GOOD + "20200103,1\n", "row 4 Date is '20200103'"),
        ("AAPL.csv", GOOD + "2020-W05-1,1\n", "row 4 Date is '2020-W05-1'"),
        ("AAPL.csv", GOOD + "2020-02-30,1\n", "row 4 Date is '2020-02-30'"),
        ("AAPL.csv", GOOD + "0001-01-01,1\n", "1900 to 2200"),
        ("AAPL.csv", GOOD + "2020-01-03,1_000\n", "row 4 Close is '1_000'"),
        ("AAPL.csv", GOOD + "2020-01-03,1e300\n", "row 4 Close is '1e300'"),
        ("AAPL.csv", GOOD + "2020-01-03\n", "one cell for each column"),
        ("AAPL.csv", GOOD + "2020-01-03,1,2\n", "one cell for each column"),
        ("AAPL.csv", GOOD + "2020-01-03," + "9" * 200_000 + "\n", "comma-separated values (field larger than"),
        ("A^B.csv", GOOD, "letters, digits"),
        ("AAPL.txt", GOOD, "<ASSET>.csv"),
        ("A B.csv", GOOD, "letters, digits"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(ProblemsError) as caught:
        assets.read_price_files([write(tmp_path, name, content)])
    assert said in str(caught.value)


def test_every_bad_file_is_named_and_none_is_stored(tmp_path: Path) -> None:
    paths = [write(tmp_path, "A.csv", GOOD), write(tmp_path, "B.csv", "x\n"), tmp_path / "C.csv"]
    with pytest.raises(ProblemsError) as caught:
        assets.read_price_files(paths)
    assert "B.csv" in str(caught.value)
    assert "C.csv" in str(caught.value)
    assert "A.csv" not in str(caught.value)


def test_the_same_asset_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    paths = [write(tmp_path, "A.csv", GOOD), write(tmp_path / "sub", "A.csv", GOOD)]
    with pytest.raises(ProblemsError, match="allowed: each asset once; A is given already"):
        assets.read_price_files(paths)


def test_repeated_dates_are_counted_since_a_template_may_choose_among_them(tmp_path: Path) -> None:
    (file,) = assets.read_price_files([write(tmp_path, "A.csv", GOOD + "2020-01-02,3\n")])
    assert (file.rows, file.repeated) == (3, 1)


def test_the_first_and_the_last_moment_are_found_however_they_are_written(tmp_path: Path) -> None:
    rows = "2020-01-02T10:00,1\n2020-01-02 16:00,1\n2020-01-01 00:00,1\n2020-01-01,1\n"
    (file,) = assets.read_price_files([write(tmp_path, "A.csv", "Date,Close\n" + rows)])
    assert (file.first, file.last, file.repeated) == ("2020-01-01 00:00", "2020-01-02 16:00", 1)


DATES = ["2020-01-01", "2020-01-02 16:00", " 2020-01-03 ", "20200101", "2020-13-01", "1899-12-31", "2200-12-31", "2020-01-01Z"]
PRICES = ["1", "1.5", "1e1", " 2 ", "+3", "1_0", "inf", "nan", "-1", "0", "١", "1e-12", "1e13", "0x1"]
CELLS = st.tuples(st.sampled_from(DATES) | st.text(max_size=12), st.sampled_from(PRICES) | st.text(max_size=8))


@given(st.lists(CELLS, min_size=2, max_size=4))
def test_what_is_stored_the_step_reads(rows: list[tuple[str, str]]) -> None:
    text = "Date,Close\n" + "".join(f'"{date}","{price}"\n' for date, price in rows if '"' not in date + price)
    with TemporaryDirectory() as folder:
        path = write(Path(folder), "A.csv", text.encode("utf-8", "replace"))
        try:
            assets.read_price_files([path])
        except ProblemsError:
            return
        reading = read_history("A", "A.csv", path.read_bytes(), DataPolicy(duplicates="last", maxStep=100))
    assert reading.problems == []


def test_many_bad_rows_are_counted_not_listed(tmp_path: Path) -> None:
    path = write(tmp_path, "A.csv", "Date,Close\n" + "2020-01-01,0\n" * 100)
    with pytest.raises(ProblemsError) as caught:
        assets.read_price_files([path])
    text = str(caught.value)
    assert text.startswith(f"assets: 1 problem\n  - {path} row 2 Close is '0'; allowed: a price from 1e-09 to 1e+12; ")
    assert text.endswith("(100 such rows: 2, 3, 4, 5, 6 and 95 more)")


def test_of_many_bad_rows_each_fault_is_one_problem(tmp_path: Path) -> None:
    path = write(tmp_path, "A.csv", "Date,Close\n" + "2020-01-01,0\n" * 4 + "2020-13-01,1\n" * 3 + "2020-01-01\n")
    with pytest.raises(ProblemsError) as caught:
        assets.read_price_files([path])
    assert str(caught.value).startswith("assets: 3 problems\n")
    for said in ("(4 such rows: 2, 3, 4, 5)", "row 6 Date is '2020-13-01'; ", "(3 such rows: 6, 7, 8)", "(one such row)"):
        assert said in str(caught.value)


def test_a_few_bad_rows_are_listed_each_with_its_text(tmp_path: Path) -> None:
    path = write(tmp_path, "A.csv", GOOD + "2020-01-03,x\n2020-01-04,y\n")
    with pytest.raises(ProblemsError) as caught:
        assets.read_price_files([path])
    assert [problem.value for problem in caught.value.problems] == ["x", "y"]


def test_it_is_said_whether_other_prices_were_there(stack: Stack, tmp_path: Path) -> None:
    def put(content: str) -> str:
        (put,) = assets.put(stack, assets.read_price_files([write(tmp_path, "AAPL.csv", content)]))
        return put.outcome

    more = GOOD + "2020-01-03,1\n"
    assert [put(content) for content in (GOOD, GOOD, more, GOOD)] == ["stored", "unchanged", "replaced", "replaced"]


def test_the_same_prices_again_are_no_other_version(stack: Stack, tmp_path: Path) -> None:
    """Another version would be another snapshot: starting an execution again under its id would be a conflict."""
    files = assets.read_price_files([write(tmp_path, "AAPL.csv", GOOD)])

    def put() -> tuple[str, int]:
        (done,) = assets.put(stack, files)
        versions = stack.s3.list_object_versions(Bucket=stack.outputs.assets_bucket)
        return done.outcome, len(versions.get("Versions", []))

    assert [put(), put()] == [("stored", 1), ("unchanged", 1)]
    stack.s3.delete_object(Bucket=stack.outputs.assets_bucket, Key=asset_key("AAPL"))
    assert put() == ("unchanged", 2), "what is away is put again"
    stack.s3.put_object(Bucket=stack.outputs.assets_bucket, Key=asset_key("AAPL"), Body=b"other")
    assert put()[1] == 4, "and what another wrote past the table is put right"
