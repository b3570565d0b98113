"""The rules of the offline check, one idea a module; :data:`pipeline_def.check.RULES` is their table."""
