"""SageMaker pipelines, which moto only stores: executions that run, with their steps, jobs and events.

:class:`~local_run.emulator.service.LocalSageMaker` puts the layer together; the emulator takes its ``middleware``.
"""
