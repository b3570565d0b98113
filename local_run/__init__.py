"""The embedded default: the program deployed onto an AWS emulator inside one process, where the definition really runs."""
