"""A candidate's folds as training jobs in warm pools: a place of its own, and what a job's end means for its fold.

A fold job is created in `FoldJobs._start`, under a name from `warmfold_run.names` that has its attempt; the calls
themselves are in `job_calls.py`. How long its pool is kept is decided in `keep_alive`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from warmfold_jobs.fan_out.backoff import UNREACHABLE, Backoff, Clock
from warmfold_jobs.fan_out.job_calls import JobCalls, NoInstanceError
from warmfold_jobs.fan_out.place import Failure, Fold, Place
from warmfold_jobs.fan_out.record_store import RunRecords
from warmfold_run import names, warm_pools
from warmfold_run.experiment import Experiment
from warmfold_run.plan import Plan
from warmfold_run.records import Missed

TERMINAL = ("Completed", "Failed", "Stopped")

TOO_EARLY = 0.7
"""No score is looked for before this share of what a fold took earlier candidates."""
SHORTEST_INSPECTION, LONGEST_INSPECTION = 2.0, 20.0
"""A job that owes a score is described now and then: one that died is noticed within 30 s."""
SETTLING, SETTLING_TICK = 2.0, 0.1
"""Seconds that a candidate waits for its jobs' end, and hence for their pools, where starts are shorter than a tail."""
INSTANT_START = 5.0
"""A start of fewer seconds is no SageMaker's: the next candidate would look for the pools before they are there."""
SLOW_START, COLD_SHARE = 60.0, 0.5
"""A start of more seconds, or of more than this share of a cold start that was measured, is a cold one."""
KEEP_ALIVE, KEEP_ALIVE_SHARE = 300, 0.9
"""A pool waits so many seconds and this share of a fold: for the slowest of its siblings and the next candidate."""


@dataclass
class _Job:
    """What is known of a fold's newest job; `attempt` counts from 0, `looked_at` is when it was described last."""

    attempt: int = 0
    looked_at: float = 0.0
    is_over: bool = False
    is_told_to_stop: bool = False


class FoldJobs(Place):
    """The fold jobs of one candidate; `full_since` is since when SageMaker has no instance for any of them."""

    name = "warm-pool"

    def __init__(
        self,
        plan: Plan,
        candidate: str,
        *,
        calls: JobCalls,
        records: RunRecords,
        clock: Clock,
        quota: Backoff,
        log: Callable[[str], None],
    ) -> None:
        """`quota` paces the creations after SageMaker had no instance."""
        self._folds = plan["folds"]
        super().__init__(clock, self._folds)
        self._plan, self._candidate = plan, candidate
        self._calls, self._records, self._quota, self._log = calls, records, quota, log
        self._jobs: defaultdict[int, _Job] = defaultdict(_Job)

    @property
    def room(self) -> int:
        """How many more folds it takes now: none while SageMaker's pace forbids to create a job."""
        return super().room if self._calls.can_create and not self._quota.waiting else 0

    def _start(self, fold: Fold) -> bool:
        job = self._jobs[fold.number]
        if job.is_told_to_stop:
            job.attempt, job.is_told_to_stop = job.attempt + 1, False  # its name is taken
        try:
            created = self._calls.create(self.job_of(fold), fold.number, self._keep_alive(fold))
        except NoInstanceError as error:
            self._starve(f"fold {fold.number}: no instance is free: {error}")
            return False
        if created:
            job.is_over, job.looked_at = False, self._clock.now()
            self.full_since = None
            self._quota.hope()
        return created

    def inspect(self) -> Iterator[tuple[Fold, Failure | None]]:
        """Look for jobs that ended without a score, first at those not looked at for longest."""
        now = self._clock.now()
        for fold in sorted(self.running, key=lambda fold: self._jobs[fold.number].looked_at):
            if now >= self._inspection_at(fold):
                told = self._describe(fold)
                if told is not None and told["TrainingJobStatus"] in TERMINAL:
                    yield fold, self._ended_as(fold, told)

    def score_at(self, fold: Fold) -> float:
        """When a job's score can be there at the earliest."""
        known, start, began = self._measured.fold_seconds, self._measured.warm_start, fold.began_at or 0.0
        return began + (TOO_EARLY * (start + known) if known is not None and start is not None else 0.0)

    def look_at(self, fold: Fold) -> float:
        """When to look for a fold's score or at its job next."""
        return min(self.score_at(fold), self._inspection_at(fold))

    def stop(self) -> None:
        """Stop the jobs that owe a score; a failure to do so is logged only."""
        for fold in self.running:
            job = self._jobs[fold.number]
            if not job.is_over:
                job.is_told_to_stop = True
                self._calls.stop(self.job_of(fold))

    def settle(self) -> None:
        """Wait a moment for the jobs' end where the next candidate may start before they have left their pools.

        The scores are in, so that nothing that goes wrong here costs more than a cold start.
        """
        starts = [fold.start_seconds for fold in self.trained if fold.start_seconds is not None]
        if min(starts, default=INSTANT_START) >= INSTANT_START:
            return
        until = self._clock.now() + SETTLING
        try:
            while left := [fold for fold in self.trained if not self._jobs[fold.number].is_over]:
                for fold in left:
                    told = self._describe(fold)
                    self._jobs[fold.number].is_over = told is not None and told["TrainingJobStatus"] in TERMINAL
                if all(self._jobs[fold.number].is_over for fold in left) or self._clock.now() >= until:
                    return
                self._clock.sleep(SETTLING_TICK)
        except (ClientError, *UNREACHABLE) as error:
            self._log(f"the end of the fold jobs was not waited for: {error}")

    def freed(self) -> None:
        """Hear that a fold of the candidate is over, so that its instance may be free."""
        self._quota.hope()

    def job_of(self, fold: Fold) -> str:
        """The name of a fold's newest job, or of the one that it would get."""
        return names.fold_job(self._candidate, fold.number, self._jobs[fold.number].attempt)

    def missed(self) -> Missed | None:
        """Why folds started cold although an earlier candidate's folds should have left their pools."""
        slow = min(SLOW_START, COLD_SHARE * (self._measured.cold_start or SLOW_START / COLD_SHARE))
        cold = [f.number for f in self.trained if f.start_seconds is not None and f.start_seconds >= slow]
        if not cold or self._measured.job is None or len(cold) > self._measured.pools:
            return None
        try:
            earlier = self._calls.describe(self._measured.job)
        except (ClientError, *UNREACHABLE) as error:
            self._log(f"why folds {cold} started cold is not known: {error}")
            return None
        if earlier is None:
            return None
        cause = why_no_pool(self._plan["requests"]["fold"], earlier)
        self._log(f"folds {cold} started cold although pools should have been free: {cause}")
        return Missed(candidate=self._candidate, folds=cold, cause=cause)

    def _describe(self, fold: Fold) -> dict[str, Any] | None:
        told = self._calls.describe(self.job_of(fold))
        if told is not None:
            self._jobs[fold.number].looked_at = self._clock.now()
        return told

    def _inspection_at(self, fold: Fold) -> float:
        known, start = self._measured.fold_seconds, self._measured.warm_start
        looked_at, began = self._jobs[fold.number].looked_at, fold.began_at or 0.0
        usual = looked_at - began if known is None or start is None else 0.5 * (start + known)
        return looked_at + min(LONGEST_INSPECTION, max(SHORTEST_INSPECTION, usual))

    def _ended_as(self, fold: Fold, told: Mapping[str, Any]) -> Failure | None:
        """What the end of its job means for a fold: its score was written just now, or it waits for another job."""
        job, name = self._jobs[fold.number], self.job_of(fold)
        scored = self._records.scored()
        job.is_over = scored is not None
        if scored is None or fold.number in scored:
            return None
        reason = f"training job {name} {why_it_ended(told)}"
        if is_capacity(told):
            self._starve(reason)
        job.attempt += 1
        fold.began_at = None
        return None if is_capacity(told) else Failure(reason, final=was_stopped(told))

    def _starve(self, text: str) -> None:
        """Note that no instance was to be had; it counts from when no fold of this candidate has one."""
        self._quota.refused()
        if self.full_since is None:
            self._log(text)
        if self.full_since is None or self.running:
            self.full_since = self._clock.now()

    def _keep_alive(self, fold: Fold) -> int | None:
        is_last = fold.number == self._folds - 1
        return keep_alive(self._plan["experiment"], self._candidate, is_last, self._measured.fold_seconds)


