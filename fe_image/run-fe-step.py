"""The executor that SageMaker runs in the processing container: sets up the environment, then runs the step."""

import argparse
import os
import sys

# One thread a library: sums are then made in the same order on every instance type, and so are the files' bytes.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from fe_image.step_feature_engineering import run_step  # noqa: E402 - the libraries read the environment when imported


def main() -> int:
    """Read ``--executionid`` and run the step; its exit code comes back."""
    parser = argparse.ArgumentParser(description="Feature engineering of one execution.")
    parser.add_argument("--executionid", required=True, help="id of the execution whose snapshot says what to read")
    return run_step(parser.parse_args().executionid, os.environ)


if __name__ == "__main__":
    sys.exit(main())
