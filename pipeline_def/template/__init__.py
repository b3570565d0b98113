"""The mustache template of the pipeline: its keys, how it is generated, and how it is rendered."""
