"""Command line of the DeepAR stand-in."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from contracts.backtest import INFERENCE_CONFIG_VARIABLE
from contracts.problems import one_problem, reported
from local_run.deepar.compilation_cache import use_compilation_cache
from local_run.deepar.config import LARGEST_SEED
from local_run.deepar.container import Container, run_training
from local_run.deepar.log import log_to_stdout
from local_run.deepar.tarballs import pack_folder

app = typer.Typer(
    help="A stand-in for SageMaker's built-in DeepAR: the same files, the same requests, the published model.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def _group() -> None:
    """Make ``train`` a subcommand."""


@app.command()
def train(
    root: Annotated[
        Path,
        typer.Option(
            help="Folder with the layout of /opt/ml: input/config, input/data/<channel>.", exists=True, file_okay=False
        ),
    ],
    tar: Annotated[Path | None, typer.Option(help="Also pack model/ into this model.tar.gz.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed instead of the hyperparameter _seed.", min=0, max=LARGEST_SEED)] = None,
) -> None:
    """Train on the container layout under ROOT; writes model/, and on failure output/failure with the reason.

    Example: python -m local_run deepar train --root ./opt-ml --tar model.tar.gz
    """
    with log_to_stdout():
        use_compilation_cache()
        code = run_training(root, seed)
    if code == 0 and tar is not None:
        pack_folder(Container(root).model, tar)
    raise typer.Exit(code)


@app.command()
def predict(
    model: Annotated[Path, typer.Option(help="A model.tar.gz, or the folder that training wrote.", exists=True)],
    request: Annotated[
        typer.FileText, typer.Option(encoding="utf-8", help="File with the JSON request; - reads standard input.")
    ],
    seed: Annotated[int | None, typer.Option(help="Seed of the samples; by default the model's own.")] = None,
) -> None:
    """Answer a JSON request as the algorithm's endpoint does: quantiles, mean and samples of each instance.

    Example: python -m local_run deepar predict --model model.tar.gz --request request.json
    """
    use_compilation_cache()
    from local_run.deepar.inference import answer
    from local_run.deepar.model import Model

    with reported():
        try:
            text = request.read()
        except UnicodeDecodeError as error:
            raise one_problem("request", request.name, str(error), "allowed: UTF-8 text") from error
        typer.echo(answer(Model.load(model), text, seed))


@app.command()
def serve(
    root: Annotated[
        Path, typer.Option(help="Folder with opt/ml/model/: an unpacked model, or model.tar.gz.", exists=True, file_okay=False)
    ],
    port: Annotated[int, typer.Option(help="Port of the loopback address; 0 chooses a free one.", min=0, max=65535)] = 8080,
) -> None:
    """Answer HTTP requests as the algorithm's container does, until interrupted; prints the address first.

    GET /ping and /execution-parameters; POST /invocations with application/json, or with application/jsonlines and the
    configuration in the environment variable DEEPAR_INFERENCE_CONFIG.

    Example: python -m local_run deepar serve --root ./model-root --port 8080
    """
    use_compilation_cache()
    from local_run.deepar.serving import serve as serve_model

    with reported(), suppress(KeyboardInterrupt):
        serve_model(root, port, os.environ.get(INFERENCE_CONFIG_VARIABLE, ""))
