"""Whether the engine tells the truth: small runs on the local cloud, where jobs really run, and the same on the engine.

`python -m benchmarks.fan_out.fidelity`. The local cloud gets latencies; the engine the same ones, and what the run
showed of the rest: how long each fold job took from its start on, and how long the candidates took between them.
"""

from __future__ import annotations

import io
import re
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from rich.console import Console
from sklearn.datasets import load_breast_cancer

from benchmarks.fan_out.checks import Check
from benchmarks.fan_out.engine import Simulation
from benchmarks.fan_out.plans import asked
from benchmarks.fan_out.sides import Side
from benchmarks.fan_out.tables import checks_as_text
from benchmarks.fan_out.workload import Case, Workload, candidate_and_fold
from virtual.assumptions import Assumptions, Start
from warmfold.cloud import local
from warmfold.follow import follow
from warmfold.stack import Stack, open_stack

COLD, WARM = 6.0, 2.0
"""Seconds of a start on the local cloud, long against what the machine adds to them."""
TOLERANCE = 0.15
"""How much the engine's wall time may differ from the local cloud's."""
CORES = 16
"""The local cloud admits jobs by cores, which SageMaker does not: so many that none waits."""


@dataclass(frozen=True)
class Configuration:
    """A small run."""

    title: str
    case: Case
    side: Side


def _side(keep_alive: int | None) -> Side:
    return Side("fidelity", "", placement="warm-pool", abandons=False, keep_alive=keep_alive)


CONFIGURATIONS = (
    Configuration("K=3, M=1, 4 candidates", Case(3, 1, 1.0, 4), _side(None)),
    Configuration("K=3, M=2, 4 candidates", Case(3, 2, 1.0, 4), _side(None)),
    Configuration("K=3, M=1, 3 candidates, pools that end after a second", Case(3, 1, 1.0, 3), _side(1)),
)


@dataclass(frozen=True)
class Seen:
    """A run from its first fold job to its last candidate's end, in seconds, and how its folds started."""

    wall: float
    cold: int
    warm: int
    workload: Workload
    between: float


def check_fidelity() -> Iterator[Check]:
    """Run every configuration on a local cloud of its own and on the engine."""
    settings = {"cold_start_seconds": COLD, "warm_start_seconds": WARM, "cores": CORES, "warm_pool_quota": 40}
    with tempfile.TemporaryDirectory(prefix="warmfold-fidelity-") as folder:
        home = Path(folder)
        cloud = local.up(home, _free_port(), sagemaker={**settings, "instance_quota": 40})
        try:
            stack = open_stack(session=cloud.session())
            for number, one in enumerate(CONFIGURATIONS):
                yield from _compare(one, run_locally(stack, f"fidelity-{number}", one))
        finally:
            local.down(home)


def run_locally(stack: Stack, dataset: str, one: Configuration) -> Seen:
    """Run a configuration on the local cloud."""
    bunch = load_breast_cancer(as_frame=True)
    frame = bunch.data.assign(target=bunch.target)
    folder = f"datasets/{dataset}/"
    experiment = yaml.safe_dump({**asked(one.case, one.side), "estimator": "linear"})
    stack.s3.put_object(Bucket=stack.bucket, Key=f"{folder}experiment.yaml", Body=experiment.encode())
    data = frame.to_csv(index=False).encode()
    version = stack.s3.put_object(Bucket=stack.bucket, Key=f"{folder}data.csv", Body=data)["VersionId"]
    execution = stack.wait_for_execution(dataset, version)
    progress = follow(stack, execution, Console(file=io.StringIO()))
    if progress.status != "SUCCEEDED":
        raise RuntimeError(f"{one.title}: the run ended {progress.status}: {progress.error}: {progress.cause}")
    return _seen(_training_jobs(stack, progress.run), one.case)


def simulated(one: Configuration, seen: Seen) -> Seen:
    """The same on the engine."""
    assume = replace(
        Assumptions(), cold=Start(COLD, COLD), warm=Start(WARM, WARM), tail=0.0, gap=seen.between, stop_seconds=0.0
    )
    result = Simulation(one.case, one.side, seen.workload, seed=1, assume=assume).run()
    if result.lost:
        raise RuntimeError(f"{one.title}: candidates were lost on the engine: {result.lost}")
    began, ended = min(run.began for run in result.candidates), max(run.ended for run in result.candidates)
    return replace(seen, wall=ended - began, cold=result.cold, warm=result.warm)


def _compare(one: Configuration, seen: Seen) -> Iterator[Check]:
    ours = simulated(one, seen)
    told = f"{ours.cold} cold and {ours.warm} warm, against {seen.cold} and {seen.warm}"
    yield Check(f"{one.title}: the engine starts the folds as the local cloud does", told, ours.cold == seen.cold)
    off = ours.wall / seen.wall - 1
    yield Check(
        f"{one.title}: the engine's wall time is the local cloud's ± {TOLERANCE:.0%}",
        f"{ours.wall:.1f} s against {seen.wall:.1f} s, {off:+.0%}",
        abs(off) <= TOLERANCE,
    )


def _seen(jobs: Sequence[dict[str, Any]], case: Case) -> Seen:
    reused_by = {job["WarmPoolStatus"].get("ReusedByJob") for job in jobs if "WarmPoolStatus" in job}
    folds = {
        job["TrainingJobName"]: job for job in jobs if re.search(r"-\d{3}-[0-9a-f]{8}-f\d+$", job["TrainingJobName"])
    }
    candidates = sorted((job for job in jobs if "TuningJobArn" in job), key=lambda job: str(job["TrainingJobName"]))
    seconds = [[0.0] * case.n_splits for _ in range(case.candidates)]
    first_fold: dict[str, datetime] = {}
    for name, job in folds.items():
        candidate, number, fold = candidate_and_fold(name)
        seconds[number][fold] = (job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds()
        first_fold[candidate] = min(first_fold.get(candidate, job["CreationTime"]), job["CreationTime"])
    warm = sum(name in reused_by for name in folds)
    ended = max(job["TrainingEndTime"] for job in candidates)
    return Seen(
        wall=(ended - min(first_fold.values())).total_seconds(),
        cold=len(folds) - warm,
        warm=warm,
        workload=Workload(seconds, [[0.5] * case.n_splits] * case.candidates),
        between=_between(candidates, first_fold, case.slots),
    )


def _between(candidates: Sequence[dict[str, Any]], first_fold: dict[str, datetime], slots: int) -> float:
    """Seconds from a candidate's end to the first fold job of the one that follows it, its start left out."""
    ends: list[datetime] = sorted(job["TrainingEndTime"] for job in candidates)
    pauses = [
        (first_fold[job["TrainingJobName"]] - end).total_seconds() - WARM
        for job, end in zip(candidates[slots:], ends, strict=False)
    ]
    return max(0.0, median(pauses))


def _training_jobs(stack: Stack, run: str) -> list[dict[str, Any]]:
    pages = stack.sagemaker.get_paginator("list_training_jobs").paginate(NameContains=run)
    names = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
    return [dict(stack.sagemaker.describe_training_job(TrainingJobName=name)) for name in names]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> int:
    """Print the checks; 1 when one fails."""
    checks = []
    for check in check_fidelity():
        print(checks_as_text([check]), flush=True)
        checks.append(check)
    return 0 if all(check.met for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
