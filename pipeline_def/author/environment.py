"""What the SageMaker SDK reads from the environment, set before its first import so that authoring stays on this machine.

Importing the SDK makes a client, which needs a region; building a trainer or a model asks IAM about the role; and any
configuration file of the machine may change what is built. None of that may happen: any machine gives the same bytes.
"""

from __future__ import annotations

import os
from pathlib import Path

from pipeline_def.template.keys import AUTHORING_REGION

#: Stands for the machine's and the user's configuration of the SDK.
_DEFAULTS = str(Path(__file__).with_name("sdk_defaults.yaml"))
_SETTINGS = {
    "AWS_DEFAULT_REGION": AUTHORING_REGION,
    "AWS_REGION": AUTHORING_REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCESS_KEY_ID": "offline",
    "AWS_SECRET_ACCESS_KEY": "offline",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "SAGEMAKER_VALIDATE_ROLE": "false",
    "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": _DEFAULTS,
    "SAGEMAKER_USER_CONFIG_OVERRIDE": _DEFAULTS,
}
_CLEARED = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SAGEMAKER")


def prepare_environment() -> None:
    """Make this process fit for authoring. Call it before anything imports ``sagemaker``."""
    os.environ.update(_SETTINGS)
    for name in _CLEARED:
        os.environ.pop(name, None)
