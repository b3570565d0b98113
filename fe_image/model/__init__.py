"""The target and its transform, dynamic features, the naive baseline, and feature importance."""
