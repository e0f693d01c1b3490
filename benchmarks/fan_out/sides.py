"""The sides that are compared: what a candidate does, and what becomes of the pools when tuning ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Side:
    """`script` is what candidates run; `placement`, `abandons` and `keep_alive` None are warmfold's defaults."""

    key: str
    title: str
    script: Literal["recipe", "loop", "warmfold"] = "warmfold"
    placement: str | None = None
    abandons: bool | None = None
    lanes: int = 1
    warm_pools: bool = True
    keep_alive: int | None = None


_SIDES = (
    Side("cold", "S0: every fold a cold job", "recipe", warm_pools=False),
    Side("recipe", "S1: the published recipe", "recipe"),
    Side("loop", "in-process", "loop"),
    Side("loop-4", "in-process, 4 at a time", "loop", lanes=4),
    Side("off", "warmfold, no abandoning", abandons=False),
    Side("default", "warmfold", abandons=None),
    Side("pool", "warmfold, warm-pool, no abandoning", placement="warm-pool", abandons=False),
    Side("here", "warmfold, in-process, no abandoning", placement="in-process", abandons=False),
    Side("off-4", "warmfold, 4 lanes, no abandoning", abandons=False, lanes=4),
    Side("default-4", "warmfold, 4 lanes", lanes=4),
    Side("here-4", "warmfold, in-process, 4 lanes, no abandoning", placement="in-process", abandons=False, lanes=4),
)
SIDES: Mapping[str, Side] = {side.key: side for side in _SIDES}
