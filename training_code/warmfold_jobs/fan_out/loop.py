"""A candidate's folds: trained here or as jobs, waited for, retried, given up, stopped.

Only time, two clients and a trainer reach out of here, so the same code runs in SageMaker and on a virtual clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import fmean
from typing import Any

from botocore.exceptions import ClientError

from warmfold_jobs.fan_out.abandoning import can_abandon, estimate
from warmfold_jobs.fan_out.backoff import UNREACHABLE, Backoff, Clock
from warmfold_jobs.fan_out.fold import Fold, Outcome
from warmfold_jobs.fan_out.fold_placement import Choice, Measured, choose
from warmfold_jobs.fan_out.here import Trainer
from warmfold_jobs.fan_out.jobs import (
    TERMINAL,
    FoldJobs,
    NoInstanceError,
    is_capacity,
    keep_alive,
    was_stopped,
    why_it_ended,
)
from warmfold_jobs.fan_out.records import RunRecords

FIRST_LOOK = 3.0
"""Seconds for which the first candidates keep their jobs back: if the fold trained here is over by then, none may be
worth its cold start."""
TICK_SHARE = 0.01
"""A tick lasts this share of the time since the start, so that what waiting adds is in proportion to the folds."""
SHORTEST_TICK, LONGEST_TICK = 0.1, 2.0
TOO_EARLY = 0.7
"""No score is looked for before this share of what a fold took earlier candidates."""
SHORTEST_INSPECTION, LONGEST_INSPECTION = 2.0, 20.0
"""A job that owes a score is described now and then: one that died is noticed within 30 s."""
SETTLING = 2.0
"""Seconds that a candidate waits for its jobs' end, and hence for their pools, where starts are shorter than a tail."""
INSTANT_START = 5.0
"""A start of fewer seconds is no SageMaker's: the next candidate would look for the pools before they are there."""
SLOW_START, COLD_SHARE = 60.0, 0.5
"""A start of more seconds, or of more than this share of a cold start that was measured, is a cold one."""


class FoldFailedError(Exception):
    """A fold is lost for good; the text has the fold's own reason."""


