"""Executions, steps and jobs as the SageMaker API shows them."""
