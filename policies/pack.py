"""All controls of the pack, and the policies made of them."""

from __future__ import annotations

from pulumi_policy import Policy

from policies import databases, definition, delivery, encryption, functions, hygiene, identity, registry, storage
from policies.controls import Control, as_policy

NAME = "model-training"
CONTROLS: tuple[Control, ...] = (
    *storage.CONTROLS,
    *databases.CONTROLS,
    *registry.CONTROLS,
    *identity.CONTROLS,
    *encryption.CONTROLS,
    *functions.CONTROLS,
    *delivery.CONTROLS,
    *definition.CONTROLS,
    *hygiene.CONTROLS,
)


def policies() -> list[Policy]:
    return [as_policy(control) for control in CONTROLS]