class FanOut:
    """The folds of one candidate; when `run()` is over, so are their jobs, or they have been told to stop."""

    def __init__(
        self,
        plan: Mapping[str, Any],
        candidate: str,
        *,
        jobs: FoldJobs,
        records: RunRecords,
        trainer: Trainer,
        clock: Clock,
        quota: Backoff,
        log: Callable[[str], None],
    ) -> None:
        """`quota` paces the creations after SageMaker had no instance."""
        self._plan, self._candidate = plan, candidate
        self._jobs, self._records, self._trainer = jobs, records, trainer
        self._clock, self._quota, self._log = clock, quota, log
        self._experiment = plan["experiment"]
        self._folds = [Fold(number) for number in range(self._experiment["cross_validation"]["n_splits"])]
        self._placement = self._experiment["compute"]["fold_placement"]
        self._abandons = self._experiment["search"]["abandon"] != "off" and can_abandon(len(self._folds))
        self._measured = Measured()
        self._choice = Choice(0, 1, "")
        self._started = clock.now()
        self._is_due = True
        self._starved_since: float | None = None

    def run(self) -> Outcome:
        """Train the folds and return their mean scores.

        Raises
        ------
        FoldFailedError
            A fold is lost for good; the others were stopped.
        FoldRequestError
            SageMaker refuses what the plan asks for.
        """
        try:
            self._collect()
            self._place()
            while self._unscored():
                self._inspect()
                self._create()
                self._train_here()
                self._wait()
                self._collect()
                if (given_up := self._given_up()) is not None:
                    return given_up
                self._reconsider()
            self._settle()
            return self._complete()
        except BaseException:
            self._stop_jobs()
            raise
        finally:
            self._trainer.stop()

    def _unscored(self) -> list[Fold]:
        return [fold for fold in self._folds if fold.score is None]

    def _place(self) -> None:
        """Choose which folds are trained here; the rest are jobs."""
        folds = self._unscored()
        if self._placement != "auto":
            here = len(folds) if self._placement == "in-process" else 0
            choice = Choice(here, max(1, self._trainer.lanes), f"the experiment says {self._placement}")
        else:
            self._measured = self._records.measured()
            known = self._measured.fold_seconds
            if not self._trainer.lanes:
                choice = Choice(0, 1, "the candidate's instance has no memory to spare for a fold")
            elif known is None:
                choice = Choice(1, 1, "no fold has been measured yet: one is trained here, the others are jobs")
            elif folds:
                choice = choose(len(folds), self._trainer.lanes, self._measured, known)
            else:
                choice = Choice(0, 1, "all scores were there already")
        self._choice = choice
        for fold in folds[: choice.here]:
            fold.here = True
        self._log(f"fold placement: {choice.reason}")

    def _reconsider(self) -> None:
        """Take all the folds back here, or hand some over, when those trained here show that it is much better."""
        if self._placement != "auto":
            return
        now = self._clock.now()
        done = [fold.score for fold in self._folds if fold.here and fold.score is not None]
        if done and self._measured.fold_seconds is None:
            seconds = fmean(score["seconds"] for score in done)
            known = Measured(
                fold_seconds=seconds, cpu_seconds=fmean(score["cpu_seconds"] for score in done), pools=len(self._folds)
            )
            self._measured = known
            choice = choose(len(self._folds), self._trainer.lanes, known, seconds)
            if choice.here == len(self._folds):
                self._take_back(choice)
            return
        waiting = [fold for fold in self._folds if fold.here and fold.waits]
        if not waiting or self._measured.fold_seconds is None:
            return
        running = [now - fold.began_at for fold in self._folds if fold.runs_here]
        longest = max(running + [score["seconds"] for score in done], default=0.0)
        if longest > 2 * self._measured.fold_seconds:
            count = len(waiting) + len(running)
            choice = choose(count, self._trainer.lanes, self._measured, longest, least=len(running))
            if choice.here < count:
                self._log(f"fold placement: {choice.reason}")
                self._choice = choice
                for fold in waiting[choice.here - len(running) :]:
                    fold.here = False

    def _take_back(self, choice: Choice) -> None:
        self._log(f"fold placement: {choice.reason}")
        jobs = [fold for fold in self._folds if fold.score is None and not fold.here]
        self._stop_jobs()
        self._choice = choice
        for fold in jobs:
            fold.here, fold.running = True, False

    def _collect(self) -> None:
        """Take the scores that are new, as far as S3 says just now."""
        for number, ending in self._trainer.finished():
            fold = self._folds[number]
            fold.running = False
            if isinstance(ending, Exception):
                self._failed(fold, f"trained here: {ending}")
                fold.here = self._placement == "in-process"
            else:
                self._records.write_score(number, ending)
                self._scored(fold, ending)
        scored = self._records.scored() if self._may_have_scored() else None
        if scored is not None:
            read = [(fold, self._records.score(fold.number)) for fold in self._unscored() if fold.number in scored]
            self._is_due = any(result is None for _, result in read)
            for fold, result in read:
                if result is not None:
                    self._scored(fold, result)

    def _may_have_scored(self) -> bool:
        """Whether to look into S3: at first for what an earlier try left, then when a job may have written a score."""
        now = self._clock.now()
        return self._is_due or any(fold.owes and now >= self._earliest(fold) for fold in self._folds)

    def _earliest(self, fold: Fold) -> float:
        """When a job's score can be there at the earliest."""
        known, start = self._measured.fold_seconds, self._measured.warm_start
        return fold.began_at + (TOO_EARLY * (start + known) if known is not None and start is not None else 0.0)

    def _scored(self, fold: Fold, result: dict[str, Any]) -> None:
        if fold.owes:
            fold.start_seconds = max(0.0, self._clock.now() - fold.began_at - result["seconds"])
        fold.score = result
        self._log(f"fold {fold.number}: validation score {result['validation_score']}")
        self._quota.hope()  # its instance is free soon

    def _create(self) -> None:
        known = self._placement != "auto" or not self._choice.here or self._measured.fold_seconds is not None
        if not known and self._clock.now() < self._started + FIRST_LOOK:
            return
        for fold in self._folds:
            if fold.waits and not fold.here and self._jobs.can_create and not self._quota.waiting:
                try:
                    created = self._jobs.create(fold.number, fold.attempt, self._keep_alive(fold))
                except NoInstanceError as error:
                    self._starve(f"fold {fold.number}: no instance is free: {error}")
                    continue
                if created:
                    fold.created, fold.ended, fold.running = True, False, True
                    fold.began_at = fold.looked_at = self._clock.now()
                    self._starved_since = None
                    self._quota.hope()

    def _keep_alive(self, fold: Fold) -> int | None:
        is_last = fold is self._folds[-1]
        return keep_alive(self._experiment, self._candidate, is_last, self._measured.fold_seconds)

    def _train_here(self) -> None:
        """Train what is to be trained here, and what finds no instance."""
        running = sum(fold.runs_here for fold in self._folds)
        for fold in self._folds:
            if fold.waits and running < max(1, self._choice.at_a_time) and (fold.here or self._is_stranded(fold)):
                fold.here = fold.running = True
                fold.began_at = self._clock.now()
                running += 1
                self._trainer.start(fold.number, self._choice.at_a_time)

    def _is_stranded(self, fold: Fold) -> bool:
        """Whether a fold should not wait for an instance any longer; the candidates may all wait for each other."""
        if self._starved_since is None or not fold.waits:
            return False
        patience = self._plan["quota_patience_seconds"]
        if self._placement == "auto" and self._trainer.lanes:
            patience = 0
        elif any(fold.owes for fold in self._folds):
            return False
        stranded: bool = self._clock.now() - self._starved_since >= patience
        if stranded:
            self._log(f"fold {fold.number}: no instance was free for {patience} s, so it is trained here")
        return stranded

    def _starve(self, text: str) -> None:
        """Note that no instance was to be had; it counts from when no fold of this candidate has one."""
        self._quota.refused()
        if self._starved_since is None:
            self._log(text)
        if self._starved_since is None or any(fold.owes for fold in self._folds):
            self._starved_since = self._clock.now()

    def _inspect(self) -> None:
        """Look for jobs that ended without a score, first at those not looked at for longest."""
        now = self._clock.now()
        for fold in sorted(self._folds, key=lambda fold: fold.looked_at):
            if fold.owes and now >= self._inspection_at(fold):
                job = self._describe(fold)
                if job is not None and job["TrainingJobStatus"] in TERMINAL:
                    self._ended_without(fold, job)

    def _inspection_at(self, fold: Fold) -> float:
        known, start = self._measured.fold_seconds, self._measured.warm_start
        usual = fold.looked_at - fold.began_at if known is None or start is None else 0.5 * (start + known)
        return fold.looked_at + min(LONGEST_INSPECTION, max(SHORTEST_INSPECTION, usual))

    def _ended_without(self, fold: Fold, job: Mapping[str, Any]) -> None:
        """Its score was written just now, or the fold is tried again, or it is lost for good."""
        scored = self._records.scored()
        fold.ended = scored is not None
        self._is_due = True
        if scored is None or fold.number in scored:
            return
        reason = f"training job {self._name(fold)} {why_it_ended(job)}"
        if is_capacity(job):
            self._starve(reason)
        else:
            self._failed(fold, reason, final=was_stopped(job))
        fold.attempt += 1
        fold.running = False

    def _failed(self, fold: Fold, reason: str, final: bool = False) -> None:
        self._log(f"fold {fold.number}: {reason}")
        fold.failures += 1
        if final or fold.failures > self._plan["fold_retries"]:
            raise FoldFailedError(f"fold {fold.number} is lost (attempt {fold.failures}): {reason}")

    def _given_up(self) -> Outcome | None:
        """Give the candidate up when it can't win any more; what it reports then, else None."""
        scores = {f.number: f.score["validation_score"] for f in self._folds if f.score is not None}
        if not self._abandons or not scores or len(scores) == len(self._folds):
            return None
        incumbent = self._records.incumbent()
        value = estimate(scores, incumbent.scores) if incumbent else None
        if incumbent is None or value is None:
            return None
        stopped = self._unscored()
        reason = f"all of {len(scores)} folds are worse than those of {incumbent.candidate}, by more than their spread"
        self._records.write(
            "abandoned",
            {
                "incumbent": incumbent.candidate,
                "scores": {str(number): score for number, score in scores.items()},
                "estimate": value,
                "stopped": [fold.number for fold in stopped],
                "reason": reason,
            },
        )
        self._log(f"given up: {reason}")
        self._stop_jobs()
        self._write_placement()
        self._settle()
        return Outcome(fmean(f.score["train_score"] for f in self._folds if f.score is not None), value, True)

    def _wait(self) -> None:
        now = self._clock.now()
        tick = min(LONGEST_TICK, max(SHORTEST_TICK, TICK_SHARE * (now - self._started)))
        owing = [fold for fold in self._folds if fold.owes]
        if owing and not any(fold.waits and not fold.here for fold in self._folds):
            due = min(min(self._earliest(fold), self._inspection_at(fold)) for fold in owing)
            tick = max(tick, due - now)
        if any(fold.runs_here for fold in self._folds):
            self._trainer.wait(tick)
        else:
            self._clock.sleep(tick)

    def _settle(self) -> None:
        """Wait a moment for the jobs' end where the next candidate may start before they have left their pools.

        The scores are in, so that nothing that goes wrong here costs more than a cold start.
        """
        starts = [fold.start_seconds for fold in self._folds if fold.start_seconds is not None]
        if min(starts, default=INSTANT_START) >= INSTANT_START:
            return
        until = self._clock.now() + SETTLING
        try:
            while running := [fold for fold in self._folds if fold.is_job and not fold.ended]:
                for fold in running:
                    job = self._describe(fold)
                    fold.ended = job is not None and job["TrainingJobStatus"] in TERMINAL
                if all(fold.ended for fold in running) or self._clock.now() >= until:
                    return
                self._clock.sleep(SHORTEST_TICK)
        except (ClientError, *UNREACHABLE) as error:
            self._log(f"the end of the fold jobs was not waited for: {error}")

    def _complete(self) -> Outcome:
        """Enter the leaderboard and return the means of all the folds."""
        scores = [fold.score for fold in self._folds if fold.score is not None]
        starts = [fold.start_seconds for fold in self._folds if fold.start_seconds is not None]
        self._write_placement()
        self._note_missed_pools()
        jobs = [fold for fold in self._folds if fold.is_job]
        self._records.publish(
            [score["validation_score"] for score in scores],
            {
                "fold_seconds": [score["seconds"] for score in scores],
                "cpu_seconds": [score["cpu_seconds"] for score in scores],
                "start_seconds": starts if self._measured.job else [],
                "cold_seconds": [] if self._measured.job else starts,
                "jobs": len(jobs),
                "job": self._name(jobs[0]) if jobs else None,
            },
        )
        train = fmean(score["train_score"] for score in scores)
        return Outcome(train, fmean(score["validation_score"] for score in scores), False)

    def _write_placement(self) -> None:
        here = [fold.number for fold in self._folds if fold.here]
        jobs = [fold.number for fold in self._folds if fold.is_job]
        choice = "both" if here and jobs else "in-process" if here else "warm-pool"
        self._records.write("placement", {"choice": choice, "here": here, "jobs": jobs, "reason": self._choice.reason})

    def _note_missed_pools(self) -> None:
        """Say why folds started cold although an earlier candidate's folds should have left their pools."""
        slow = min(SLOW_START, COLD_SHARE * (self._measured.cold_start or SLOW_START / COLD_SHARE))
        cold = [f.number for f in self._folds if f.start_seconds is not None and f.start_seconds >= slow]
        if not cold or self._measured.job is None or len(cold) > self._measured.pools:
            return
        try:
            earlier = self._jobs.describe(self._measured.job)
        except (ClientError, *UNREACHABLE) as error:
            self._log(f"why folds {cold} started cold is not known: {error}")
            return
        if earlier is not None:
            cause = self._jobs.why_no_pool(earlier)
            self._log(f"folds {cold} started cold although pools should have been free: {cause}")
            self._records.write("missed", {"folds": cold, "cause": cause})

    def _stop_jobs(self) -> None:
        """Stop the jobs that owe a score; a failure to do so is logged only."""
        for fold in self._folds:
            if fold.owes and not fold.ended:
                self._jobs.stop(self._name(fold))

    def _describe(self, fold: Fold) -> dict[str, Any] | None:
        job = self._jobs.describe(self._name(fold))
        if job is not None:
            fold.looked_at = self._clock.now()
        return job

    def _name(self, fold: Fold) -> str:
        return self._jobs.name(fold.number, fold.attempt)
