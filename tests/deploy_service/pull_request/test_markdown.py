"""A preview as a comment: order, verdict, size, and that no foreign text can forge it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_service.pull_request import markdown
from deploy_service.pull_request.markdown import CUT_ORDER, MAX_LENGTH, length, render
from deploy_service.pull_request.model import (
    Cost,
    CostLine,
    Finding,
    PipelineChange,
    Preview,
    PropertyChange,
    ResourceChange,
    Verdict,
)
from pipeline_def.diff.changes import Change
from pipeline_def.diff.effects import Effect
from policies.kinds import BUCKET, IMAGE, TABLE
from tests.deploy_service.pull_request.hostile import forged, texts, tokens
from tests.examples import examples


def preview(**parts: object) -> Preview:
    return Preview.model_validate({"stack": "dev", "offline": True, "base": "a" * 12, "head": "b" * 12, **parts})


DELETED = ResourceChange(kind=BUCKET, name="assets", operation="delete", holds_data=True)
REPLACED = ResourceChange(
    kind=TABLE,
    name="executions",
    operation="replace",
    holds_data=True,
    protected=True,
    properties=[PropertyChange(path="hashKey", old="'Id'", new="'Key'", replaces=True)],
)
UPDATED = ResourceChange(kind=IMAGE, name="image", operation="update", properties=[PropertyChange(path="a", old="1", new="2")])
MANDATORY = Finding(control="required-tags", mandatory=True, message="tags.owner is missing")
ADVICE = Finding(control="s3-logging-exists", mandatory=False, message="logging is missing")


@pytest.mark.parametrize(
    ("parts", "verdict", "words"),
    [
        ({"unchanged": 3}, Verdict.NO_CHANGE, "no change (3 resources)"),
        ({"resources": [UPDATED], "findings": [ADVICE]}, Verdict.CHANGES, "changes (1 updated, 0 unchanged)"),
        ({"resources": [UPDATED, DELETED]}, Verdict.DATA, "deletes or replaces data (1 deleted, 1 updated, 0 unchanged)"),
        ({"findings": [MANDATORY]}, Verdict.BLOCKED, "blocked by policy, 1 mandatory finding ("),
        ({"findings": [MANDATORY], "resources": [DELETED]}, Verdict.BLOCKED, "it also deletes or replaces data"),
        ({"error": "no such setting", "findings": [MANDATORY]}, Verdict.FAILED, "failed, there is no preview"),
    ],
)
def test_the_first_line_is_the_verdict(parts: dict[str, object], verdict: Verdict, words: str) -> None:
    found = preview(**parts)
    assert found.verdict is verdict
    first = render(found).splitlines()[0]
    assert first.startswith("### ") and words in first


def test_what_is_kept_in_the_cloud_is_no_lost_data() -> None:
    kept = DELETED.model_copy(update={"retained": True})
    assert preview(resources=[kept]).verdict is Verdict.CHANGES
    assert "kept in the cloud" in render(preview(resources=[kept]))


def test_sections_have_the_order_that_a_reviewer_needs() -> None:
    titles = [line[5:] for line in render(preview(resources=[UPDATED], raw=["x"])).splitlines() if line.startswith("#### ")]
    assert titles == ["Deletions and replacements", "Policies", "Pipelines", "Cost", "Other resources", "Drift"]
    assert render(preview(raw=["last"])).rstrip().endswith("```\nlast\n```\n\n</details>")


def test_a_replacement_names_the_property_that_forces_it_and_the_protection() -> None:
    text = render(preview(resources=[REPLACED]))
    assert "replaced because `hashKey`: `'Id'` → `'Key'`" in text
    assert "**protected**: Pulumi refuses it" in text and "**holds data**" in text


def test_the_end_of_a_protection_is_shown_as_severe() -> None:
    change = ResourceChange(kind=BUCKET, name="assets", operation="update", protection_ends=True)
    severe = render(preview(resources=[change])).partition("#### Policies")[0]
    assert "**protection ends**" in severe and "assets" in severe


def test_steps_that_change_alike_are_one_entry() -> None:
    effect = Effect("security", "other code runs with the step's role")
    changes = [Change(f"step {name}", "changed", "image", "a:1", "a:2", (effect,)) for name in ("Prepare", "Publish")]
    text = render(preview(pipelines=[PipelineChange(name="p", how="changed", changes=changes)]))
    assert "- **step Prepare**, **step Publish**\n  - image: `a:1` → `a:2`\n    - *security*: other code" in text


def test_cost_before_and_after_and_what_has_no_price() -> None:
    lines = [CostLine(item="an execution of p|q", unit="execution", before=0.04, after=None)]
    text = render(preview(cost=Cost(lines=lines, unpriced=["ml.x9.large"])))
    assert "| `an execution of p\\|q` | $0.040 per execution | – |" in text
    assert "Not included: storage" in text and "No price is known for `ml.x9.large`." in text


def test_a_change_that_costs_time_is_not_called_unchanged() -> None:
    lines = [CostLine(item="alarms", unit="month", before=0.4, after=0.4)]
    assert "#### Cost: unchanged" in render(preview(cost=Cost(lines=lines)))
    change = Change("parameter epochs", "changed", "default", "10", "100", (Effect("cost", "10 times as many epochs"),))
    text = render(preview(cost=Cost(lines=lines), pipelines=[PipelineChange(name="p", how="changed", changes=[change])]))
    assert "#### Cost\n" in text and "**Not in the estimate:**" in text


def test_drift_is_unknown_offline_and_listed_otherwise() -> None:
    assert "Not known" in render(preview())
    assert "#### Drift\n\nNone." in render(preview(offline=False, drift=[]))
    assert "#### Drift\n\n- `bucket x: tags`" in render(preview(offline=False, drift=["bucket x: tags"]))


def _everything(text: str, count: int = 1) -> Preview:
    """Every field that foreign text can reach has this text."""
    properties = [PropertyChange(path=text, old=text, new=text, replaces=True), PropertyChange(path=f"code.archive.{text}")]
    operations = ("create", "update", "replace", "delete")
    resources = [
        ResourceChange(kind=text, name=text, operation=operation, properties=properties, holds_data=True)
        for operation in operations
    ]
    change = Change(text, text, text, text, text, (Effect(text, text),), text)
    return preview(
        base=text,
        head=text,
        isolation=text,
        resources=resources * count,
        findings=[Finding(control=text, mandatory=True, message=text)] * count,
        exemptions=[f"{text}. Reason: {text}. Owner: {text}"] * count,
        pipelines=[PipelineChange(name=text, how="changed", changes=[change] * count)],
        cost=Cost(lines=[CostLine(item=text, unit="month", before=1.0)] * count, unpriced=[text] * count),
        drift=[text] * count,
        notes=[text] * count,
        raw=[text] * count,
    )


@given(texts())
@examples(400)
def test_no_text_forges_a_comment(text: str) -> None:
    found = render(_everything(text))
    assert forged(found) == []
    plain = render(_everything("x"))
    shape = [token.type for token in tokens(found) if token.nesting == 0 and token.level == 0 and token.type == "html_block"]
    assert shape == [
        token.type for token in tokens(plain) if token.nesting == 0 and token.level == 0 and token.type == "html_block"
    ]


@given(texts())
@examples(100)
def test_no_error_forges_a_comment(text: str) -> None:
    assert forged(render(preview(error=text, notes=[text]))) == []


@given(st.integers(0, 3_000), st.sampled_from(["x", "`" * 500, "x" * 5_000, "❌" * 400, "</details>\n" * 50]))
@examples(60)
def test_no_preview_is_longer_than_github_allows(count: int, text: str) -> None:
    found = render(_everything(text, count))
    assert length(found) <= MAX_LENGTH
    assert forged(found) == []


def test_the_order_of_cutting_is_fixed_and_named() -> None:
    found = render(_everything("x" * 150, 200).model_copy(update={"base": "a" * 12, "head": "b" * 12}))
    cut = [name for name in CUT_ORDER if f"lines of the {name}. All:" in found]
    assert cut == list(CUT_ORDER[: len(cut)]) and cut
    assert "--format json`" in found


def test_cutting_the_raw_output_first_leaves_the_rest_complete() -> None:
    raw = [f"line {number}" for number in range(20_000)]
    found = render(preview(resources=[REPLACED, UPDATED], raw=raw))
    complete = render(preview(resources=[REPLACED, UPDATED], raw=[]))
    assert found.startswith(complete.rstrip("\n"))
    assert "**Cut:** " in found and "of 20000 lines of the raw output" in found
    assert "line 0\n" in found and "line 19999" not in found
    assert found.count("```") == 2 and found.count("</details>") == found.count("<details>")


def test_the_command_names_both_revisions() -> None:
    command = markdown.command(preview())
    assert (
        command == f"python -m deploy_service preview --stack dev --offline --base {'a' * 12} --head {'b' * 12} --format json"
    )
