"""All controls of the pack, and the policies made from them."""

from __future__ import annotations

from pulumi_policy import Policy

from policies import (
    accounts,
    buckets,
    companion_rules,
    customer_keys,
    images,
    lambda_functions,
    permissions,
    pipeline_definition,
    property_table,
    resource_policies,
    secret_values,
    tags_and_protection,
    trust,
)
from policies.controls import Control, as_policy
from policies.exemption_report import exemption_policy
from policies.resource_types import known_types_control

NAME = "model-training"
_MODULES = (property_table, companion_rules, buckets, images, permissions, trust, resource_policies, accounts) + (
    customer_keys,
    lambda_functions,
    pipeline_definition,
    tags_and_protection,
    secret_values,
)
_CHECKS: tuple[Control, ...] = tuple(control for module in _MODULES for control in module.CONTROLS)
CONTROLS: tuple[Control, ...] = (*_CHECKS, known_types_control(_CHECKS))


def policies() -> list[Policy]:
    return [*map(as_policy, CONTROLS), exemption_policy(CONTROLS)]
