"""Going back to an earlier revision, and on to a new one: the image follows, and no tag is pushed twice."""

from __future__ import annotations

from collections.abc import Callable

from tests.engine.checkout import Checkout
from tests.engine.cli import Cli, by_type
from tests.engine.facts import images

EXECUTOR = "fe_image/run-fe-step.py"
PIPELINE, IMAGE = "aws:sagemaker/pipeline:Pipeline", "docker:index/image:Image"


def test_an_earlier_revision_comes_back_with_its_image(checkout: Checkout, cli: Callable[[str], Cli]) -> None:
    deployed = cli("dev")
    first = checkout.commit("first")
    deployed.up()
    outputs, pushed = deployed.outputs(), images(deployed)

    _append(checkout, EXECUTOR, "# second")
    checkout.commit("second")
    planned = by_type(deployed.plan())
    assert {step.operation for step in planned[PIPELINE]} == {"update"}
    assert {step.operation for step in planned[IMAGE]} <= {"replace", "create-replacement", "delete-replaced"}
    deployed.up()
    assert deployed.outputs()["imageUri"] != outputs["imageUri"]
    both = images(deployed)
    assert len(both) == 2 and pushed.items() <= both.items()

    checkout.git("checkout", "--quiet", first)
    deployed.up()
    assert deployed.outputs() == outputs
    assert images(deployed) == both, "what the registry had was pushed again"
    deployed.require_unchanged()

    _append(checkout, EXECUTOR, "# third")
    deployed.up()
    assert len(images(deployed)) == 3, "a new image after one that was not pushed"
    assert deployed.outputs()["imageUri"].rsplit(":", 1)[1] in images(deployed)
    deployed.require_unchanged()


def _append(checkout: Checkout, file: str, line: str) -> None:
    path = checkout.path / file
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
