"""The executor that SageMaker runs in the processing container: sets up the environment, then runs the step."""

import sys

from fe_image.container.executor import RunStep, execute


def load() -> RunStep:
    """Import the step."""
    from fe_image.step_evaluation import run_step

    return run_step


if __name__ == "__main__":
    sys.exit(execute("Evaluation of one execution.", load))
