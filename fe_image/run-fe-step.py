"""The executor that SageMaker runs in the processing container: sets up the environment, then runs the step."""

import argparse
import os
import sys

from fe_image.exit_message import explained

# One thread a library: sums are then made in the same order whatever the number of processors, and so are the files' bytes.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")


def main() -> int:
    """Read ``--executionid`` and run the step; its exit code comes back."""
    with explained(os.environ):
        parser = argparse.ArgumentParser(description="Feature engineering of one execution.")
        parser.add_argument("--executionid", required=True, help="id of the execution whose snapshot says what to read")
        execution_id = parser.parse_args().executionid
        from fe_image.step_feature_engineering import run_step  # the libraries read the environment when imported
    return run_step(execution_id, os.environ)


if __name__ == "__main__":
    sys.exit(main())
