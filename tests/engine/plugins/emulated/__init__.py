"""Pulumi provider plugins whose cloud is the emulator: the Pulumi CLI drives real creates, updates, replacements and deletes.

They speak the provider protocol itself, since the SDK's provider class loses the digests of assets, the old inputs and the
clean type of a resource with parents. What a resource does in AWS stands in ``local_run.emulator.resources``.
"""
