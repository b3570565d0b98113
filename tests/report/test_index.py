"""The index of a template's executions."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.problems import ProblemsError
from runs.report.index import build_index
from runs.report.write import write_index
from runs.stack import Stack
from tests.report.support import NASTY, item


def test_an_index_lists_a_templates_executions_with_links_to_what_is_there(stack: Stack, tmp_path: Path) -> None:
    table = stack.dynamodb.Table(stack.outputs.execution_table)
    table.put_item(Item=item(Id="demo-2", CreatedAt="2020-01-02T00:00:00+00:00", Outcome="NotRegistered", GateMetric="-0.069"))
    table.put_item(Item=item(Id="demo-1"))
    table.put_item(Item=item(Id="other-1", TemplateId="other"))
    (tmp_path / "demo-1").mkdir()
    (tmp_path / "demo-1" / "report.html").write_text("")
    path = write_index(stack, "demo", tmp_path)
    page = path.read_text()
    assert path == tmp_path / "demo.html"
    assert '<a href="demo-1/report.html">' in page
    assert "demo-2/report.html" not in page
    assert "other-1" not in page
    assert page.index("demo-2") < page.index("demo-1")
    for shown in ("-6.9\u00a0%", "+10.0\u00a0%", "NotRegistered", "drift", ">2020-01-02 00:00</span> UTC"):
        assert shown in page


@pytest.mark.parametrize("metric", [None, "nan", "inf", "text", NASTY])
def test_a_damaged_item_is_listed_all_the_same(metric: str | None) -> None:
    page = build_index("demo", [{"Id": NASTY, "GateMetric": metric, "Status": NASTY}], lambda name: True)
    assert "<script>" not in page
    assert ">–<" in page


def test_a_template_without_executions_has_an_index(stack: Stack, tmp_path: Path) -> None:
    assert "No execution of this template yet" in write_index(stack, "demo", tmp_path).read_text()


def test_no_index_is_written_outside_of_its_folder(stack: Stack, tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="template"):
        write_index(stack, "../demo", tmp_path)
    assert list(tmp_path.iterdir()) == []
