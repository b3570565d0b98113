"""The controls as a table of text."""

from __future__ import annotations

from policies.controls import Control
from policies.exemptions import EXEMPTIONS
from policies.pack import CONTROLS


def print_controls() -> None:
    print("pulumi preview --policy-pack policies        checks a stack against these controls\n")
    for control in CONTROLS:
        print(f"{control.level.value:9} {control.name:32} {control.asks} ({control.reference}){_exempt(control)}")


def _exempt(control: Control) -> str:
    found = [exemption for exemption in EXEMPTIONS if exemption.control == control.name]
    return "".join(
        f"\n{'':42} exempt{'' if exemption.in_production else ' outside production'}: {exemption.resources}: {exemption.reason}"
        for exemption in found
    )
