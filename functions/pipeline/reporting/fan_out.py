"""How a run's folds were spread: what candidates trained themselves, what they gave up, what pools did for the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from pipeline.reporting.facts import MOST_DESCRIBED, Facts
from pipeline.reporting.pool_use import ASSUMED_WARM_START, PoolUse, pool_use
from warmfold_run import summary as contract
from warmfold_run.names import FoldJob


def folds_here(facts: Facts, candidate: str) -> int:
    """Return how many of its folds a candidate trained itself."""
    return sum(fold.get("job") == candidate for fold in facts.fold_results.get(candidate, {}).values())


def placement(facts: Facts) -> contract.PlacementCounts:
    """Return the placement asked for and what became of it; `choices` and `reasons` count candidates."""
    written = facts.placements.values()
    return {
        "asked": facts.plan["experiment"]["compute"]["fold_placement"] if facts.plan else None,
        "folds_here": sum(folds_here(facts, candidate) for candidate in facts.fold_results),
        "fold_jobs": len(facts.fold_jobs),
        "choices": dict(Counter(one["choice"] for one in written).most_common()),
        "reasons": dict(Counter(one["reason"] for one in written).most_common()),
    }


def abandoning(facts: Facts) -> contract.AbandoningResult:
    """Return what giving up saved.

    `seconds_saved` are instance seconds: for each fold without a result the mean of those that have one, less what its
    job had run before it was stopped, and nothing where that is not known. A fold without a job counts half: its
    candidate may have been training it, beside others.
    """
    if facts.plan is None:
        return contract.AbandoningResult(
            asked=None, used=None, abandoned=None, folds_saved=None, seconds_saved=None, note=None
        )
    splits = facts.plan["folds"]
    results = facts.fold_results
    saved = [
        (candidate, fold)
        for candidate in facts.abandoned
        for fold in range(splits)
        if fold not in results.get(candidate, {})
    ]
    known = [float(one["seconds"]) for folds in results.values() for one in folds.values() if "seconds" in one]
    return {
        "asked": facts.plan["experiment"]["search"]["abandon"],
        **facts.plan["abandoning"],
        "abandoned": len(facts.abandoned),
        "folds_saved": len(saved),
        "seconds_saved": _seconds_saved(facts, saved, fmean(known) if known else None),
    }


def pools(facts: Facts, cold_starts: int, start_seconds: contract.StartSeconds) -> contract.Pools:
    """Return how fold jobs found their pools: what candidates said themselves, and what the jobs' descriptions tell.

    `expected_cold_starts` is null when there were too many fold jobs to describe; `cold_cost` is the waiting that the
    others cost, null when nothing is known to have been lost.
    """
    missed: list[contract.MissedPool] = [
        {"candidate": name, "folds": sorted(one["folds"]), "cause": one["cause"]}
        for name, one in sorted(facts.missed.items())
    ]
    found: contract.Pools = {
        "cold_starts": cold_starts,
        "expected_cold_starts": None,
        "missed": missed,
        "note": None,
        "cold_cost": None,
    }
    if facts.folds is None:
        note = f"there are {len(facts.fold_jobs)} fold jobs; pools are examined for up to {MOST_DESCRIBED}"
        return found | {"note": note}
    use = pool_use(facts.folds, [facts.final] if facts.final else [])
    said = {(one["candidate"], fold) for one in missed for fold in one["folds"]}
    missed += _grouped(use, facts.fold_jobs, said)
    cost = _cold_cost(use, start_seconds)
    return found | {
        "expected_cold_starts": use.expected_cold_starts,
        "note": _note(use, start_seconds, missed),
        "cold_cost": cost,
    }


def _seconds_saved(facts: Facts, saved: Iterable[tuple[str, int]], mean: float | None) -> float | None:
    jobs: dict[tuple[str, int], list[tuple[int, str]]] = {}
    for name, job in facts.fold_jobs.items():
        jobs.setdefault((job.candidate, job.fold), []).append((job.attempt, name))
    ran = {job["TrainingJobName"]: _ran(job) for job in facts.folds or []}
    seconds = 0.0
    for candidate, fold in saved:
        if mean is None:
            return None
        if (candidate, fold) in jobs:
            _, newest = max(jobs[candidate, fold])
            seconds += max(0.0, mean - ran.get(newest, mean))
        else:
            seconds += mean / 2
    return round(seconds, 1)


def _ran(job: dict[str, Any]) -> float:
    if "TrainingStartTime" not in job or "TrainingEndTime" not in job:
        return 0.0
    return float((job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds())


def _grouped(
    use: PoolUse, fold_jobs: Mapping[str, FoldJob], said: Iterable[tuple[str, int]]
) -> list[contract.MissedPool]:
    groups: dict[tuple[str, str], list[int]] = {}
    for miss in use.missed:
        job = fold_jobs[miss.job]
        if (job.candidate, job.fold) not in said:
            groups.setdefault((job.candidate, miss.cause), []).append(job.fold)
    return [
        {"candidate": candidate, "folds": sorted(folds), "cause": cause}
        for (candidate, cause), folds in sorted(groups.items())
    ]


def _note(use: PoolUse, start_seconds: contract.StartSeconds, missed: list[contract.MissedPool]) -> str | None:
    """Return the one sentence about cold starts that `missed` does not say."""
    if use.quota:
        each = start_seconds["cold"]
        return (
            f"the quota '{use.quota}' looks like 0: no pool was kept, and every fold started cold: {use.cold_starts} "
            f"starts x {each:.0f} s (median); ask for it in Service Quotas"
        )
    more = use.cold_starts - use.expected_cold_starts - sum(len(one["folds"]) for one in missed)
    if more <= 0:
        return None
    came = "1 more cold start came" if more == 1 else f"{more} more cold starts came"
    return f"{came} when no pool was Available: pools had ended, were not there yet, or were not kept"


def _cold_cost(use: PoolUse, start_seconds: contract.StartSeconds) -> contract.ColdCost | None:
    starts, cold, warm = use.cold_starts - use.expected_cold_starts, start_seconds["cold"], start_seconds["warm"]
    if starts <= 0 or cold is None:
        return None
    each = max(0.0, cold - (ASSUMED_WARM_START if warm is None else warm))
    return {
        "starts": starts,
        "seconds_each": round(each, 1),
        "seconds": round(starts * each, 1),
        "warm_assumed": warm is None,
    }
