"""The types of steps, and the containers of their jobs."""
