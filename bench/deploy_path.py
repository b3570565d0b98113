"""Measures the start of ``pulumi preview``: our own imports, and the check of the rendered definition.

``python -m bench.deploy_path [repetitions]`` starts a process for each repetition. It compares the processor time of our
imports with that of the packages that every such Pulumi program imports (pulumi, pulumi_aws, pulumi_docker, boto3, pydantic),
and the check of a definition with all optional sections with its rendering. Targets: 100 ms and 50 ms.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
REPETITIONS = 5
OWN_IMPORTS_TARGET, CHECK_TARGET = 0.100, 0.050

_ONCE = """
import ast, json, pathlib, time

def took(work, clock):
    began = clock()
    work()
    return clock() - began

def paid():
    import boto3, pulumi, pulumi_aws, pulumi_docker
    from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator
    class Model(BaseModel):
        value: int = Field(default=1, ge=0)

def own():
    program = ast.parse(pathlib.Path("__main__.py").read_text())
    program.body = [node for node in program.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    exec(compile(program, "__main__.py", "exec"), {})

imports = [took(paid, time.process_time), took(own, time.process_time)]

from pipeline_def.check.phases import check_definition
from pipeline_def.template.keys import EXAMPLE_REGION, example_values
from pipeline_def.template.render import render
from pipeline_def.template.text import read_template

def rendered():
    return render(read_template(), example_values(sections=True))

text = rendered()
check_definition(text, EXAMPLE_REGION)
check = min(took(lambda: check_definition(text, EXAMPLE_REGION), time.perf_counter) for _ in range(20))
print(json.dumps([*imports, check, min(took(rendered, time.perf_counter) for _ in range(20))]))
"""


def main(repetitions: str = str(REPETITIONS)) -> int:
    """Print the figures; 1 where a target is missed."""
    command = [sys.executable, "-c", _ONCE]
    runs = [json.loads(subprocess.check_output(command, cwd=REPOSITORY)) for _ in range(int(repetitions))]
    paid, own, check, rendering = (min(column) * 1000 for column in zip(*runs, strict=True))
    limits = f"targets: own imports {OWN_IMPORTS_TARGET * 1000:.0f}, check {CHECK_TARGET * 1000:.0f}"
    print(f"the least of {len(runs)} processes, in milliseconds ({limits})")
    print(f"imports: every such program {paid:.0f}, ours {own:.0f} beyond, {own / paid:.3f} of it")
    print(f"warm check {check:.1f}, {check / rendering:.1f} times the rendering's {rendering:.1f}")
    return 0 if own < OWN_IMPORTS_TARGET * 1000 and check < CHECK_TARGET * 1000 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
