"""Code of the processing container: turns price histories into features and DeepAR's channels."""
