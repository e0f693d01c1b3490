"""A candidate's folds as training jobs: created as fast as the service allows, waited for, retried, stopped.

Only time and two clients reach out of here, so the same code runs in SageMaker and on a virtual clock.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from botocore.exceptions import (
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
)

from storage import get_json, names_below

THROTTLED = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
)
FULL = frozenset({"ResourceLimitExceeded", "CapacityError"})
PASSING = frozenset(
    {"InternalFailure", "InternalServerError", "ServiceUnavailable", "InternalError", "RequestTimeout", "503", "500"}
)
PASSING_ATTEMPTS = 10
"""How often in a row a call may fail for the service's own reasons before the candidate gives up."""
TERMINAL = ("Completed", "Failed", "Stopped")

LONGEST_BACKOFF = 30.0
TICK_SHARE = 0.05
"""A tick lasts this share of the time since the start, so that what waiting adds is in proportion to the folds."""
SHORTEST_TICK, LONGEST_TICK = 0.1, 5.0
INSPECTION_SHARE = 0.25
SHORTEST_INSPECTION, LONGEST_INSPECTION = 1.0, 20.0
"""A fold that owes a score is described now and then, by the same measure: one that died is noticed within 30 s."""


UNREACHABLE = (ConnectionError, HTTPClientError, IncompleteReadError, CredentialRetrievalError)
Unreachable = ConnectionError | HTTPClientError | IncompleteReadError | CredentialRetrievalError

Answer = TypeVar("Answer")


class Clock(Protocol):
    """Seconds that pass, and waiting for them."""

    def now(self) -> float:
        """Seconds since some fixed time."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class FoldFailedError(Exception):
    """A fold is lost for good; the text has the fold's own reason."""


class FoldRequestError(Exception):
    """SageMaker refuses a fold job for what it asks; the text has SageMaker's words."""


@dataclass
class Fold:
    """One fold's way to its score; `attempt` counts from 0, `failures` are those attempts that were its own fault."""

    number: int
    attempt: int = 0
    failures: int = 0
    created: bool = False
    ended: bool = False
    looked_at: float = 0.0
    score: dict[str, Any] | None = None

    @property
    def waits(self) -> bool:
        """Whether its job is still to be created."""
        return self.score is None and not self.created

    @property
    def runs(self) -> bool:
        """Whether its job was created and owes a score."""
        return self.score is None and self.created


class Backoff:
    """Waiting longer after each refusal, with jitter, and not at all once something went well."""

    def __init__(self, clock: Clock, generator: random.Random, base: float) -> None:
        """`base` is the longest first wait in seconds; each refusal doubles it up to LONGEST_BACKOFF."""
        self._clock, self._random, self._base = clock, generator, base
        self._refusals = 0
        self.failures = 0
        self.until = 0.0

    def refused(self, failure: bool = False) -> None:
        """Note a refusal; a `failure` is counted as one."""
        self.failures += failure
        longest = min(LONGEST_BACKOFF, self._base * 2**self._refusals)
        self._refusals += 1
        self.until = self._clock.now() + longest * (0.5 + 0.5 * self._random.random())

    def succeeded(self) -> None:
        """Note a success."""
        self._refusals, self.failures, self.until = 0, 0, 0.0

    def hope(self) -> None:
        """Something changed that may make the next call succeed: let it be made at once."""
        self._refusals, self.until = 0, 0.0

    @property
    def waiting(self) -> bool:
        """Whether it is too early for the next call."""
        return self._clock.now() < self.until


