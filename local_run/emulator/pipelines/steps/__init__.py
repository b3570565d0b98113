"""What each type of step does, and the containers that jobs run in."""
