"""Evaluation of a backtest: the model's sampled paths against baselines on the calibration and test windows."""
