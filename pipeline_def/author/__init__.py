"""The pipeline, authored with the SageMaker SDK (extra ``author``). The deploy path never imports this package."""
