"""Compare two definitions the way a reviewer reads them: by step, parameter and meaning, not by line."""
