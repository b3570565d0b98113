"""The container's environment: privileges, settings, log and exit message of a step."""
