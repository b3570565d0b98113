from __future__ import annotations

from pathlib import Path

import pytest

from contracts.problems import ProblemsError
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


def test_many_bad_rows_are_counted_not_listed(tmp_path: Path) -> None:
    path = write(tmp_path, "A.csv", "Date,Close\n" + "2020-01-01,0\n" * 100)
    with pytest.raises(ProblemsError) as caught:
        assets.read_price_files([path])
    assert "95 more such rows" in str(caught.value)
    assert len(caught.value.problems) == 6
