"""The page: complete, in order, self-contained, safe."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from runs.report import Files, ReportBundle, build_report
from runs.report.panel import PALETTE
from runs.report.picture import draw_svgs, panels
from tests.report.support import ID, NASTY, bundle, coming, files, forecasts, item, scores


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


def figures(html: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/json" data-figure="(\w+)">(.*?)</script>', html, re.S)
    return {name: json.loads(text) for name, text in found}


ALL = {"backtest", "horizon", "assets", "calibration", "forecasters", "importance"}
SECTIONS = [
    "The model forecasts sp500 better",
    "The coming forecast of sp500",
    "Test: forecasts of sp500",
    "Test windows",
    "Error by horizon",
    "Error by asset",
    "Calibration",
    "Model and baselines",
    "Against the champion",
    "Importance of the inputs",
    "Data quality",
    "Pipeline steps",
    "Parameters",
    "Exact versions",
]


def words(html: str) -> str:
    """The page's text without markup."""
    return unescape(re.sub(r"<[^>]*>", "", html)).replace("\u2011", "-").replace("\u00a0", " ")


def headings(html: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", html)


def test_the_sections_are_in_the_order_in_which_they_matter() -> None:
    html = build_report(bundle(files(coming=coming())))
    found = headings(html)
    assert len(found) == len(SECTIONS)
    assert all(heading.startswith(expected) for heading, expected in zip(found, SECTIONS, strict=True))
    assert set(figures(html)) == ALL | {"coming"}
    drawn = {attributes.get("id") for _, attributes in Page(html).elements}
    assert set(figures(html)) <= drawn


def test_without_a_coming_forecast_its_section_is_absent() -> None:
    html = build_report(bundle())
    assert "The coming forecast" not in html
    assert set(figures(html)) == ALL


def test_steps_and_image_are_told() -> None:
    text = Page(build_report(bundle())).text
    for part in (ID, "1 min 30 s", "(attempt 2)", "FeatureEngineering", "repository/image@sha256:12", "digest"):
        assert part in text


def test_every_forecast_has_its_prices_and_percentages_next_to_its_loss() -> None:
    html = build_report(bundle()).replace("\u00a0", " ")
    (row,) = re.findall(r'<tr class="">(?:(?!<tr).)*?best baseline</span>.*?</tr>', html)
    cells = re.findall(r'data-label="(.*?)"><div>(.*?)</div></td>', row)
    shown = {name: re.sub("<.*?>", " ", value) for name, value in cells[1:]}
    assert shown == {
        "loss": "2.00 %",
        "loss / best baseline&#x27;s": "1.000",
        "MAE": "2.00 USD",
        "MAPE": "2.00 %",
        "RMSE": "2.40 USD",
        "MASE": "0.800",
        "in the 80 % band": "75 % (60 % to 90 %)",
    }
    assert "the last value and its mean change" in row


def test_the_champion_is_compared_in_words_or_the_reason_is_given_why_not() -> None:
    html = words(build_report(bundle()))
    assert "On the 12 dates from 2020-02-01 to 2020-03-06 that both have forecast" in html
    assert "loss is 3.1 % higher than that of version 3" in html
    assert "3.5 steps ahead on average, the champion's 2.0" in html
    without = {"compared": False, "reason": "this template had no approved model", "modelPackage": None, "version": 1}
    html = words(build_report(bundle(files(champion=without))))
    assert "There is no comparison: this template had no approved model." in html


ABLATED = {"predictedAsset": "sp500", "evaluation": {"ablation": True}}


@pytest.mark.parametrize(
    ("skill_without", "expected"),
    [
        (-0.1, "With the features, the loss is 18.2 % lower (skill +10.0 % with and -10.0 % without)"),
        (0.2, "The features do not help: with them, the loss is 12.5 % higher (skill +10.0 % with and +20.0 % without)"),
        (0.101, "The features contribute nothing: without them, the loss differs by less than 1 %"),
        (None, "It has not been evaluated yet"),
    ],
)
def test_the_ablation_says_what_the_features_contribute(skill_without: float | None, expected: str) -> None:
    ablation = None if skill_without is None else scores(skill=skill_without)
    made = replace(bundle(files(ablation=ablation)), template=ABLATED)
    html = words(build_report(made))
    assert "What the features contribute" in html
    assert f"The execution {ID}-ablation is the same training without dynamic features." in html
    assert expected in html
    assert "What the features contribute" not in build_report(bundle())


def test_the_coming_forecast_is_a_table_and_a_csv_of_the_predicted_asset() -> None:
    page = Page(build_report(bundle(files(coming=coming()))))
    for shown in ("2020-02-03", "100.00", "96.16", "103.84", "+0.0\u00a0%"):
        assert shown in page.texts
    (link,) = [attributes for tag, attributes in page.elements if tag == "a"]
    assert link["download"] == "forecast-sp500-2020-02-01.csv"
    kind, packed = str(link["href"]).split(",")
    assert kind == "data:text/csv;charset=utf-8;base64"
    rows = base64.b64decode(packed).decode().splitlines()
    assert rows[0] == "time,mean,0.025,0.1,0.25,0.5,0.75,0.9,0.975"
    assert rows[3].startswith("2020-02-03 00:00:00,101.0,94.0,96.16,")
    assert len(rows) == 4


def test_every_colour_of_a_chart_is_a_variable_of_the_page_in_both_schemes() -> None:
    html = build_report(bundle(files(coming=coming())))
    style = re.search(r"<style>(.*?)</style>", html, re.S)
    assert style is not None
    light, dark = (dict(re.findall(r"(--[\w-]+): (#\w{6});", part)) for part in style[1].split("prefers-color-scheme: dark", 1))
    used = set(re.findall(r'"(--[a-z]+)(?:/[\d.]+)?"', json.dumps(figures(html))))
    assert used
    assert used <= set(light)
    assert set(light) == set(dark)
    assert {role: light[f"--{role}"] for role in PALETTE} == PALETTE
    assert not re.findall(r"#[0-9a-f]{6}", json.dumps(figures(html)))


def test_a_legend_uses_words() -> None:
    names = {
        trace["name"] for drawn in figures(build_report(bundle(files(coming=coming())))).values() for trace in drawn["data"]
    }
    assert {"80 % band", "median", "forecast starts here", "best baseline: drift", "actual index", "index so far"} <= names
    assert not [name for name in names if "0.1" in name]


def test_readers_without_javascript_see_stills_and_no_empty_boxes() -> None:
    html = build_report(bundle(), {"backtest": "<svg>still</svg>"})
    assert '<noscript><div class="still"><svg>still</svg></div></noscript>' in html
    assert html.count('class="still"') == 1
    assert "<noscript><style>.chart { display: none; }</style></noscript>" in html


def test_data_quality_tells_what_is_not_scored_and_what_was_left_out() -> None:
    text = Page(build_report(ReportBundle.of_item(item(), files(), problems=["x.json is left out"]))).text
    assert "Steps of the test windows: 18; not scored, because they have no actual value: 3." in text
    assert "Scored values of each of the 2 assets: 15." in text
    assert "without recalibration: the template does not ask for it" in text
    assert "Note: x.json is left out" in text


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
    """Texts that anybody may have written: assets, ids, reasons, features, parameters, template, names of forecasts."""
    report, stored = forecasts(), scores()
    report["asset"] = report["transform"] = report["frequency"] = report["baseline"] = NASTY
    stored["asset"] = stored["windows"][1]["start"] = NASTY
    stored["assets"][NASTY] = stored["assets"]["wti"]
    stored["forecasters"][NASTY] = stored["forecasters"]["last value"]
    nasty = item(
        TemplateId=NASTY,
        FailureReason=NASTY,
        CreatedAt=NASTY,
        GateBaseline=NASTY,
        Steps={NASTY: {"Status": NASTY, "FailureReason": NASTY}},
        Snapshot=json.dumps(
            {
                "Template": {NASTY: NASTY, "unit": NASTY, "quantity": NASTY},
                "Parameters": {NASTY: NASTY},
                "ImageUri": NASTY,
                "Assets": {NASTY: {"VersionId": NASTY, "Sha256": NASTY, "Size": 1}},
            }
        ),
    )
    found = files(
        forecasts=report,
        scores=stored,
        importance={"scores": {NASTY: 0.1}, "method": NASTY},
        calibration={"applied": True, "reason": NASTY},
        baselines={"baselines": [{"name": NASTY, "description": NASTY}]},
        coming=coming(template=NASTY, unit=NASTY, quantity=NASTY),
    )
    for status in ("Succeeded", "Failed"):
        drawn = ReportBundle.of_item({**nasty, "Status": status}, found)
        html = build_report(drawn, draw_svgs(panels(drawn)) if status == "Failed" else None)
        assert html.count("<script") == html.count("</script>") == 9  # seven figures, the packed script, the drawing one
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


def test_the_same_execution_gives_the_same_page() -> None:
    assert build_report(bundle()) == build_report(bundle())


@pytest.mark.parametrize(("explained", "warned"), [(0.1, False), (-0.04, True)])
def test_an_importance_that_explains_nothing_is_said_to_mean_little(explained: float, warned: bool) -> None:
    importance = {"scores": {"rsi": 0.02}, "held_out_r2": explained, "method": "shuffled"}
    html = build_report(ReportBundle.of_item(item(), Files(importance=importance)))
    assert f"R² of that forecast on held-out data: {explained:.3f}" in html
    assert ("the ranking means little" in html) is warned


def test_every_parameter_is_shown_and_what_was_set_stands_out() -> None:
    defaults = {"epochs": "10", "num_cells": "40", "TrainingInstanceCount": "1"}
    html = build_report(ReportBundle.of_item(item(), defaults=defaults))
    rows = re.findall(
        r'<tr class="(\w*)"><td[^>]*><div>(\w+)</div></td><td[^>]*><div><code>(.*?)</code></div></td><td[^>]*><div>(\w+)<', html
    )
    assert ("changed", "epochs", "7", "start") in rows
    assert ("", "num_cells", "40", "default") in rows
    assert ("", "TrainingInstanceCount", "1", "default") in rows


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
    html = build_report(bundle(files(coming=coming()), **failed))
    visible = re.sub(r"<(script|style).*?</\1>|<code>.*?</code>|<a .*?</a>", "", html, flags=re.S)
    dates = re.findall(r'(?:class="date">)?\d{4}-\d{2}-\d{2}', visible)
    assert len(dates) > 10
    assert all(date.startswith('class="date">') for date in dates)
    assert '<span class="date">2000-01-03T00:00:00</span> to <span class="date">2024-07-26</span> &lt;b&gt;' in html
    assert ".date { white-space: nowrap; }" in html


def test_every_table_becomes_a_list_or_moves_in_a_box_of_its_own_on_a_narrow_screen() -> None:
    html = build_report(bundle(files(coming=coming())))
    assert html.count("<table") == html.count('<div class="scroll"><table class="') == 7
    assert html.count('<table class="kept"') == 1
    assert ".listed td::before { content: attr(data-label);" in html


def test_no_parameter_is_claimed_of_an_execution_that_was_started_elsewhere() -> None:
    html = build_report(ReportBundle.of_item(item(Snapshot=None), defaults={"epochs": "10"}))
    assert "started elsewhere" in html
    assert "<td>epochs</td>" not in html


def test_an_interval_that_does_not_contain_its_point_draws_no_bar_backwards() -> None:
    stored = scores()
    for found in stored["forecasters"].values():
        for quantity in found["price"]["test"].values():
            for covered in quantity["coverage"].values():
                covered |= {"share": 0.5, "interval": [0.6, 0.7]}
    drawn = figures(build_report(bundle(files(scores=stored))))["calibration"]
    errors = [trace["error_y"] for trace in drawn["data"] if "error_y" in trace]
    assert errors
    assert all(length >= 0 for error in errors for length in (*error["array"], *error["arrayminus"]))
