"""Environment variables that keep authoring on this machine; set before the SDK is imported.

Importing the SDK creates a client, which needs a region. Building a trainer or a model asks IAM about the role. Configuration
files of the machine can change the result. These settings prevent all of that, so every machine generates the same bytes.
"""

from __future__ import annotations

import os
from pathlib import Path

from pipeline_def.template.keys import AUTHORING_REGION

#: Replaces the machine's and the user's configuration of the SDK.
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
    """Set the environment of this process. Call it before anything imports ``sagemaker``."""
    os.environ.update(_SETTINGS)
    for name in _CLEARED:
        os.environ.pop(name, None)
