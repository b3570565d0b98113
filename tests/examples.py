"""Number of examples of the property tests: the full number, or a share of it.

`make test` uses the profile `default`, `make test-all` the profile `all` (`--hypothesis-profile=all`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import settings

#: Examples of a property test that names no number, by profile. No profile has a deadline: a busy machine may take any time.
PROFILES = {"default": 25, "all": 100}

#: A test with few, expensive examples keeps this many.
FEWEST = 2

Item = TypeVar("Item")


def register_profiles() -> None:
    """Register both profiles and activate `default`; pytest's own option `--hypothesis-profile` is applied later."""
    for name, count in PROFILES.items():
        settings.register_profile(name, max_examples=count, deadline=None)
    settings.load_profile("default")


def examples(full: int, **more: Any) -> settings:
    """Settings with the active profile's share of `full` examples, and other settings such as `suppress_health_check`."""
    share = full * settings().max_examples // PROFILES["all"]
    return settings(max_examples=max(share, min(full, FEWEST)), **more)


def share_of(items: Sequence[Item]) -> Sequence[Item]:
    """The active profile's share of a list of cases, evenly spread; call it in the test, because profiles are applied late."""
    return items[:: PROFILES["all"] // settings().max_examples]
