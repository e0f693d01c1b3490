"""What moto remembers of what it has made."""

from __future__ import annotations

from typing import Any

from moto.core.common_models import BaseModel


def install() -> None:
    """Let go of things that are deleted, replaced or delivered.

    moto keeps a list of every object, message and log event that it ever made, for its own reset between tests.
    """

    def new(cls: Any, *args: Any, **options: Any) -> Any:
        return super(BaseModel, cls).__new__(cls)

    BaseModel.__new__ = new
