"""The controls, exemptions and controls that are not done as Markdown tables; docs/policies.md contains the same tables."""

from __future__ import annotations

from collections.abc import Iterable

from policies.controls import format_ids
from policies.exemptions import EXEMPTIONS, NOT_DONE
from policies.pack import CONTROLS
from policies.property_rules import PropertyRule
from policies.property_table import RULES


def property_table() -> str:
    rows = ((f"`{rule.name}`", rule.description, _required(rule), rule.level.value, format_ids(rule.ids)) for rule in RULES)
    return _table(("control", "requirement", "allowed value", "level", "ids"), rows)


def _required(rule: PropertyRule) -> str:
    kinds = ", ".join(kind.rpartition(":")[2] for kind in rule.kinds)
    paths = ", ".join(f"`{path}`" for path in rule.paths)
    return f"{kinds} {paths}: {rule.allowed}" + (" (production)" if rule.production_only else "")


def control_table() -> str:
    """Return the table of the controls that are not property rules."""
    names = {rule.name for rule in RULES}
    rows = (
        (f"`{control.name}`", control.description, control.level.value, format_ids(control.ids))
        for control in CONTROLS
        if control.name not in names
    )
    return _table(("control", "requirement", "level", "ids"), rows)


def exemption_table() -> str:
    rows = (
        (
            f"`{item.control}`",
            f"`{item.names}`" + ("" if item.in_production else ", outside production"),
            item.reason,
            item.owner,
        )
        for item in EXEMPTIONS
    )
    return _table(("control", "resources", "reason", "owner"), rows)


def not_done_table() -> str:
    rows = ((item.control, item.kind.rpartition(":")[2], item.reason, item.owner, format_ids(item.ids)) for item in NOT_DONE)
    return _table(("control", "resource", "reason", "owner", "ids"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))


def print_tables() -> None:
    """Print all tables; ``pulumi preview --policy-pack policies`` checks a stack."""
    for title, text in (
        ("Controls of one property", property_table()),
        ("Other controls", control_table()),
        ("Exemptions", exemption_table()),
        ("Not done, and why", not_done_table()),
    ):
        print(f"{title}\n\n{text}\n")