class FanOut:
    """The folds of one candidate; when `run()` is over, so are their jobs, or they have been told to stop."""

    def __init__(
        self,
        plan: Mapping[str, Any],
        candidate: str,
        hyperparameters: Mapping[str, str],
        *,
        sagemaker: Any,
        s3: Any,
        clock: Clock,
        generator: random.Random,
        train_here: Callable[[int], None],
        log: Callable[[str], None] = print,
    ) -> None:
        """`train_here` trains a fold in this process and writes its score to S3."""
        self._plan, self._candidate, self._hyperparameters = plan, candidate, hyperparameters
        self._sagemaker, self._s3 = sagemaker, s3
        self._clock, self._train_here, self._log = clock, train_here, log
        self._folds = [Fold(number) for number in range(plan["experiment"]["cross_validation"]["n_splits"])]
        self._pace = Backoff(clock, generator, 1.0)
        self._storage_pace = Backoff(clock, generator, 1.0)
        self._quota = Backoff(clock, generator, 2.0)
        self._started = clock.now()
        self._starved_since: float | None = None

    def run(self) -> list[dict[str, Any]]:
        """Return the folds' scores, in order of the folds.

        Raises
        ------
        FoldFailedError
            A fold is lost for good; the others were stopped.
        FoldRequestError
            SageMaker refuses what the plan asks for.
        """
        try:
            while True:
                self._collect()
                if all(fold.score is not None for fold in self._folds):
                    break
                self._inspect()
                self._create()
                self._train_what_finds_no_instance()
                self._wait()
            self._settle()
        except BaseException:
            self._stop_folds()
            raise
        return [fold.score for fold in self._folds if fold.score is not None]

    def _collect(self) -> bool:
        """Take the scores that are in S3, of this attempt or of one before it; False when S3 would not say just now."""
        place = f"{self._plan['locations']['candidates']}{self._candidate}/"
        names = self._read(self._storage_pace, lambda: names_below(self._s3, place))
        if names is None:
            return False
        for fold in self._folds:
            if fold.score is None and f"fold-{fold.number}.json" in names:
                fold.score = self._score(f"{place}fold-{fold.number}.json")
                if fold.score is None:
                    return False
                self._log(f"fold {fold.number}: validation score {fold.score['validation_score']}")
                self._quota.hope()  # its instance is free soon
        return True

    def _score(self, uri: str) -> dict[str, Any] | None:
        return self._read(self._storage_pace, lambda: get_json(self._s3, uri))

    def _create(self) -> None:
        for fold in self._folds:
            if fold.waits and not self._pace.waiting and not self._quota.waiting:
                self._create_job(fold)

    def _create_job(self, fold: Fold) -> None:
        name = self._name(fold)
        try:
            self._sagemaker.create_training_job(**self._request(fold, name))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in FULL:
                self._starve(f"fold {fold.number}: no instance is free: {_words(error)}")
                return
            if self._passes(self._pace, error):
                return
            if code != "ResourceInUse":
                raise FoldRequestError(f"training job {name} was refused: {_words(error)}") from error
            self._log(f"fold {fold.number}: {name} is there already and is adopted")
        except UNREACHABLE as error:
            if not self._passes(self._pace, error):
                raise
            return
        else:
            self._log(f"fold {fold.number}: created {name}")
        fold.created, fold.looked_at = True, self._clock.now()
        self._starved_since = None
        self._quota.succeeded()
        self._pace.succeeded()

    def _inspect(self) -> None:
        """Look for jobs that ended without a score, first at those not looked at for longest."""
        now = self._clock.now()
        interval = min(LONGEST_INSPECTION, max(SHORTEST_INSPECTION, INSPECTION_SHARE * (now - self._started)))
        for fold in sorted(self._folds, key=lambda fold: fold.looked_at):
            if fold.runs and now - fold.looked_at >= interval:
                job = self._describe(fold)
                if job is not None and job["TrainingJobStatus"] in TERMINAL:
                    self._ended_without(fold, job)

    def _ended_without(self, fold: Fold, job: Mapping[str, Any]) -> None:
        """Its score was written just now, or the fold is retried, or it is lost for good."""
        known = self._collect()
        fold.ended = known
        if fold.score is not None or not known:
            return
        reason = f"training job {self._name(fold)} {_why(job)}"
        self._log(f"fold {fold.number}: {reason}")
        if _is_capacity(job):
            self._starve(reason)
        else:
            stopped = job["TrainingJobStatus"] == "Stopped" and job.get("SecondaryStatus") != "MaxRuntimeExceeded"
            fold.failures += 1
            if stopped or fold.failures > self._plan["fold_retries"]:
                raise FoldFailedError(f"fold {fold.number} is lost (attempt {fold.attempt + 1}): {reason}")
        fold.attempt += 1
        fold.created = fold.ended = False

    def _starve(self, text: str) -> None:
        """Note that no instance was to be had; it counts from when no fold of this candidate has one."""
        self._quota.refused()
        if self._starved_since is None:
            self._log(text)
        if self._starved_since is None or any(fold.runs for fold in self._folds):
            self._starved_since = self._clock.now()

    def _train_what_finds_no_instance(self) -> None:
        """Train one fold here when none has an instance and none was to be had for long: all candidates may wait so."""
        waiting = [fold for fold in self._folds if fold.waits]
        if self._starved_since is None or not waiting or any(fold.runs for fold in self._folds):
            return
        patience = self._plan["quota_patience_seconds"]
        if self._clock.now() - self._starved_since >= patience:
            self._log(f"fold {waiting[0].number}: no instance was free for {patience} s, so it is trained here")
            self._train_here(waiting[0].number)

    def _settle(self) -> None:
        """Wait until the jobs have ended: their warm pools are then there for the next candidate's folds.

        The scores are in, so that nothing that goes wrong here costs more than a cold start.
        """
        try:
            while running := [fold for fold in self._folds if fold.created and not fold.ended]:
                for fold in running:
                    job = self._describe(fold)
                    fold.ended = job is not None and job["TrainingJobStatus"] in TERMINAL
                if not all(fold.ended for fold in running):
                    self._wait()
        except (ClientError, *UNREACHABLE) as error:
            self._log(f"the end of the fold jobs was not waited for: {error}")

    def _stop_folds(self) -> None:
        """Stop what still runs; a failure to do so is logged only, for another one is on its way up."""
        for fold in self._folds:
            if fold.created and not fold.ended:
                self._stop(self._name(fold))

    def _stop(self, name: str) -> None:
        while True:
            try:
                self._sagemaker.stop_training_job(TrainingJobName=name)
            except (ClientError, *UNREACHABLE) as error:
                if self._passes(self._pace, error):
                    self._clock.sleep(self._pace.until - self._clock.now())
                    continue
                self._log(f"training job {name} was not stopped: {error}")
            return

    def _describe(self, fold: Fold) -> dict[str, Any] | None:
        """The fold's job; None when the service would not say just now."""
        job = self._read(
            self._pace, lambda: dict(self._sagemaker.describe_training_job(TrainingJobName=self._name(fold)))
        )
        if job is not None:
            fold.looked_at = self._clock.now()
        return job

    def _read(self, pace: Backoff, call: Callable[[], Answer]) -> Answer | None:
        """What a call gives, or None when it is too early for it or it failed for a reason that passes."""
        if pace.waiting:
            return None
        try:
            answer = call()
        except (ClientError, *UNREACHABLE) as error:
            if self._passes(pace, error):
                return None
            raise
        pace.succeeded()
        return answer

    def _passes(self, pace: Backoff, error: ClientError | Unreachable) -> bool:
        """Whether to try again later: after throttling always, after the service's own failures only so often."""
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else None
        if code not in THROTTLED and (not (code is None or code in PASSING) or pace.failures >= PASSING_ATTEMPTS):
            return False
        pace.refused(failure=code not in THROTTLED)
        return True

    def _wait(self) -> None:
        elapsed = self._clock.now() - self._started
        self._clock.sleep(min(LONGEST_TICK, max(SHORTEST_TICK, TICK_SHARE * elapsed)))

    def _name(self, fold: Fold) -> str:
        retry = f"-r{fold.attempt}" if fold.attempt else ""
        return f"{self._candidate}-f{fold.number}{retry}"

    def _request(self, fold: Fold, name: str) -> dict[str, Any]:
        template: dict[str, Any] = copy.deepcopy(self._plan["requests"]["fold"])
        for channel in template["InputDataConfig"]:
            source = channel["DataSource"]["S3DataSource"]
            source["S3Uri"] = source["S3Uri"].replace("{fold}", str(fold.number))
        template["HyperParameters"] = {**template["HyperParameters"], **self._hyperparameters}
        return {**template, "TrainingJobName": name}


def _words(error: ClientError) -> str:
    told = error.response["Error"]
    return f"{told['Code']}: {told.get('Message', '')}"


def _is_capacity(job: Mapping[str, Any]) -> bool:
    """Whether AWS had no instance for the job, which says nothing of the fold."""
    return job["TrainingJobStatus"] == "Failed" and str(job.get("FailureReason", "")).startswith("CapacityError")


def _why(job: Mapping[str, Any]) -> str:
    if job.get("FailureReason"):
        return f"{job['TrainingJobStatus']}: {job['FailureReason']}"
    if job.get("SecondaryStatus") == "MaxRuntimeExceeded":
        limit = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
        return f"ran longer than its MaxRuntimeInSeconds, {limit}"
    if job["TrainingJobStatus"] == "Completed":
        return "Completed without writing its score"
    return str(job["TrainingJobStatus"])
