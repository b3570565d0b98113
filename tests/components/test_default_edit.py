"""The documented edit of a hyperparameter's default (docs/pipeline-diff.md) changes neither the image nor a function.

tests/engine/test_lifecycle.py makes the same edit and reads the CLI's preview.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from components.build_context import BuildContext
from components.handlers import HANDLERS
from components.image import PLATFORM
from components.sources import handler_sources
from contracts.hyperparameters import HYPERPARAMETERS
from tests.components.recording import ROOT
from tests.engine.checkout import DEFAULTS_FILE, Checkout

OTHER_VALUES = {
    "time_freq": "W", "likelihood": "gaussian", "cardinality": "ignore", "num_dynamic_feat": "ignore",
    "learning_rate": "0.01", "dropout_rate": "0.2", "test_quantiles": "[0.5]",
}  # fmt: skip


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.of_this_repository(tmp_path_factory.mktemp("edited") / "checkout")


def code(root: Path) -> tuple[str, dict[str, dict[str, str]]]:
    """The image's tag and every function's sources."""
    functions = {handler.name: handler_sources(root, handler.module) for handler in HANDLERS}
    return BuildContext.read(root, {}, PLATFORM).tag, functions


def test_docs_name_the_file_to_edit() -> None:
    assert DEFAULTS_FILE in (ROOT / "docs" / "pipeline-diff.md").read_text()


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_neither_the_image_nor_a_function_contains_the_default(name: str, checkout: Checkout) -> None:
    checkout.edit_default(name, OTHER_VALUES.get(name, "17"))
    assert code(checkout.path) == code(ROOT)
