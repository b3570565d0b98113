"""Definitions that several packages share, and nothing else.

Standard library only, because handlers use only what the Lambda runtime ships. The exception is :mod:`contracts.template`,
which needs pydantic and is never imported by a handler.
"""
