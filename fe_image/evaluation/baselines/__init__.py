"""Baselines: forecasts without learning, or with a few parameters, that a model must beat to be worth its cost."""
