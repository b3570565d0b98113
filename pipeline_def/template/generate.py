"""Generate the committed template from the authored pipeline; with the notebook the one place that loads the SageMaker SDK."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings

from contracts.problems import Problem, ProblemsError
from pipeline_def.author.environment import prepare_environment
from pipeline_def.template.keys import JSON_KEYS, PLAIN_KEYS, SECTIONS
from pipeline_def.template.render import Tags
from pipeline_def.template.text import TEMPLATE_PATH, read_template
from pipeline_def.template.writer import write_template

COMMAND = "python -m pipeline_def generate"


def generate_template() -> str:
    """The template's text, byte for byte the same on any machine.

    :raises ProblemsError: the SDK (extra ``author``) is not installed, or template and ``keys.py`` disagree.
    """
    template = write_template(json.loads(_authored_definition()))
    _agree_with_keys(Tags(template))
    return template


def stale_problem() -> Problem | None:
    """What is wrong when the committed template is not what the author module gives, or None."""
    committed = read_template() if TEMPLATE_PATH.exists() else None
    if committed == generate_template():
        return None
    found = None if committed is None else "not what the authored pipeline gives"
    return Problem(TEMPLATE_PATH.name, found, f"run `{COMMAND}` and commit the result")


def _authored_definition() -> str:
    prepare_environment()
    logging.disable(logging.WARNING)
    try:
        # The SDK warns and prints about jobs that are not started; building without starting is what is wanted.
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
    wanted: dict[str | None, set[str]] = {None: set(PLAIN_KEYS)}
    wanted.update({section: set(keys) for section, keys in SECTIONS.items()})
    found = {section: tags.keys(section) for section in tags.text}
    if found != wanted:
        raise ProblemsError("pipeline template", [Problem("keys", found, f"keys.py has {wanted}")])
    json_keys = set().union(*tags.json.values())
    if json_keys != JSON_KEYS:
        raise ProblemsError("pipeline template", [Problem("JSON keys", sorted(json_keys), f"keys.py has {sorted(JSON_KEYS)}")])
