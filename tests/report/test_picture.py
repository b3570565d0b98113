"""The picture's panels, as matplotlib holds them."""

from __future__ import annotations

from typing import Any

import pytest

from runs.report import ReportBundle
from runs.report.fans import fans
from runs.report.picture import draw_figure
from tests.report.support import forecasts, item

IMPORTANCE = {"scores": {"rsi": 0.02}, "held_out_r2": 0.1}


def panels(importance: dict[str, Any] | None = None) -> list[Any]:
    return list(draw_figure(ReportBundle.of_item(item(), forecasts(), importance)).axes)


def test_the_pictures_fans_open_at_the_last_known_prices() -> None:
    fan, _ = panels()
    dotted = [line.get_xdata()[0] for line in fan.lines if line.get_linestyle() == ":"]
    assert [f"{time}" for time in dotted] == [window.origin for window in fans(forecasts())]
    median = next(line for line in fan.lines if line.get_label() == "model 0.5")
    assert (median.get_xdata()[0], median.get_ydata()[0]) == (dotted[0], 99.0)


@pytest.mark.parametrize("importance", [None, {}, {"scores": {}}])
def test_without_importance_the_losses_have_its_place(importance: dict[str, Any] | None) -> None:
    fan, losses = panels(importance)
    assert len(losses.patches) == 6
    for edge in ("x0", "x1"):
        assert getattr(losses.get_subplotspec().get_position(losses.figure), edge) == getattr(
            fan.get_subplotspec().get_position(fan.figure), edge
        )


def test_with_importance_there_are_three_panels() -> None:
    assert len(panels(IMPORTANCE)) == 3


def test_a_long_headline_is_not_cut_at_the_pictures_edge() -> None:
    report = forecasts(8.0)
    report["asset"] = "A" * 30
    figure = draw_figure(ReportBundle.of_item(item(), report))
    figure.draw_without_rendering()
    assert figure.get_suptitle().replace("\n", " ").endswith("too few to rule out chance; set testWindows to 6 or more.")
    assert figure.texts[0].get_window_extent().x1 <= figure.bbox.x1
