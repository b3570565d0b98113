"""The life of an execution: templates, assets, start, status, report.

``python -m runs --help`` is its command line. What the handlers need of it (``store``, ``history``, ``begin``, ``observe``,
``stack``) imports boto3 and the standard library alone.
"""
