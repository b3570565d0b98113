"""What is in the image, and in which order."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from components.build_context import ALLOWED, BuildContext
from components.image import DOCKERFILE, PLATFORM
from local_run.docker_image import build_image
from tests.components.recording import ROOT
from tests.docker.conftest import BuiltImage

pytestmark = pytest.mark.docker

COMPILERS = "gcc g++ cc c++ clang rustc gfortran as ld make cmake"


def test_for_sagemakers_platform_with_the_executor_as_its_program(image: BuiltImage) -> None:
    found = image.docker.inspect(image.id)
    assert (found["Os"], found["Architecture"]) == ("linux", "amd64")
    assert found["Config"]["Entrypoint"] == ["python3", "/opt/program/fe_image/run-fe-step.py"]
    environment = dict(entry.split("=", 1) for entry in found["Config"]["Env"])
    assert environment["OMP_NUM_THREADS"] == environment["OPENBLAS_NUM_THREADS"] == "1"
    assert environment["PYTHONPATH"] == "/opt/program"


def test_a_user_of_its_own_without_home_shell_or_password(image: BuiltImage) -> None:
    entry = image.docker.shell(image.id, "getent passwd step").split(":")
    assert entry[2:4] == ["1000", "1000"]
    assert entry[6] == "/usr/sbin/nologin"
    assert image.docker.shell(image.id, "grep ^step: /etc/shadow").split(":")[1] in ("!", "*")
    assert image.docker.shell(image.id, f"test -e {entry[5]} || echo none") == "none"


def test_the_user_cannot_change_the_program(image: BuiltImage) -> None:
    script = "find /opt/program /usr/local/lib/python3.11 \\( -perm -o=w -o -user step -o -group step \\) ! -type l | head -5"
    assert image.docker.shell(image.id, script) == ""


def test_no_compiler_and_no_caches(image: BuiltImage) -> None:
    assert image.docker.shell(image.id, f"for name in {COMPILERS}; do command -v $name; done; true") == ""
    assert image.docker.shell(image.id, "find /root /tmp /opt -name '*cache*' ! -name __pycache__ -o -name '*.whl'") == ""


def test_its_libraries_are_the_pinned_ones(image: BuiltImage) -> None:
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ]+)", (ROOT / "fe_image/requirements.txt").read_text(), re.MULTILINE)
    frozen = image.docker.shell(image.id, "python3 -m pip freeze --disable-pip-version-check").splitlines()
    installed = {canonical(line.partition("==")[0]): line.partition("==")[2] for line in frozen if "==" in line}
    assert {canonical(name): version for name, version in pinned} == installed


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_another_line_of_our_code_leaves_the_libraries_layer(image: BuiltImage, tmp_path: Path) -> None:
    """What changes least comes first, so that a push after a change is a small one."""
    for name in ALLOWED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "contracts" / "ids.py").write_text((ROOT / "contracts" / "ids.py").read_text() + "# another line\n")
    arguments = {"BASE_IMAGE": image.inputs["build"]["args"]["BASE_IMAGE"]}
    context = BuildContext.read(tmp_path, arguments, PLATFORM)
    assert context.tag != image.tag
    staged = context.stage(tmp_path / "staged")
    build = {**image.inputs["build"], "context": str(staged), "dockerfile": str(staged / DOCKERFILE)}
    name = f"changed:{context.tag}"
    try:
        changed = build_image(image.docker.executable, tmp_path, {"imageName": name, "build": build})
        assert changed != image.id
        before, after = (image.docker.inspect(found)["RootFS"]["Layers"] for found in (image.id, changed))
        later = sizes_after_the_libraries(image, name)
        assert 0 < len([layer for layer in after if layer not in before]) <= len(later)
        assert sum(later) < 0.01 * image.docker.inspect(changed)["Size"]
    finally:
        image.docker.attempt("image", "rm", name)


def sizes_after_the_libraries(image: BuiltImage, name: str) -> list[int]:
    """Bytes that each instruction after the libraries' wrote."""
    history = image.docker.run("history", "--no-trunc", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", name)
    newest_first = [line.partition(" ") for line in history.splitlines()]
    (libraries,) = [number for number, (_, _, instruction) in enumerate(newest_first) if "pip install" in instruction]
    return [int(size) for size, _, _ in newest_first[:libraries]]


def test_the_image_imports_every_module_it_holds(image: BuiltImage) -> None:
    script = (
        "import pkgutil, importlib, fe_image, contracts\n"
        "for package in (fe_image, contracts):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if '-' not in module.name: importlib.import_module(module.name)\n"
    )
    image.docker.run("run", "--rm", "--network", "none", "--entrypoint", "python3", image.id, "-c", script)
