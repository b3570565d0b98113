"""A stand-in for SageMaker's built-in DeepAR: the same container contract and the published model, in JAX on CPU.

``python -m local_run deepar train --root DIR`` trains on the layout that SageMaker mounts under ``/opt/ml``.
See docs/deepar.md.

Source of the model: Salinas, Flunkert, Gasthaus, "DeepAR: Probabilistic Forecasting with Autoregressive Recurrent
Networks", arXiv:1704.04110. Only ``network`` and the modules that use it import JAX, which
takes seconds.
"""
