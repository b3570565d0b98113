"""Generating without the SDK at hand, and the parts of it that need none."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from xml.etree import ElementTree

import pytest

from contracts import status
from contracts.problems import ProblemsError
from pipeline_def.author import generate
from pipeline_def.author.author_check import NOTEBOOK, no_network
from pipeline_def.graph import graph_svg
from pipeline_def.template.keys import JSON, SECTION_OF_MEMBER, SECTION_SWITCHES, TEXT
from pipeline_def.template.render import render
from pipeline_def.template.text import FORECAST, TEMPLATE_PATHS, read_template
from pipeline_def.template.writer import write_template
from tests.pipeline_def.definitions import good_text


def test_without_the_sdk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> str:
        raise ModuleNotFoundError("No module named 'sagemaker'", name="sagemaker")

    monkeypatch.setitem(__import__("sys").modules, "pipeline_def.author.forecast", None)
    monkeypatch.setattr(generate, "prepare_environment", lambda: None)
    with pytest.raises(ModuleNotFoundError):
        generate.generate_templates()  # a module of ours that is missing is no user's mistake
    monkeypatch.delitem(__import__("sys").modules, "pipeline_def.author.forecast")
    monkeypatch.setitem(__import__("sys").modules, "sagemaker", None)
    with pytest.raises(ProblemsError, match=r"\.venv-author/bin/python .*pip install '\.\[author,cli\]'"):
        generate.generate_templates()


def test_a_stale_template_names_the_command_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    templates = {name: read_template(name) for name in TEMPLATE_PATHS}
    monkeypatch.setattr(generate, "generate_templates", lambda: templates)
    assert generate.stale_problems() == []
    monkeypatch.setattr(generate, "generate_templates", lambda: templates | {FORECAST: templates[FORECAST] + " "})
    (stale,) = generate.stale_problems()
    assert stale.where == "forecast.json.mustache"
    assert "run `python -m pipeline_def generate` and commit" in str(stale)
    monkeypatch.setitem(TEMPLATE_PATHS, FORECAST, tmp_path / "absent.mustache")
    assert "is missing; run `python -m pipeline_def generate`" in str(generate.stale_problems()[0])


def test_a_template_whose_keys_are_not_those_of_the_typed_structure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    authored = json.dumps({"Steps": [TEXT["models_bucket"]]})
    monkeypatch.setattr(generate, "_authored_definition", lambda pipeline: authored)
    with pytest.raises(ProblemsError, match="allowed: those of keys.py"):
        generate.generate_templates()


def test_an_optional_member_brings_its_comma_along() -> None:
    text = write_template({"VolumeKmsKeyId": TEXT["kms_key_arn"], "Size": 1, "Limits": {"MaxWaitTimeInSeconds": 5, "A": "b"}})
    values: dict[str, object] = {}
    assert json.loads(render(text, values)) == {"Size": 1, "Limits": {"A": "b"}}
    values |= {"kms": {"kms_key_arn": 'k"'}}
    assert json.loads(render(text, values)) == {"Size": 1, "Limits": {"A": "b"}, "VolumeKmsKeyId": 'k"'}


def test_what_the_sdk_writes_for_unset_is_left_out_but_an_empty_list_is_a_value() -> None:
    text = write_template({"Metadata": {}, "Config": None, "Step": {"Bias": {}, "ElseSteps": [], "Name": "x"}})
    assert json.loads(text) == {"Metadata": {}, "Step": {"ElseSteps": [], "Name": "x"}}


def test_a_whole_json_value_stands_without_quotes() -> None:
    text = write_template({"Tags": JSON["tags"], "Time": JSON["training_max_runtime_seconds"], "Count": 7, "On": True})
    assert '"Tags": {{{tags}}}' in text
    assert '"Time": {{{training_max_runtime_seconds}}}' in text
    assert '"Count": 7' in text
    assert '"On": true' in text


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ({"A": "{{x}}"}, "must not contain mustache tags"),
        ({"A": {"VpcConfig": {"Subnets": JSON["subnet_ids"]}}}, "so it could be empty"),
    ],
)
def test_what_would_make_a_broken_template_is_refused(definition: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        write_template(definition)  # type: ignore[arg-type]


def test_no_placeholder_is_part_of_another() -> None:
    for key, text in TEXT.items():
        assert [other for other in TEXT if other != key and text in TEXT[other]] == []
    assert set(SECTION_OF_MEMBER.values()) == set(SECTION_SWITCHES)


def test_authoring_that_used_the_network_would_be_seen_even_in_a_thread_that_swallows_it() -> None:
    with no_network() as attempts:
        with pytest.raises(OSError, match="must not use the network"):
            socket.getaddrinfo("example.com", 443)
        with socket.socket() as client, pytest.raises(OSError, match="must not use the network"):
            client.connect(("127.0.0.1", 9))
    assert len(attempts) == 2
    assert "example.com" in attempts[0]
    assert socket.getaddrinfo("127.0.0.1", 9)


def test_the_notebook_is_committed_without_outputs() -> None:
    notebook = json.loads(NOTEBOOK.read_text())
    assert len(notebook["cells"]) > 8
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook["cells"])


def test_the_graph_shows_every_step_and_what_waits_for_what() -> None:
    root = ElementTree.fromstring(graph_svg(good_text()))  # noqa: S314 - our own text
    space = "{http://www.w3.org/2000/svg}"
    texts = [item.text for item in root.iter(f"{space}text")]
    assert set(status.STEPS) <= set(texts)
    assert texts.count("if true") == 1
    assert len([item for item in root.iter(f"{space}path") if item.get("class") == "edge"]) == 6
