"""Step Functions' answers."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult


def answer(members: dict[str, Any]) -> ActionResult:
    """An answer of these members, without those that are None."""
    return ActionResult({name: value for name, value in members.items() if value is not None})
