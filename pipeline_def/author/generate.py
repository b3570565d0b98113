"""Generate the committed templates from the authored pipelines. Only this module and the notebook load the SageMaker SDK."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Sequence

from contracts.problems import Problem, ProblemsError
from pipeline_def.author.environment import prepare_environment
from pipeline_def.template.keys import KEYS
from pipeline_def.template.render import Tags
from pipeline_def.template.text import FORECAST, TEMPLATE_PATHS, TRAINING
from pipeline_def.template.writer import write_template

COMMAND = "python -m pipeline_def generate"


def generate_templates() -> dict[str, str]:
    """Return the text of each pipeline's template, the same bytes on any machine.

    Raises:
        ProblemsError: the SDK (extra ``author``) is not installed, or the templates' keys differ from ``keys.py``.
    """
    templates = {name: write_template(json.loads(_authored_definition(name))) for name in TEMPLATE_PATHS}
    _agree_with_keys([Tags(template) for template in templates.values()])
    return templates


def stale_problems() -> list[Problem]:
    """Return a problem for each committed template that differs from the generated one."""
    problems = []
    for name, template in generate_templates().items():
        path = TEMPLATE_PATHS[name]
        committed = path.read_text(encoding="utf-8") if path.exists() else None
        if committed != template:
            found = None if committed is None else "different from the generated template"
            problems.append(Problem(path.name, found, f"run `{COMMAND}` and commit the result"))
    return problems


def _authored_definition(pipeline: str) -> str:
    prepare_environment()
    logging.disable(logging.WARNING)
    try:
        # The SDK warns and prints that no job is started; building without starting is intended.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            from pipeline_def.author.forecast import author_forecast_pipeline
            from pipeline_def.author.pipeline import author_pipeline

            author = {TRAINING: author_pipeline, FORECAST: author_forecast_pipeline}[pipeline]
            return str(author().definition())
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("sagemaker"):
            raise
        allowed = (
            f"needs the SageMaker SDK: after `make author-check`, .venv-author/bin/{COMMAND}; "
            "or pip install '.[author,cli]' (in an environment of its own: 1 GB)"
        )
        raise ProblemsError(COMMAND, [Problem("module sagemaker", None, allowed)]) from error
    finally:
        logging.disable(logging.NOTSET)


def _agree_with_keys(templates: Sequence[Tags]) -> None:
    """Each key of the table is in a template, and each tag of a template is in the table with this section and kind."""
    found = {
        (name, section, is_json)
        for tags in templates
        for is_json, names in ((False, tags.text), (True, tags.json))
        for section in names
        for name in names[section]
    }
    wanted = {(key.name, key.section, key.is_json) for key in KEYS}
    if found != wanted:
        differing = sorted(map(str, found ^ wanted))
        allowed = "allowed: those of keys.py; (key, section, whether it is a JSON value) differs"
        raise ProblemsError("pipeline templates", [Problem("keys", differing, allowed)])
