"""Previews of a pull request: offline from two revisions, as one comment for each stack, on GitHub."""
