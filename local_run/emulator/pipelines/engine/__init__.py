"""Runs executions step by step and announces every change of status."""
