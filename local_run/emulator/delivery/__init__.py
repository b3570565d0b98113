"""EventBridge and Lambda for the emulator: the event bus, the rules' targets, and functions that really run."""
