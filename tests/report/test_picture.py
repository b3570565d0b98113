"""The picture's charts are those of the page."""

from __future__ import annotations

import re

import pytest

from contracts.problems import ProblemsError
from runs.report import Files, ReportBundle, draw_png
from runs.report.picture import draw_figure, draw_svgs, panels
from tests.report.support import NASTY, bundle, coming, files, forecasts, item, scores

TITLES = [
    "Test: forecasts of sp500 and what happened",
    "Error by horizon",
    "Error by asset",
    "Calibration",
    "Loss of every forecast",
    "Importance of the inputs",
]


def test_the_picture_has_the_panels_of_the_page_with_their_legends() -> None:
    found = bundle(files(coming=coming()))
    axes = draw_figure(found).axes
    assert [one.get_title(loc="left") for one in axes] == ["The coming forecast of sp500", *TITLES]
    for one, panel in zip(axes, panels(found), strict=True):
        if len(panel.layers) > 1:
            shown = {text.get_text() for text in one.get_legend().get_texts()}
            assert {layer.name for layer in panel.layers} <= shown
    assert "forecast starts here" in {text.get_text() for text in axes[0].get_legend().get_texts()}


def test_the_picture_is_a_png_that_is_the_same_each_time() -> None:
    picture = draw_png(bundle())
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(picture[16:20], "big") == 1560
    assert picture == draw_png(bundle())


def test_a_long_headline_is_not_cut_at_the_pictures_edge() -> None:
    report = scores()
    report["asset"] = "A" * 60
    figure = draw_figure(bundle(files(scores=report, forecasts=None)))
    figure.draw_without_rendering()
    assert figure.get_suptitle().replace("\n", " ").endswith("its error is 10.0 % lower.")
    assert figure.texts[0].get_window_extent().x1 <= figure.bbox.x1


def test_a_picture_needs_something_to_draw() -> None:
    with pytest.raises(ProblemsError, match="needs an evaluation or a forecast"):
        draw_png(ReportBundle.of_item(item()))


def test_an_importance_that_explains_nothing_is_doubted_in_its_title() -> None:
    def title(explained: float) -> str:
        found = bundle(Files(importance={"scores": {"rsi": 0.02}, "held_out_r2": explained}))
        return str(draw_figure(found).axes[0].get_title(loc="left"))

    assert title(0.1) == "Importance of the inputs"
    assert title(-0.04) == "Importance of the inputs (means little: R² -0.040)"


def test_names_with_dollar_signs_or_markup_are_no_formulas_and_no_elements() -> None:
    report = forecasts()
    report["asset"] = "A$x^{"
    found = bundle(Files(forecasts=report, importance={"scores": {"$bad_{": 0.1, NASTY: 0.2}}))
    drawn = draw_svgs(panels(found))
    assert draw_png(found)
    for svg in drawn.values():
        assert "<script" not in svg


def test_a_still_takes_its_colours_from_the_page_and_is_the_same_each_time() -> None:
    drawn = draw_svgs(panels(bundle())[:2])
    assert drawn == draw_svgs(panels(bundle())[:2])
    assert set(drawn) == {"backtest", "horizon"}
    for svg in drawn.values():
        assert {"var(--ink)", "var(--model)", "var(--baseline)"} <= set(re.findall(r"var\(--\w+\)", svg))
        assert not re.search(r"#(1c2733|2463c2|c26a15)", svg)
