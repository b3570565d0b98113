"""The offline check of a rendered definition; :mod:`pipeline_def.check.phases` lists the phases and their rules."""
