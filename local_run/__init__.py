"""The embedded default: the whole program deployed onto an AWS emulator inside one process, where the definition really runs."""
