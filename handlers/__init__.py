"""Lambda functions: one module per kind of event, using only what the Lambda Python runtime ships."""
