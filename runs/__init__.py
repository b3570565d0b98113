"""The life of an execution: templates, assets, start, status, reconciliation, report.

``python -m runs --help`` is its command line. The modules that handlers import (``store``, ``history``, ``begin``, ``observe``,
``reconcile``, ``stack``) use only boto3 and the standard library.
"""
