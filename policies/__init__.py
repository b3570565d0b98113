"""The CrossGuard pack: what a security reviewer asks of every resource of the program, checked before it is made.

``pulumi preview --policy-pack policies``. One file per theme; ``pack`` lists the controls, ``exemptions`` what is let
through and why. docs/policies.md tells how to run it and add to it.
"""
