"""Runs the Pulumi program inside this process, with real resources in the emulator as the result."""
