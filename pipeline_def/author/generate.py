"""Generate the committed template from the authored pipeline. Only this module and the notebook load the SageMaker SDK."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings

from contracts.problems import Problem, ProblemsError
from pipeline_def.author.environment import prepare_environment
from pipeline_def.template.keys import JSON, SECTION_SWITCHES, key_names
from pipeline_def.template.render import Tags
from pipeline_def.template.text import TEMPLATE_PATH, read_template
from pipeline_def.template.writer import write_template

COMMAND = "python -m pipeline_def generate"


def generate_template() -> str:
    """Return the template's text, the same bytes on any machine.

    Raises:
        ProblemsError: the SDK (extra ``author``) is not installed, or the template's keys differ from ``keys.py``.
    """
    template = write_template(json.loads(_authored_definition()))
    _agree_with_keys(Tags(template))
    return template


def stale_problem() -> Problem | None:
    """Return a problem if the committed template differs from the generated one."""
    committed = read_template() if TEMPLATE_PATH.exists() else None
    if committed == generate_template():
        return None
    found = None if committed is None else "different from the generated template"
    return Problem(TEMPLATE_PATH.name, found, f"run `{COMMAND}` and commit the result")


def _authored_definition() -> str:
    prepare_environment()
    logging.disable(logging.WARNING)
    try:
        # The SDK warns and prints that no job is started; building without starting is intended.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            from pipeline_def.author.pipeline import author_pipeline

            return str(author_pipeline().definition())
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


def _agree_with_keys(tags: Tags) -> None:
    wanted = {section: key_names(section) for section in (None, *SECTION_SWITCHES)}
    found = {section: tags.keys(section) for section in tags.text}
    problems = [Problem("keys of the template", found, f"keys.py has {wanted}")] if found != wanted else []
    json_keys = set().union(*tags.json.values())
    if json_keys != set(JSON):
        problems.append(Problem("JSON keys of the template", sorted(json_keys), f"keys.py has {sorted(JSON)}"))
    if problems:
        raise ProblemsError("pipeline template", problems)
