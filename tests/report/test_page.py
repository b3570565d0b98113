"""The page: complete, self-contained, safe; the picture: a picture."""

from __future__ import annotations

import base64
import gzip
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from contracts.problems import ProblemsError
from runs.report import ReportBundle, build_report, draw_png
from runs.report.verdict import window_scores
from tests.report.support import ID, NASTY, forecasts, item


class Page(HTMLParser):
    """Elements with their attributes, and the text of each."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def bundle(**changes: Any) -> ReportBundle:
    importance = {"scores": {"sp500:rsi_14": 0.02, "wti:sma_50": -0.001}, "held_out_r2": 0.1, "method": "shuffled"}
    return ReportBundle.of_item(item(**changes), forecasts(), importance, {"threshold": 1.2, "baseline": 1.1, "margin": 0.1})


def figures(html: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/json" data-figure="(\w+)">(.*?)</script>', html, re.S)
    return {name: json.loads(text) for name, text in found}


def test_every_section_is_there_with_its_figures() -> None:
    html = build_report(bundle())
    page = Page(html)
    assert set(figures(html)) == {"fan", "windows", "quantiles", "importance"}
    drawn = {attributes.get("id") for _, attributes in page.elements}
    assert set(figures(html)) <= drawn
    for part in (
        "Forecast of sp500",
        ID,
        "Pipeline steps",
        "Parameters",
        "Test windows",
        "1 min 30 s",
        "(attempt 2)",
        "FeatureEngineering",
    ):
        assert part in page.text
    for score in window_scores(forecasts()):
        assert f"{score.loss:.4f}" in page.text
        assert f"{score.naive_loss:.4f}" in page.text


def test_the_fan_holds_the_forecasts_numbers() -> None:
    fan = figures(build_report(bundle()))["fan"]
    traces = {trace["name"]: trace for trace in fan["data"]}
    report = forecasts()
    medians = [value for window in report["windows"] for value in [*window["quantiles"]["0.5"], None]]
    begun = [position for position in range(len(traces["model 0.5"]["y"])) if position % 8]  # without each last known price
    assert [traces["model 0.5"]["y"][position] for position in begun] == medians
    seen = [value for window in report["windows"] for value in window["actual"] if value is not None]
    assert traces["actual"]["y"] == [99.0, *seen]
    band = traces["model 0.1–0.9"]["y"][1:13]
    assert band == [*report["windows"][0]["quantiles"]["0.9"], *reversed(report["windows"][0]["quantiles"]["0.1"])]
    assert traces["naive 0.1–0.9"]["visible"] is False
    assert set(traces) == {"actual", "model 0.1–0.9", "model 0.3–0.7", "model 0.5", "naive 0.1–0.9"}


def test_the_page_loads_nothing() -> None:
    html = build_report(bundle())
    page = Page(html)
    outside = [
        (tag, name) for tag, attributes in page.elements for name in attributes if name in ("src", "href", "srcset", "action")
    ]
    assert outside == []
    policy = [
        attributes["content"] for tag, attributes in page.elements if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy[0] is not None
    assert policy[0].startswith("default-src 'none'")
    assert "form-action 'none'" in policy[0]
    assert "url(" not in re.sub(r'<script type="application/octet-stream".*?</script>', "", html, flags=re.S)


def test_no_button_of_the_chart_sends_it_elsewhere() -> None:
    """Without a list of its own, plotly's newer bars have one that uploads the chart's data."""
    html = build_report(bundle())
    assert 'plotlyServerURL: ""' in html
    named = re.search(r"const buttons = (\[\[.*?\]\]);", html)
    assert named is not None
    assert json.loads(named[1]) == [["toImage", "zoom2d", "pan2d", "resetScale2d"]]
    assert "modeBarButtons: buttons" in html


def test_plotlys_script_is_packed_whole_and_the_page_stays_small() -> None:
    html = build_report(bundle())
    packed = re.search(r'id="plotly-gzip">([A-Za-z0-9+/=]+)</script>', html)
    assert packed is not None
    script = gzip.decompress(base64.b64decode(packed[1]))
    assert b"plotly.js v" in script[:200]
    assert len(html) < 2_500_000 < len(script)


def test_nothing_from_outside_becomes_markup() -> None:
    """Texts that anybody may have written: assets, ids, reasons, features, parameters, template."""
    report = forecasts()
    report["asset"] = report["transform"] = report["frequency"] = NASTY
    report["windows"][0]["timestamps"][0] = NASTY
    nasty = item(
        TemplateId=NASTY,
        FailureReason=NASTY,
        CreatedAt=NASTY,
        Steps={NASTY: {"Status": NASTY, "FailureReason": NASTY}},
        Snapshot=json.dumps(
            {
                "Template": {NASTY: NASTY},
                "Parameters": {NASTY: NASTY},
                "Assets": {NASTY: {"VersionId": NASTY, "Sha256": NASTY, "Size": 1}},
            }
        ),
    )
    importance = {"scores": {NASTY: 0.1}, "method": NASTY}
    for status in ("Succeeded", "Failed"):
        html = build_report(ReportBundle.of_item({**nasty, "Status": status}, report, importance, None))
        assert html.count("<script") == html.count("</script>") == 6  # four figures, the packed script, the drawing one
        assert "alert(1)</script>" not in html
        assert "'<b>" not in html
        assert figures(html)["importance"]["data"][0]["y"] == [NASTY]


@pytest.mark.parametrize("changes", [{}, {"Steps": {}, "Snapshot": None, "CreatedAt": "", "TemplateId": None}])
def test_an_execution_without_results_has_a_report(changes: dict[str, Any]) -> None:
    html = build_report(ReportBundle.of_item(item(Status="Failed", FailureReason="disk full", **changes)))
    assert "disk full" in html
    assert figures(html) == {}
    assert "plotly" not in html
    assert len(html) < 20_000


def test_a_failures_reason_keeps_its_lines_and_is_told_once() -> None:
    reason = "template: 1 problem\n- testWindows is 4"
    steps = {"FeatureEngineering": {"Status": "Failed", "FailureReason": reason}}
    failed = item(Status="Failed", FailureReason=f"FeatureEngineering: {reason}", Steps=steps)
    html = build_report(ReportBundle.of_item(failed))
    assert html.count("- testWindows is 4") == 1
    assert f"FeatureEngineering: {reason}" in html
    for lines in (".verdict p", ".reason"):
        assert re.search(re.escape(lines) + r" \{[^}]*white-space: pre-line", html)


def test_the_same_execution_gives_the_same_page_and_picture() -> None:
    assert build_report(bundle()) == build_report(bundle())
    assert draw_png(bundle()) == draw_png(bundle())


@pytest.mark.parametrize(("explained", "warned"), [(0.1, False), (-0.04, True)])
def test_an_importance_that_explains_nothing_is_said_to_mean_little(explained: float, warned: bool) -> None:
    importance = {"scores": {"rsi": 0.02}, "held_out_r2": explained, "method": "shuffled"}
    html = build_report(ReportBundle.of_item(item(), None, importance))
    assert f"R² of that forecast: {explained:.3f}" in html
    assert ("the ranking means little" in html) is warned


def test_every_parameter_is_shown_and_what_was_set_stands_out() -> None:
    defaults = {"epochs": "10", "num_cells": "40", "TrainingInstanceCount": "1"}
    html = build_report(ReportBundle.of_item(item(), defaults=defaults))
    assert '<tr class="changed"><td>epochs</td><td><code>7</code></td><td>start</td></tr>' in html
    assert '<tr class=""><td>num_cells</td><td><code>40</code></td><td>default</td></tr>' in html
    assert '<tr class=""><td>TrainingInstanceCount</td><td><code>1</code></td><td>default</td></tr>' in html


def test_the_template_is_shown_whole_and_it_is_said_that_defaults_are_among_its_values() -> None:
    features = {"rsi": {"windows": [14]}, "arima": {"order": [5, 1, 0], "refit": "expanding"}, "macd": None}
    template = {"baseAssets": [f"A{number}" for number in range(40)], "features": features, "seed": 1}
    snapshot = json.dumps({"Template": template, "Parameters": {"context_length": "40"}, "Assets": {}})
    page = Page(build_report(ReportBundle.of_item(item(Snapshot=snapshot))))
    shown = next(part for part in page.texts if part.startswith("{"))
    assert json.loads(shown) == template
    assert shown.splitlines()[3] == '    "rsi": {"windows": [14]},'
    assert "The template, including default values" in page.text
    assert "including the template's own defaults" in page.text


def test_versions_and_digests_are_clipped_where_they_stand_yet_there_to_be_copied() -> None:
    html = build_report(bundle())
    assert f'<code class="clipped" title="{"ab" * 32}">{"ab" * 32}</code>' in html
    assert '<code class="clipped" title="v1">v1</code>' in html
    assert re.search(r"code\.clipped \{[^}]*text-overflow: ellipsis", html)


def test_no_date_breaks_at_its_hyphens() -> None:
    failed = item(Status="Failed", FailureReason="rows from 2000-01-03T00:00:00 to 2024-07-26 <b>")
    html = build_report(ReportBundle.of_item(failed, forecasts(8.0)))
    visible = re.sub(r"<(script|style).*?</\1>", "", html, flags=re.S)
    dates = re.findall(r'(?:class="date">)?\d{4}-\d{2}-\d{2}', re.sub(r"<code>.*?</code>", "", visible, flags=re.S))
    assert len(dates) == 9  # created, two of the reason, each window's two
    assert all(date.startswith('class="date">') for date in dates)
    assert '<span class="date">2000-01-03T00:00:00</span> to <span class="date">2024-07-26</span> &lt;b&gt;' in html
    assert ".date { white-space: nowrap; }" in html


def test_every_table_moves_in_a_box_of_its_own_on_a_narrow_screen() -> None:
    html = build_report(bundle())
    assert html.count("<table>") == html.count('<div class="scroll"><table>') == 4


def test_the_two_charts_beside_one_another_are_equally_high() -> None:
    drawn = figures(build_report(bundle()))
    assert drawn["quantiles"]["layout"]["height"] == drawn["importance"]["layout"]["height"]


def test_no_parameter_is_claimed_of_an_execution_that_was_started_elsewhere() -> None:
    html = build_report(ReportBundle.of_item(item(Snapshot=None), defaults={"epochs": "10"}))
    assert "started elsewhere" in html
    assert "<td>epochs</td>" not in html


def test_the_picture_is_a_png_of_its_size() -> None:
    picture = draw_png(bundle())
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big")) == (1560, 912)


def test_the_picture_doubts_an_importance_that_explains_nothing() -> None:
    def drawn(explained: float) -> bytes:
        return draw_png(ReportBundle.of_item(item(), forecasts(), {"scores": {"rsi": 0.02}, "held_out_r2": explained}))

    assert drawn(0.1) == drawn(0.2) != drawn(-0.1) != drawn(-0.2)


def test_a_picture_needs_forecasts() -> None:
    with pytest.raises(ProblemsError, match="needs the forecasts"):
        draw_png(ReportBundle.of_item(item()))


def test_names_with_dollar_signs_are_no_formulas() -> None:
    report = forecasts()
    report["asset"] = "A$x^{"
    assert draw_png(ReportBundle.of_item(item(), report, {"scores": {"$bad_{": 0.1}}, None))
