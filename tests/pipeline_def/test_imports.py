"""What the deploy path imports: little, quickly, and never the SageMaker SDK."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: Ours, beyond what every Pulumi program of this kind pays for.
CPU_SECONDS = 0.1
HEAVY = {
    "sagemaker",
    "typer",
    "rich",
    "moto",
    "numpy",
    "pandas",
    "jax",
    "sklearn",
    "statsmodels",
    "matplotlib",
    "plotly",
    "IPython",
}

SCRIPT = """
import importlib, json, sys, time
import pulumi, pulumi_aws, pulumi_docker, boto3
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator
class Paid(BaseModel):
    value: int = Field(default=1, ge=0)
started = time.process_time()
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
seconds = time.process_time() - started
print(json.dumps({"seconds": seconds, "modules": sorted({name.partition(".")[0] for name in sys.modules})}))
"""


def program_modules() -> list[str]:
    """The modules that ``__main__.py`` imports, of our own."""
    tree = ast.parse((ROOT / "__main__.py").read_text())
    names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return [name for name in names if name.partition(".")[0] in ("settings", "components", "contracts", "pipeline_def")]


@cache
def imported(*names: str) -> tuple[float, set[str]]:
    """CPU seconds (the least of three processes) and top-level modules after importing these."""
    answers: list[dict[str, Any]] = []
    for _ in range(3):
        command = [sys.executable, "-c", SCRIPT, json.dumps(names)]
        done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout))
    return min(answer["seconds"] for answer in answers), set(answers[0]["modules"])


def test_the_program_imports_quickly_and_nothing_heavy() -> None:
    names = program_modules()
    assert "settings" in names
    seconds, modules = imported(*names)
    assert "pipeline_def" in modules
    assert modules & HEAVY == set()
    assert seconds < CPU_SECONDS


def test_the_sdk_stands_behind_the_author_alone() -> None:
    sources = {path for path in (ROOT / "pipeline_def").rglob("*.py") if "sagemaker" in _imports(path)}
    assert {path.name for path in sources} == {
        "author.py",
        "authoring_models.py",
        "authoring_parameters.py",
        "authoring_retries.py",
        "authoring_session.py",
    }
    for path in (ROOT / "pipeline_def").rglob("*.py"):
        if path not in sources and path.name not in ("generate.py", "cli.py", "__main__.py"):
            assert not {f"pipeline_def.{source.stem}" for source in sources} & _imports(path, full=True), path


def _imports(path: Path, full: bool = False) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names if full else {name.partition(".")[0] for name in names}
