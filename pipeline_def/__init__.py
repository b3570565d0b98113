"""The definition of the training pipeline: authored, generated into a mustache template, rendered, checked, and compared.

Only :mod:`pipeline_def.author` (which ``generate``, ``author-check`` and the notebook load) needs the SageMaker SDK. Everything
else needs the standard library, pydantic, pystache and botocore, so the deploy path can import it.
"""
