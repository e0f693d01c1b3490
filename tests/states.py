"""The states of a state machine's definition."""

from __future__ import annotations

from typing import Any


def states_of(definition: dict[str, Any]) -> dict[str, Any]:
    """All states of a definition by name, those of its branches too."""
    found: dict[str, Any] = dict(definition["States"])
    for state in definition["States"].values():
        for branch in state.get("Branches", []):
            found |= states_of(branch)
    return found
