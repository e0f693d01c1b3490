"""A candidate's folds: placed, begun, waited for, tried again; and the candidate itself, complete or given up.

The decisions are here and in `fold_placement.py` (where folds are trained) and `abandoning.py` (when a candidate is
given up), the work is the places' (`place.py`). Only time, S3 and two places reach out of here, so the same code runs
in SageMaker and on a virtual clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

from warmfold_jobs.fan_out.abandoning import estimate_if_given_up
from warmfold_jobs.fan_out.backoff import Clock
from warmfold_jobs.fan_out.fold_placement import Choice, Measured, choose
from warmfold_jobs.fan_out.place import Failure, Fold, Place
from warmfold_jobs.fan_out.record_store import RunRecords
from warmfold_run import names, places
from warmfold_run.plan import Plan
from warmfold_run.records import Abandoned, FoldResult, LeaderboardEntry, Placement

FIRST_LOOK = 3.0
"""Seconds for which the first candidates keep their folds from starting elsewhere: if the one trained here is over by
then, none may be worth its cold start."""
TICK_SHARE = 0.01
"""A tick lasts this share of the time since the start, so that what waiting adds is in proportion to the folds."""
SHORTEST_TICK, LONGEST_TICK = 0.1, 2.0


class FoldFailedError(Exception):
    """A fold is lost for good; the text has the fold's own reason."""


@dataclass(frozen=True)
class Outcome:
    """What a candidate reports; `validation_score` of one that was given up is an estimate."""

    train_score: float
    validation_score: float
    abandoned: bool


