"""The training template: every bound, every message, and what the pipeline takes from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from contracts.hyperparameters import hyperparameter_problems
from contracts.problems import ProblemsError
from contracts.template import TELLING_WINDOWS, json_schema, load_template, notes, parse_template, pipeline_parameters, to_data
from runs.cli import app


def properties_of_a_template() -> Iterator[tuple[str, ...]]:
    """The path of every field in a template."""
    schema = json_schema()

    def inside(model: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, field in model["properties"].items():
            yield (*path, name)
            for reference in re.findall(r"'#/\$defs/(\w+)'", str(field)):
                yield from inside(schema["$defs"][reference], (*path, name))

    return inside(schema, ())


NOW = datetime(2024, 6, 1, tzinfo=UTC)


def good(**changes: Any) -> dict[str, Any]:
    data = {
        "baseAssets": ["sp500", "wti"],
        "predictedAsset": "wti",
        "startDataset": "2000-03-01",
        "endTraining": "2012-08-31",
        "features": {"rsi": {"windows": [14]}, "macd": {}},
    }
    return {key: value for key, value in {**data, **changes}.items() if value is not None}


def message(data: object) -> str:
    with pytest.raises(ProblemsError) as caught:
        parse_template(data, NOW)
    return str(caught.value)


BAD: list[tuple[str, dict[str, Any], str]] = [
    (
        "predicted asset elsewhere",
        {"predictedAsset": "gold"},
        "predictedAsset is 'gold'; allowed: one of baseAssets: sp500, wti",
    ),
    (
        "predicted asset nearly",
        {"predictedAsset": "WTI"},
        "predictedAsset is 'WTI'; allowed: one of baseAssets: sp500, wti; did you mean 'wti'?",
    ),
    (
        "predicted asset of many",
        {"baseAssets": [f"A{number}" for number in range(1000)], "predictedAsset": "B"},
        "one of baseAssets: A0, A1, A2, A3, A4, A5, A6, A7, A8, A9 and 990 more",
    ),
    ("asset twice", {"baseAssets": ["wti", "wti"]}, "baseAssets is 'wti'; allowed: each asset once"),
    ("no assets", {"baseAssets": []}, "baseAssets is empty; allowed: a list of 1 to 1000 entries, each 1 to 64 letters"),
    ("asset with a path", {"baseAssets": ["../wti"]}, "baseAssets[0] is '../wti'; allowed: 1 to 64 letters"),
    ("asset with a newline", {"predictedAsset": "wti\n"}, "predictedAsset is 'wti\\n'; allowed: 1 to 64 letters"),
    (
        "unknown name",
        {"predictionLenght": 5},
        "predictionLenght is not a known name; did you mean 'predictionLength'? known names: baseAssets",
    ),
    ("snake case", {"prediction_length": 5}, "did you mean 'predictionLength'?"),
    (
        "unknown indicator",
        {"features": {"bolinger": {}}},
        "features.bolinger is not a feature group; did you mean 'bollinger'? known groups: arima",
    ),
    (
        "unknown setting",
        {"features": {"rsi": {"window": [3]}}},
        "features.rsi.window is not a known name; did you mean 'windows'? known names: windows",
    ),
    (
        "window 0",
        {"features": {"sma": {"windows": [5, 0]}}},
        "features.sma.windows[1] is 0; allowed: a whole number from 2 to 2000",
    ),
    (
        "window too long",
        {"features": {"sma": {"windows": [2001]}}},
        "features.sma.windows[0] is 2001; allowed: a whole number from 2 to 2000",
    ),
    (
        "10,000 indicators",
        {"features": {"sma": {"windows": list(range(2, 1002))}}},
        "features.sma.windows has 1000 entries; allowed: a list of 1 to 16 entries, each a whole number from 2 to 2000",
    ),
    ("same window twice", {"features": {"rsi": {"windows": [5, 5]}}}, "allowed: values must differ from one another"),
    (
        "fast not below slow",
        {"features": {"macd": {"fast": 26}}},
        "features.macd is {'fast': 26}; allowed: fast (26) must be less",
    ),
    ("ARIMA of nothing", {"features": {"arima": {"order": [0, 1, 0]}}}, "order needs p or q above 0"),
    ("expanding with q", {"features": {"arima": {"order": [1, 1, 1]}}}, "refit 'expanding' needs q = 0"),
    ("above Nyquist", {"features": {"spectral": {"window": 16, "components": [9]}}}, "at most half the window (8)"),
    ("text for a number", {"predictionLength": "20"}, "predictionLength is '20'; allowed: a whole number from 1 to 1000"),
    ("fraction for a number", {"predictionLength": 1.5}, "predictionLength is 1.5; allowed: a whole number from 1 to 1000"),
    ("true for a number", {"predictionLength": True}, "predictionLength is True; allowed: a whole number from 1 to 1000"),
    ("no prediction", {"predictionLength": 0}, "predictionLength is 0; allowed: a whole number from 1 to 1000"),
    ("negative context", {"contextLength": -1}, "contextLength is -1; allowed: a whole number from 1 to "),
    ("endless prediction", {"predictionLength": 1001}, "predictionLength is 1001; allowed: a whole number from 1 to 1000"),
    ("no windows", {"testWindows": 0}, "testWindows is 0; allowed: a whole number from 1 to 100"),
    ("unknown frequency", {"frequency": "1Q"}, "frequency is '1Q'; allowed: M, W, D, H or min"),
    ("business days", {"frequency": "1B"}, "such as 1D or 30min; for business days use '1D': a day without trading is a step"),
    ("business days, no number", {"frequency": "b"}, "for business days use '1D'"),
    (
        "frequency in small letters",
        {"frequency": "1d"},
        "frequency is '1d'; allowed: M, W, D, H or min, optionally with a multiple, such as 1D or 30min; did you mean '1D'?",
    ),
    ("minutes in capitals", {"frequency": "30MIN"}, "did you mean '30min'?"),
    ("frequency 0", {"frequency": "0D"}, "frequency is '0D'; allowed: M, W, D, H or min"),
    (
        "end before start",
        {"endTraining": "1999-01-01"},
        "endTraining is '1999-01-01'; allowed: after startDataset, which is 2000-03-01",
    ),
    (
        "end in the future",
        {"endTraining": "2024-06-02"},
        "endTraining is '2024-06-02'; allowed: not in the future; today is 2024-06-01",
    ),
    ("year 9999", {"endTraining": "9999-01-01"}, "endTraining is '9999-01-01'; allowed: a date between 1900 and 2200"),
    ("year 1", {"startDataset": "0001-01-01"}, "startDataset is '0001-01-01'; allowed: a date between 1900 and 2200"),
    ("no such day", {"startDataset": "2001-02-30"}, "startDataset is '2001-02-30'; allowed: a date such as 2010-12-31"),
    ("a time zone", {"startDataset": "2001-02-03T00:00:00Z"}, "allowed: an ISO 8601 date without a time zone"),
    ("another date order", {"startDataset": "31.12.2001"}, "startDataset is '31.12.2001'; allowed: an ISO 8601 date"),
    (
        "a number as date",
        {"startDataset": 20010101},
        "startDataset is 20010101; allowed: an ISO 8601 date without",
    ),
    (
        "unknown transform",
        {"targetTransform": "logreturn"},
        "one of level, log, log1p, log_return; did you mean 'log_return'?",
    ),
    ("transform in capitals", {"targetTransform": "LOG"}, "allowed: one of level, log, log1p, log_return; did you mean 'log'?"),
    (
        "group not chosen",
        {"dynamicFeatures": ["sma"]},
        "dynamicFeatures is 'sma'; allowed: groups that features sets: rsi, macd",
    ),
    (
        "an id that is too long for an ablation's",
        {"id": "a" * 33, "evaluation": {"ablation": True}},
        "id is 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'; allowed: at most 32 characters with evaluation.ablation",
    ),
    (
        "an ablation of a model without features",
        {"dynamicFeatures": [], "evaluation": {"ablation": True}},
        "evaluation.ablation is True; allowed: false, because the model sees no dynamic features",
    ),
    ("unknown group", {"dynamicFeatures": ["rsj"]}, "dynamicFeatures[0] is 'rsj'"),
    (
        "group twice",
        {"dynamicFeatures": ["rsi", "rsi"]},
        "dynamicFeatures is ['rsi', 'rsi']; allowed: values must differ from one another",
    ),
    (
        "calendar field twice",
        {"features": {"calendar": {"fields": ["dayOfWeek", "dayOfWeek"]}}},
        "features.calendar.fields is ['dayOfWeek', 'dayOfWeek']; allowed: values must differ from one another",
    ),
    ("infinite", {"gateMargin": float("inf")}, "gateMargin is inf; allowed: a finite number"),
    (
        "no number, further in",
        {"features": {"sma": {"windows": [5, float("nan")]}}},
        "features.sma.windows[1] is nan; allowed: a finite number",
    ),
    ("margin", {"gateMargin": -1}, "gateMargin is -1; allowed: a number from -0.9 to 10"),
    ("id", {"id": "-x"}, "id is '-x'; allowed: 1 to 40 letters, digits and hyphens"),
    ("policy", {"data": {"duplicates": "frist"}}, "did you mean 'first'?"),
    ("no features", {"features": None}, "features is missing"),
    ("features as list", {"features": ["rsi"]}, "features is ['rsi']; allowed: an object"),
]


@pytest.mark.parametrize(("changes", "expected"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_template(changes: dict[str, Any], expected: str):
    assert expected in message(good(**changes))


@pytest.mark.parametrize("data", [None, [], "x", 3, {1, 2}, {"features": {1, 2}}, {"gateMargin": float("nan")}], ids=repr)
def test_what_is_no_json_object_is_refused(data: object):
    assert "template: 1 problem" in message(data)


def test_all_problems_come_at_once():
    text = message(good(predictedAsset="gold", endTraining="1999-01-01", testWindows=0, frequency="x", features={"rsj": {}}))
    for name in ("predictedAsset", "endTraining", "testWindows", "frequency", "features.rsj"):
        assert f"- {name} is" in text
    assert "5 problems" in text


def test_defaults_are_filled_in_and_parse_again():
    template = parse_template(good(), NOW)
    data = to_data(template)
    assert data["predictionLength"] == 20
    assert data["testWindows"] == 8
    assert data["features"] == {"rsi": {"windows": [14]}, "macd": {"fast": 12, "slow": 26, "signal": 9}}
    assert parse_template(data, NOW) == template
    assert to_data(parse_template(json.loads(json.dumps(data)), NOW)) == data


@pytest.mark.parametrize(
    ("frequency", "fields"),
    [
        ("30min", ["hourOfDay", "dayOfWeek"]),
        ("1H", ["hourOfDay", "dayOfWeek"]),
        ("1D", ["dayOfWeek", "monthOfYear"]),
        ("1M", ["monthOfYear"]),
    ],
)
def test_the_calendar_follows_the_frequency_unless_the_template_chooses(frequency: str, fields: list[str]):
    calendar = {"calendar": {}}
    assert to_data(parse_template(good(frequency=frequency, features=calendar), NOW))["features"] == {
        "calendar": {"fields": fields}
    }
    chosen = {"calendar": {"fields": ["dayOfMonth"]}}
    assert to_data(parse_template(good(frequency=frequency, features=chosen), NOW))["features"] == chosen


def test_groups_that_the_model_sees():
    assert parse_template(good(), NOW).seen_groups == ("rsi", "macd")
    assert parse_template(good(dynamicFeatures=["macd"]), NOW).seen_groups == ("macd",)
    assert parse_template(good(dynamicFeatures=[]), NOW).seen_groups == ()


def test_of_pca_and_autoencoder_the_model_sees_the_better_one_unless_told():
    both = {"rsi": {}, "autoencoder": {}, "pca": {}}
    assert parse_template(good(features=both), NOW).seen_groups == ("rsi", "pca")
    assert parse_template(good(features=both, dynamicFeatures=["autoencoder"]), NOW).seen_groups == ("autoencoder",)
    assert parse_template(good(features={"autoencoder": {}}), NOW).seen_groups == ("autoencoder",)


def test_a_name_that_stands_twice_in_a_file_is_a_problem(tmp_path: Path):
    text = json.dumps(good())[:-1] + ', "seed": 1, "endTraining": "2005-01-01"}'
    (tmp_path / "t.json").write_text(text.replace('"windows": [14]', '"windows": [14], "windows": [15]'))
    with pytest.raises(ProblemsError, match=r"windows is \[\[14\], \[15\]\]; allowed: each name once per object"):
        load_template(tmp_path / "t.json")
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(ProblemsError, match=r"endTraining is \['2012-08-31', '2005-01-01'\]; allowed: each name once"):
        load_template(tmp_path / "t.json")


def test_what_is_wrong_in_a_file_is_said_of_the_file(tmp_path: Path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(good(testWindows=0, seed=-1)))
    with pytest.raises(ProblemsError) as caught:
        load_template(path)
    assert str(caught.value).startswith(f"{path}: 2 problems\n  - testWindows is 0; ")


def test_the_default_number_of_windows_can_be_told_from_chance():
    assert 2 / 2**TELLING_WINDOWS <= 0.05 < 2 / 2 ** (TELLING_WINDOWS - 1)
    assert parse_template(good(), NOW).test_windows >= TELLING_WINDOWS


def test_too_few_windows_to_tell_anything_are_noted():
    assert notes(parse_template(good(id="t", testWindows=6), NOW)) == []
    (note,) = notes(parse_template(good(id="t", testWindows=5), NOW))
    assert note.startswith("testWindows is 5; the report cannot rule out chance with fewer than 6")


def test_the_note_is_shown_where_a_template_is_validated(tmp_path: Path):
    (tmp_path / "mine.json").write_text(json.dumps(good(id="mine", testWindows=4)))
    done = CliRunner().invoke(app, ["template", "validate", str(tmp_path / "mine.json")])
    assert done.exit_code == 0
    assert done.output.startswith("template mine is valid\nnote   testWindows is 4; ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not JSON: line 1, column 2: "),
        (b"", "is not JSON: line 1, column 1: "),
        (b"[" * 100_000, "is nested too deeply"),
        (b"\xff", "is not UTF-8 text (byte 1)"),
    ],
    ids=["cut", "empty", "deep", "not UTF-8"],
)
def test_a_file_that_is_not_json_is_a_problem(tmp_path: Path, content: bytes, reason: str):
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(ProblemsError, match=re.escape(f"t.json {reason}")):
        load_template(tmp_path / "t.json")


def test_a_missing_file_and_a_folder_are_called_what_they_are(tmp_path: Path):
    with pytest.raises(ProblemsError, match=r"gone\.json does not exist; give the path of a training template"):
        load_template(tmp_path / "gone.json")
    with pytest.raises(ProblemsError, match=f"{tmp_path.name} is not a file"):
        load_template(tmp_path)


NUMBERS_FOR_DATES = {20010101: "2001-01-01", 2010: "2010-01-01", 1293753600: "2010-12-31", 20011301: "", 7: "", 1.5: "", -1: ""}


@pytest.mark.parametrize("field", ["startDataset", "endTraining"])
@pytest.mark.parametrize("number", NUMBERS_FOR_DATES)
def test_a_number_as_date_is_explained_with_the_date_that_was_meant(field: str, number: float):
    expected = message(good(**{field: number}))
    other = "latest, or " if field == "endTraining" else ""
    assert (
        f"{field} is {number}; allowed: {other}an ISO 8601 date without a time zone, as text, such as '2010-12-31'" in expected
    )
    meant = NUMBERS_FOR_DATES[number]
    assert ("did you mean" in expected, f"did you mean '{meant}'?" in expected) == (bool(meant), bool(meant))


LIBRARY_TEXTS = (
    *("Input should", "Tuple should", "valid integer", "valid string"),
    *("greater than or equal", "Extra inputs", "Value error"),
)
WRONG = [None, True, 0, -1, 1.5, 10**6, "x", "", [], [0], ["x"], ["x"] * 2000, {}, {"x": 1}]


@pytest.mark.parametrize("path", sorted(properties_of_a_template()), ids=".".join)
def test_no_text_of_the_library_is_shown_for_any_field_and_any_wrong_value(path: tuple[str, ...]):
    for wrong in WRONG:
        data: Any = wrong
        for name in reversed(path):
            data = {name: data}
        try:
            parse_template({**good(), **{path[0]: data[path[0]]}}, NOW)
        except ProblemsError as error:
            assert not [text for text in LIBRARY_TEXTS if text in str(error)], error


@given(st.integers(1, 1000), st.integers(1, 2000), st.sampled_from(["1D", "D", "5D", "1H", "1M", "30min", "1min", "12H", "1W"]))
def test_pipeline_parameters_are_hyperparameters_that_the_algorithm_takes(length: int, context: int, frequency: str):
    template = parse_template(good(predictionLength=length, contextLength=context, frequency=frequency), NOW)
    values = pipeline_parameters(template)
    assert hyperparameter_problems(values) == []
    assert values["prediction_length"] == str(length)
    assert values["time_freq"] == (frequency[1:] if frequency in ("1D", "1H", "1M", "1min", "1W") else frequency)


def test_the_end_of_the_training_may_be_left_to_the_prices():
    assert parse_template(good(endTraining="latest"), NOW).end_training == "latest"
    assert "endTraining is 'last'; allowed: latest, or an ISO 8601 date" in message(good(endTraining="last"))


def test_a_date_means_the_whole_day():
    assert parse_template(good(), NOW).training_end == datetime(2012, 8, 31, 23, 59, 59)
    assert parse_template(good(endTraining="2012-08-31 10:00"), NOW).training_end == datetime(2012, 8, 31, 10)


@given(
    st.dictionaries(
        st.text(max_size=8), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists), max_size=4
    )
)
def test_whatever_stands_there_the_answer_is_problems(data: dict[str, Any]):
    for candidate in (data, good(**{key: value for key, value in data.items() if key}), good(features=data), good(data=data)):
        try:
            parse_template(candidate, NOW)
        except ProblemsError as error:
            assert error.problems
