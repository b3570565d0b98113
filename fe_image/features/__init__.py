"""The feature library: one transformer per file, with a base class that does the checks."""
