"""What the states of the tuning machine send: their arguments, as Step Functions evaluates them."""

from __future__ import annotations

import functools
import json
from typing import Any

from tests.contract.resolving import Deployment
from warmfold.cloud.hooks.stepfunctions.jsonata import evaluate


def arguments(state: str, **variables: Any) -> Any:
    """The Arguments of a state, which are one expression, where the machine's variables have these values."""
    expression = _states()[state]["Arguments"].removeprefix("{%").removesuffix("%}")
    known = "".join(f"${name} := {json.dumps(value)};" for name, value in variables.items())
    return evaluate(f"({known}{expression})")


@functools.cache
def _states() -> dict[str, Any]:
    states: dict[str, Any] = Deployment().definition("TuningStateMachine")["States"]
    return states
