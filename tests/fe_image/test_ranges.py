"""The step rejects every date range that a start rejects from the first and last dates of the prices."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from contracts.problems import ProblemsError
from contracts.ranges import PriceFacts, PriceRange, TemplateNeeds, fact_problems, last_moment, range_problems
from contracts.template import TrainingTemplate, parse_template, to_data
from fe_image.data.frequency import Frequency
from fe_image.data.grid import make_grid
from fe_image.data.panel import common_panel
from fe_image.data.prices import PriceHistory, read_history
from fe_image.engineer import engineer
from runs.price_files import read_price_files
from tests.examples import examples
from tests.fe_image.support import weekdays

FREQUENCIES = ["1D", "D", "5D", "1W", "2W", "1M", "3M", "1H", "12H", "1min", "30min"]
#: Seconds that a row may lie after the beginning of its month, week, day …
INSIDE = {"M": 27 * 86_400, "W": 7 * 86_400 - 1, "D": 86_399, "H": 3599, "min": 59}
BEGIN = np.datetime64("2004-02-02T00:00:00")  # a Monday


def beginnings(frequency: Frequency, rows: int) -> np.ndarray:
    """When each step of the frequency begins."""
    steps = np.arange(rows) * frequency.multiple
    if frequency.unit == "M":
        return (BEGIN.astype("datetime64[M]") + steps).astype("datetime64[s]")
    return BEGIN + steps * (INSIDE[frequency.unit] + 1)


def history(asset: str, times: np.ndarray) -> PriceHistory:
    return PriceHistory(asset, times.astype("datetime64[s]"), 100 + np.sin(np.arange(times.size)))


def known_at_start(histories: dict[str, PriceHistory]) -> list[PriceRange]:
    return [PriceRange(h.asset, h.times[0].item(), h.times[-1].item(), h.times.size) for h in histories.values()]


def template(assets: list[str], **changes: Any) -> TrainingTemplate:
    data: dict[str, Any] = {"baseAssets": assets, "predictedAsset": assets[0], "contextLength": 1, "features": {"returns": {}}}
    return parse_template(data | changes)


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, PriceHistory], TrainingTemplate]:
    """Assets with a price in every step of their ranges, somewhere inside of it, and a template that may fit."""
    text = draw(st.sampled_from(FREQUENCIES))
    frequency = Frequency.parse(text)
    begins = beginnings(frequency, 40)
    inside = st.integers(0, INSIDE[frequency.unit]) | st.just(0) | st.just(INSIDE[frequency.unit])
    histories = {}
    for asset in ("A", "B")[: draw(st.integers(1, 2))]:
        first, last = draw(st.integers(0, 12)), draw(st.integers(14, 39))
        late = draw(st.lists(inside, min_size=last + 1 - first, max_size=last + 1 - first))
        histories[asset] = history(asset, begins[first : last + 1] + np.array(late))
    start, end = begins[draw(st.integers(0, 12))], begins[draw(st.integers(0, 39))] + draw(inside)
    dates = draw(st.booleans())
    made = {
        "startDataset": str(start.astype("datetime64[D]")),
        "endTraining": str(end.astype("datetime64[D]")) if dates else str(end),
        "frequency": text,
        "predictionLength": draw(st.integers(1, 4)),
        "calibrationWindows": draw(st.integers(1, 3)),
        "testWindows": draw(st.integers(1, 6)),
    }
    if last_moment(str(made["endTraining"])) <= datetime.fromisoformat(str(made["startDataset"])):
        made["startDataset"] = "2000-01-01"
    return histories, template(list(histories), **made)


@given(cases())
@examples(400)
def test_no_start_is_refused_that_the_step_would_accept(case: tuple[dict[str, PriceHistory], TrainingTemplate]):
    """By the step's own rule on the rows themselves, without the one that is shared with the start."""
    histories, made = case
    problems = range_problems(to_data(made), known_at_start(histories))
    event("refused at start" if problems else "started")
    if problems:
        with pytest.raises(ProblemsError):
            make_grid(common_panel(histories, made), made, "")


