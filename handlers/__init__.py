"""What runs in Lambda: one function an event kind, on what the Lambda runtime ships."""