class FanOut:
    """The folds of one candidate; when `run()` is over, so are they, or they have been told to stop."""

    def __init__(
        self,
        plan: Plan,
        candidate: str,
        *,
        here: Place,
        elsewhere: Place,
        records: RunRecords,
        clock: Clock,
        log: Callable[[str], None],
    ) -> None:
        """`here` is the candidate's own machine, `elsewhere` where the other folds are trained."""
        self._plan, self._candidate = plan, candidate
        self._here, self._elsewhere, self._records = here, elsewhere, records
        self._clock, self._log = clock, log
        experiment = plan["experiment"]
        self._folds = [Fold(number) for number in range(plan["folds"])]
        self._placement = experiment["compute"]["fold_placement"]
        parsed = names.parse_candidate(candidate)
        # the others are held against the default hyperparameters, all their folds
        self._abandons = plan["abandoning"]["used"] and not (parsed and parsed.number == 0)
        self._measured = Measured()
        self._choice = Choice(0, 1, "")
        self._started = clock.now()
        self._is_due = True

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
                self._start()
                self._wait()
                self._collect()
                if (given_up := self._given_up()) is not None:
                    return given_up
                self._reconsider()
            self._elsewhere.settle()
            return self._complete()
        except BaseException:
            self._elsewhere.stop()
            raise
        finally:
            self._here.stop()

    def _unscored(self) -> list[Fold]:
        return [fold for fold in self._folds if fold.score is None]

    def _place(self) -> None:
        """Choose which folds are trained here, and which elsewhere."""
        folds = self._unscored()
        lanes = self._here.lanes
        if self._placement != "auto":
            here = len(folds) if self._placement == self._here.name else 0
            choice = Choice(here, max(1, lanes), f"the experiment says {self._placement}")
        else:
            self._learn(self._records.measured())
            known = self._measured.fold_seconds
            if not lanes:
                choice = Choice(0, 1, "the candidate's instance has no memory to spare for a fold")
            elif known is None:
                choice = Choice(1, 1, "no fold has been measured yet: one is trained here, the others are jobs")
            elif folds:
                choice = choose(len(folds), lanes, self._measured, known)
            else:
                choice = Choice(0, 1, "all scores were there already")
        self._take(choice)
        for position, fold in enumerate(folds):
            fold.place = self._here if position < choice.here else self._elsewhere

    def _take(self, choice: Choice) -> None:
        self._log(f"fold placement: {choice.reason}")
        self._choice, self._here.at_a_time = choice, choice.at_a_time

    def _learn(self, measured: Measured) -> None:
        self._measured = measured
        self._elsewhere.learn(measured)

    def _reconsider(self) -> None:
        """Take all the folds back here, or hand some over, when those trained here show that it is much better."""
        if self._placement != "auto" or not self._here.lanes:
            return
        ours = [fold for fold in self._folds if fold.place is self._here]
        done = [fold.score for fold in ours if fold.score is not None]
        if done and self._measured.fold_seconds is None:
            seconds = fmean(score["seconds"] for score in done)
            cpu_seconds = fmean(score["cpu_seconds"] for score in done)
            self._learn(Measured(fold_seconds=seconds, cpu_seconds=cpu_seconds, pools=len(self._folds)))
            choice = choose(len(self._folds), self._here.lanes, self._measured, seconds)
            if choice.here == len(self._folds):
                self._take_back(choice)
            return
        waiting = [fold for fold in ours if fold.waits]
        if not waiting or self._measured.fold_seconds is None:
            return
        now = self._clock.now()
        running = [now - fold.began_at for fold in ours if fold.runs and fold.began_at is not None]
        longest = max(running + [score["seconds"] for score in done], default=0.0)
        if longest > 2 * self._measured.fold_seconds:
            count = len(waiting) + len(running)
            choice = choose(count, self._here.lanes, self._measured, longest, least=len(running))
            if choice.here < count:
                self._take(choice)
                for fold in waiting[choice.here - len(running) :]:
                    fold.place = self._elsewhere

    def _take_back(self, choice: Choice) -> None:
        self._take(choice)
        self._elsewhere.stop()
        for fold in self._unscored():
            if fold.place is not self._here:
                fold.place, fold.began_at = self._here, None

    def _collect(self) -> None:
        """Take the scores that are new, as far as the places and S3 say just now."""
        for place in (self._here, self._elsewhere):
            for fold, ending in place.ended():
                if isinstance(ending, Failure):
                    self._failed(fold, ending)
                    fold.place = self._here if self._placement == self._here.name else self._elsewhere
                else:
                    self._records.write_score(fold.number, ending)
                    self._scored(fold, ending)
        scored = self._records.scored() if self._may_have_scored() else None
        if scored is not None:
            read = [(fold, self._records.score(fold.number)) for fold in self._unscored() if fold.number in scored]
            self._is_due = any(result is None for _, result in read)
            for fold, result in read:
                if result is not None:
                    self._scored(fold, result)

    def _may_have_scored(self) -> bool:
        """Whether to look into S3: at first for what an earlier try left, then when a score may have been written."""
        now = self._clock.now()
        return self._is_due or any(now >= self._elsewhere.score_at(fold) for fold in self._elsewhere.running)

    def _scored(self, fold: Fold, result: FoldResult) -> None:
        if fold.place is self._elsewhere and fold.runs and fold.began_at is not None:
            fold.start_seconds = max(0.0, self._clock.now() - fold.began_at - result["seconds"])
        fold.score = result
        self._log(f"fold {fold.number}: validation score {result['validation_score']}")
        self._elsewhere.freed()

    def _inspect(self) -> None:
        """Notice the folds that died elsewhere: each is tried again, or is lost for good."""
        for fold, failure in self._elsewhere.inspect():
            self._is_due = True
            if failure is not None:
                self._failed(fold, failure)

    def _failed(self, fold: Fold, failure: Failure) -> None:
        self._log(f"fold {fold.number}: {failure.reason}")
        fold.failures += 1
        if failure.final or fold.failures > self._plan["fold_retries"]:
            raise FoldFailedError(f"fold {fold.number} is lost (attempt {fold.failures}): {failure.reason}")

    def _start(self) -> None:
        """Begin the folds that wait, as far as there is room; here also those that find no instance."""
        known = self._placement != "auto" or not self._choice.here or self._measured.fold_seconds is not None
        if known or self._clock.now() >= self._started + FIRST_LOOK:
            for fold in self._folds:
                if fold.waits and fold.place is self._elsewhere and self._elsewhere.room:
                    self._elsewhere.start(fold)
        for fold in self._folds:
            if fold.waits and self._here.room and (fold.place is self._here or self._is_stranded(fold)):
                self._here.start(fold)

    def _is_stranded(self, fold: Fold) -> bool:
        """Whether a fold should not wait for an instance any longer; the candidates may all wait for each other."""
        if self._elsewhere.full_since is None:
            return False
        patience = self._plan["quota_patience_seconds"]
        if self._placement == "auto" and self._here.lanes:
            patience = 0
        elif self._elsewhere.running:
            return False
        stranded = self._clock.now() - self._elsewhere.full_since >= patience
        if stranded:
            self._log(f"fold {fold.number}: no instance was free for {patience} s, so it is trained here")
        return stranded

    def _wait(self) -> None:
        now = self._clock.now()
        tick = min(LONGEST_TICK, max(SHORTEST_TICK, TICK_SHARE * (now - self._started)))
        running = self._elsewhere.running
        if running and not any(fold.waits and fold.place is self._elsewhere for fold in self._folds):
            tick = max(tick, min(map(self._elsewhere.look_at, running)) - now)
        (self._here if self._here.running else self._elsewhere).wait(tick)

    def _given_up(self) -> Outcome | None:
        """Give the candidate up when it can't win any more; what it reports then, else None."""
        scores = {f.number: f.score["validation_score"] for f in self._folds if f.score is not None}
        if not self._abandons or not scores or len(scores) == len(self._folds):
            return None
        incumbent = self._records.incumbent()
        value = estimate_if_given_up(scores, incumbent.scores) if incumbent else None
        if incumbent is None or value is None:
            return None
        reason = f"all of {len(scores)} folds are worse than those of {incumbent.candidate}, by more than their spread"
        abandoned = Abandoned(
            candidate=self._candidate,
            incumbent=incumbent.candidate,
            scores={str(number): score for number, score in scores.items()},
            estimate=value,
            stopped=[fold.number for fold in self._unscored()],
            reason=reason,
        )
        self._records.write(places.ABANDONED, abandoned)
        self._log(f"given up: {reason}")
        self._elsewhere.stop()
        self._write_placement()
        self._elsewhere.settle()
        return Outcome(fmean(f.score["train_score"] for f in self._folds if f.score is not None), value, True)

    def _complete(self) -> Outcome:
        """Enter the leaderboard and return the means of all the folds."""
        scores = [fold.score for fold in self._folds if fold.score is not None]
        starts = [fold.start_seconds for fold in self._folds if fold.start_seconds is not None]
        self._write_placement()
        if (missed := self._elsewhere.missed()) is not None:
            self._records.write(places.MISSED, missed)
        elsewhere = self._elsewhere.trained
        validation_scores = [score["validation_score"] for score in scores]
        entry = LeaderboardEntry(
            candidate=self._candidate,
            mean=fmean(validation_scores),
            scores=validation_scores,
            fold_seconds=[score["seconds"] for score in scores],
            cpu_seconds=[score["cpu_seconds"] for score in scores],
            start_seconds=starts if self._measured.job else [],
            cold_seconds=[] if self._measured.job else starts,
            jobs=len(elsewhere),
            job=self._elsewhere.job_of(elsewhere[0]) if elsewhere else None,
        )
        self._records.publish(entry)
        return Outcome(fmean(score["train_score"] for score in scores), entry["mean"], False)

    def _write_placement(self) -> None:
        here = [fold.number for fold in self._folds if fold.place is self._here]
        jobs = [fold.number for fold in self._elsewhere.trained]
        placement = Placement(
            candidate=self._candidate,
            choice="both" if here and jobs else self._here.name if here else self._elsewhere.name,
            here=here,
            jobs=jobs,
            reason=self._choice.reason,
        )
        self._records.write(places.PLACEMENT, placement)
