"""The feature library: one transformer a file, over one base class that owns the checks."""
