"""What the model reads: the target and its transform, dynamic features, the naive baseline, feature importance."""