@given(cases())
@examples(200)
def test_with_a_price_in_every_step_the_start_knows_what_the_step_would_say(
    case: tuple[dict[str, PriceHistory], TrainingTemplate],
):
    """Where a step is one unit, so that its place does not depend on the first common row, and every row begins it."""
    histories, made = case
    frequency = Frequency.parse(made.frequency)
    ended = frequency.units(np.array([made.training_end, made.training_end], dtype="datetime64[s]") + np.array([0, 1]))
    if frequency.multiple > 1 or ended[0] == ended[1]:
        return  # only the row shows whether the step at the training's end belongs to training or to testing
    try:
        make_grid(common_panel(histories, made), made, "")
    except ProblemsError as error:
        refused = {problem.where for problem in error.problems}
        if refused <= {"endTraining", "testWindows", "baseAssets"}:
            assert range_problems(to_data(made), known_at_start(histories))


@pytest.mark.parametrize("end", ["2001-03-30", "2001-03-31", "2001-04-01"], ids=["Friday", "Saturday", "Sunday"])
@pytest.mark.parametrize("after", [9, 10])
def test_on_days_without_trading_start_and_step_count_alike(end: str, after: int):
    """No row shows a Sunday. With only the rows' rule, the step had windows that start before the training ends."""
    days = weekdays(200)
    last = np.datetime64(end) + after
    histories = {"A": history("A", np.append(days[days < last], last.astype("datetime64[s]")))}
    made = template(["A"], startDataset="2001-01-01", endTraining=end, predictionLength=5, calibrationWindows=1, testWindows=1)
    if range_problems(to_data(made), known_at_start(histories)):
        with pytest.raises(ProblemsError, match=f"have {after} steps of 1D after endTraining"):
            engineer(histories, made)
        assert after == 9
    else:
        assert engineer(histories, made).grid.windows == 2
        assert after == 10


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A price file with some of the oddities that the stored metadata tell."""
    frequency = Frequency.parse(draw(st.sampled_from(["1D", "1W", "1H", "1M", "3D"])))
    times = beginnings(frequency, draw(st.integers(20, 60))).astype("datetime64[s]").tolist()
    prices = draw(st.lists(st.sampled_from([10.0, 10.5, 11.0, 30.0, 150.0]), min_size=len(times), max_size=len(times)))
    cells = [str(price) for price in prices]
    for place in draw(st.lists(st.integers(0, len(times) - 1), max_size=4)):
        cells[place] = draw(st.sampled_from(["", "-1", "0"]))
    rows = [f"{time},{cell}" for time, cell in zip(times, cells, strict=True)]
    rows += [
        f"{times[place] + timedelta(seconds=5)},12" for place in draw(st.lists(st.integers(0, len(times) - 1), max_size=2))
    ]
    return "\n".join(["Date,Close", *rows]).encode()


@given(files(), st.sampled_from(["1D", "1W", "7D", "1H", "1M", "30D"]), st.data())
@examples(300)
def test_no_start_is_refused_for_what_a_file_shows_that_the_step_would_accept(
    content: bytes, frequency: str, data: st.DataObject
):
    features = data.draw(st.sampled_from([{"rsi": {}}, {"returns": {}}, {"sma": {"windows": [data.draw(st.integers(2, 80))]}}]))
    made = template(
        ["A"],
        startDataset=data.draw(st.sampled_from(["2000-01-01", "2004-02-10"])),
        endTraining=str(BEGIN + np.timedelta64(data.draw(st.integers(9, 700)), "D")),
        frequency=frequency,
        targetTransform=data.draw(st.sampled_from(["level", "log"])),
        testWindows=1,
        predictionLength=1,
        features=features,
        data={"duplicates": data.draw(st.sampled_from(["error", "last"])), "maxStep": data.draw(st.sampled_from([5.0, 20.0]))},
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "A.csv"
        path.write_bytes(content)
        try:
            (file,) = read_price_files([path])
        except ProblemsError:
            return
    facts = PriceFacts("A", file.first, file.rows, file.frequency, file.repeated, file.missing, file.lowest, file.largest_step)
    needs = TemplateNeeds(
        made.needs_positive_prices, {name: max(group.warm_ups) for name, group in made.features.chosen().items()}
    )
    ranges = [PriceRange("A", file.first, file.last, file.rows)]
    problems = fact_problems(to_data(made), needs, ranges, [facts])
    event("refused at start" if problems else "started")
    if problems:
        with pytest.raises(ProblemsError):
            reading = read_history("A", "A.csv", content, made)
            if reading.problems:
                raise ProblemsError("A.csv", reading.problems)
            assert reading.history is not None
            engineer({"A": reading.history}, made)
