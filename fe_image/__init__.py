"""Everything inside the processing container: price histories in, features and DeepAR's channels out."""
