"""CrossGuard policy pack: security controls on every resource of the program, checked before deployment.

Run it with ``pulumi preview --policy-pack policies``. ``property_table`` and ``companion_rules`` contain the controls that are
rows of a table. The other modules parse documents. ``pack`` lists all controls. docs/policies.md explains how to add one.
"""
