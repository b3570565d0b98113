"""All controls of the pack, and the policies made of them."""

from __future__ import annotations

from pulumi_policy import Policy

from policies import (
    accounts,
    databases,
    definition,
    delivery,
    encryption,
    functions,
    hygiene,
    identity,
    models,
    registry,
    storage,
)
from policies.controls import Control, as_policy

NAME = "model-training"
_BY_THEME: tuple[Control, ...] = (
    *storage.CONTROLS,
    *databases.CONTROLS,
    *registry.CONTROLS,
    *identity.CONTROLS,
    *accounts.CONTROLS,
    *encryption.CONTROLS,
    *functions.CONTROLS,
    *delivery.CONTROLS,
    *definition.CONTROLS,
    *models.CONTROLS,
    *hygiene.CONTROLS,
)
CONTROLS: tuple[Control, ...] = (*_BY_THEME, hygiene.judged_kinds(_BY_THEME))


def policies() -> list[Policy]:
    return [as_policy(control) for control in CONTROLS]
