"""The pipeline's definition: authored with the SageMaker SDK, generated into a mustache template, rendered, checked, compared.

Only :mod:`pipeline_def.author` (and what ``generate`` and the notebook run) needs the SDK; everything else is light enough for
the deploy path: standard library, pystache, botocore.
"""