def keep_alive(experiment: Experiment, candidate: str, is_last_fold: bool, fold_seconds: float | None) -> int | None:
    """How many seconds a fold job's pool is to be kept, None for what the plan says.

    After the last candidates no fold comes, so theirs are not kept, save the one that the final job takes over: that of
    the last fold of the last candidate. `fold_seconds` is what a fold takes, as far as it is known.
    """
    search, parsed = experiment["search"], names.parse_candidate(candidate)
    last = search["max_candidates"]
    if parsed is not None and parsed.number > last - search["max_parallel_candidates"]:
        takes_over = parsed.number == last and is_last_fold
        if not takes_over:
            return 0
    if experiment["compute"]["keep_alive_seconds"] != "auto" or fold_seconds is None:
        return None
    return min(warm_pools.LONGEST_KEEP_ALIVE_SECONDS, round(KEEP_ALIVE + KEEP_ALIVE_SHARE * fold_seconds))


def is_capacity(job: Mapping[str, Any]) -> bool:
    """Whether AWS had no instance for the job, which says nothing of the fold."""
    return job["TrainingJobStatus"] == "Failed" and str(job.get("FailureReason", "")).startswith("CapacityError")


def was_stopped(job: Mapping[str, Any]) -> bool:
    """Whether somebody stopped the job; one that ran too long was not."""
    return job["TrainingJobStatus"] == "Stopped" and job.get("SecondaryStatus") != "MaxRuntimeExceeded"


def why_it_ended(job: Mapping[str, Any]) -> str:
    """What a job's end was, in words."""
    if job.get("FailureReason"):
        return f"{job['TrainingJobStatus']}: {job['FailureReason']}"
    if job.get("SecondaryStatus") == "MaxRuntimeExceeded":
        limit = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
        return f"ran longer than its MaxRuntimeInSeconds, {limit}"
    if job["TrainingJobStatus"] == "Completed":
        return "Completed without writing its score"
    return str(job["TrainingJobStatus"])


def why_no_pool(request: Mapping[str, Any], earlier: Mapping[str, Any]) -> str:
    """Why a job so asked for could not take the warm pool of an earlier candidate's, as SageMaker describes that."""
    name, pool = earlier["TrainingJobName"], earlier.get("WarmPoolStatus")
    if pool is None:
        kind = request["ResourceConfig"]["InstanceType"]
        return f"no pool was kept after {name}: the quota '{kind} for training warm pool usage' looks like 0"
    differing = warm_pools.differences(request, earlier)
    if differing:
        return "; ".join(f"{one.field} is {one.asked}, and was {one.there} for {name}" for one in differing)
    return f"the pool of {name} is {pool['Status']}, and matches in every field"
