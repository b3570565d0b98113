"""What moto lacks for SageMaker pipelines, in one layer over it: executions that really run, their steps, jobs and events.

:class:`~local_run.emulator.service.LocalSageMaker` puts the layer together; the emulator takes its ``middleware``.
"""
