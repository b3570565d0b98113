"""What several rooms must agree on, and nothing else.

Standard library only (the handlers run on what the Lambda runtime ships), except :mod:`contracts.template`, which needs
pydantic and is never imported by a handler.
"""
