"""The control that rejects resource types which no other control checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.controls import ANY_KIND, Control, Finding, resource_control
from policies.kinds import KEY_ALIAS, SUBSCRIPTION
from policies.resources import Resource

#: Types that grant no access and store no data, so they need no control of their own.
UNCHECKED = (KEY_ALIAS, SUBSCRIPTION)
#: Packages of the engine itself and of the program's components, whose children are checked.
_FREE_PACKAGES = ("pulumi", "model-training")


def known_types_control(others: Iterable[Control]) -> Control:
    """Return the control that accepts only the types that the ``others`` check.

    A list of forbidden types would miss unexpected ones, such as a key policy as a separate resource.
    """
    known = {kind for control in others for kind in control.kinds} | set(UNCHECKED)

    def check(resource: Resource) -> Iterator[Finding]:
        if resource.kind not in known and resource.kind.partition(":")[0] not in _FREE_PACKAGES:
            allowed = (
                "allowed: types that a control checks. Add a control (docs/policies.md, Adding a control), or add the type "
                "to UNCHECKED in policies/resource_types.py if it grants no access and stores no data"
            )
            yield Finding("its type", resource.type, allowed)

    return resource_control(
        "no-foreign-resources",
        "Only resource types that a control checks are created",
        "SageMaker.1 SageMaker.2 SageMaker.3 IAM.2 CKV_AWS_22 CKV_AWS_187 CKV_AWS_307",
        ANY_KIND,
    )(check)
