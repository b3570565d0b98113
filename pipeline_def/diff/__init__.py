"""Compare two definitions as a reviewer reads them: by step, parameter and meaning, not by line."""
