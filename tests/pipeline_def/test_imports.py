"""What the deploy path imports: little beyond what every Pulumi program pays for, and never the SageMaker SDK."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
OURS = {"settings", "components", "contracts", "pipeline_def"}

SCRIPT = """
import importlib, json, sys
import pulumi, pulumi_aws, pulumi_docker, boto3
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator
class Paid(BaseModel):
    value: int = Field(default=1, ge=0)
paid = {name.partition(".")[0] for name in sys.modules}
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} - paid - sys.stdlib_module_names)))
"""


def program_modules() -> list[str]:
    """The modules that ``__main__.py`` imports, of our own."""
    tree = ast.parse((ROOT / "__main__.py").read_text())
    names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return [name for name in names if name.partition(".")[0] in OURS]


def test_the_program_imports_itself_and_the_template_engine() -> None:
    """Beyond pulumi, pulumi_aws, pulumi_docker, boto3 and pydantic. ``bench/deploy_path.py`` says what that takes."""
    names = program_modules()
    assert "settings" in names
    command = [sys.executable, "-c", SCRIPT, json.dumps(names)]
    done = subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == OURS | {"pystache"}


def test_only_the_author_imports_the_sdk() -> None:
    sources = {path for path in (ROOT / "pipeline_def").rglob("*.py") if "sagemaker" in _imports(path)}
    assert {path.relative_to(ROOT).as_posix() for path in sources} == {
        f"pipeline_def/author/{name}.py"
        for name in ("pipeline", "processing", "backtest", "models", "parameters", "retries", "session")
    }
    for path in (ROOT / "pipeline_def").rglob("*.py"):
        if path not in sources and path.name not in ("generate.py", "cli.py", "__main__.py"):
            assert not {f"pipeline_def.author.{source.stem}" for source in sources} & _imports(path, full=True), path


def _imports(path: Path, full: bool = False) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names if full else {name.partition(".")[0] for name in names}
