"""The executor that SageMaker runs in the processing container: sets up the environment, then runs the step."""

import argparse
import os
import sys

from fe_image.container.exit_message import exit_message_on_failure
from fe_image.container.library_environment import prepare


def main() -> int:
    """Read ``--executionid``, run the step, and return its exit code."""
    with exit_message_on_failure(os.environ):
        parser = argparse.ArgumentParser(description="Evaluation of one execution.")
        parser.add_argument("--executionid", required=True, help="id of the execution whose snapshot lists the inputs")
        execution_id = parser.parse_args().executionid
        prepare(os.environ)
        from fe_image.step_evaluation import run_step  # the libraries read the environment when they are imported
    return run_step(execution_id, os.environ)


if __name__ == "__main__":
    sys.exit(main())
