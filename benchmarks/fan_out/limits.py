"""What no fan-out can be faster than."""

from __future__ import annotations

import heapq

from benchmarks.fan_out.workload import Case, Workload
from virtual.assumptions import Assumptions


def physical_limit(case: Case, workload: Workload) -> float:
    """Seconds when the M x K instances do nothing but train."""
    return sum(map(sum, workload.seconds)) / (case.slots * case.n_splits)


def barrier_limit(case: Case, workload: Workload, assume: Assumptions) -> float:
    """Seconds when each candidate takes as long as its slowest fold, with its own start, tail and the gap after it."""
    free_at = [(0.0, slot) for slot in range(case.slots)]
    turns = [0] * case.slots
    for seconds in workload.seconds:
        free, slot = heapq.heappop(free_at)
        before = assume.gap + assume.warm.seconds if turns[slot] else assume.cold.seconds
        turns[slot] += 1
        heapq.heappush(free_at, (free + before + max(seconds) + assume.tail, slot))
    return max(free_at)[0]
