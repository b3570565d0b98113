"""The SageMaker operations that the emulator answers itself."""
