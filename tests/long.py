"""Cases that are many: a sample of them in `make test`, all in `make test-all`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(cases: Iterable[Any], every: int) -> list[Any]:
    """Parameters for pytest.mark.parametrize: each `every`-th case as it is, the others long."""
    return [
        case if index % every == 0 else pytest.param(case, marks=pytest.mark.long) for index, case in enumerate(cases)
    ]
