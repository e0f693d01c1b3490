"""Replacing a function of moto's Step Functions interpreter, whose modules import each other's functions by name."""

from __future__ import annotations

import sys
from typing import Any

PACKAGE = "moto.stepfunctions.parser"


def rebind(name: str, old: Any, new: Any) -> None:
    """Replace a function in every module of the interpreter that has it."""
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(PACKAGE) and getattr(module, name, None) is old:
            setattr(module, name, new)
