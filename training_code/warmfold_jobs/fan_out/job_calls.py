"""SageMaker as fold jobs use it: created, described and stopped, each as fast as SageMaker allows."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from warmfold_jobs.fan_out.backoff import FULL, UNREACHABLE, Backoff, Clock, words
from warmfold_run.plan import Plan, Request


class FoldRequestError(Exception):
    """SageMaker refuses a fold job for what it asks; the text has SageMaker's words."""


class NoInstanceError(Exception):
    """No instance is free for a fold job just now; the text has SageMaker's words."""


class JobCalls:
    """The calls that one candidate makes for its fold jobs."""

    def __init__(
        self,
        plan: Plan,
        hyperparameters: Mapping[str, str],
        sagemaker: Any,
        clock: Clock,
        generator: random.Random,
        log: Callable[[str], None],
    ) -> None:
        """`sagemaker` is the client; `hyperparameters` are the tuned ones."""
        self._template, self._hyperparameters = plan["requests"]["fold"], hyperparameters
        self._sagemaker, self._log = sagemaker, log
        self._creating = Backoff(clock, generator)
        self._describing = Backoff(clock, generator)
        self._stopping = Backoff(clock, generator)

    @property
    def can_create(self) -> bool:
        """Whether SageMaker's pace allows a creation now."""
        return not self._creating.waiting

    def create(self, name: str, fold: int, keep_alive: int | None) -> bool:
        """Create a fold's job, or find it created; False when SageMaker would not just now.

        `keep_alive` are the seconds that its warm pool waits for the next fold, None for what the plan says.

        Raises
        ------
        NoInstanceError, FoldRequestError
        """
        try:
            self._sagemaker.create_training_job(**self._request(name, keep_alive))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in FULL:
                raise NoInstanceError(words(error)) from error
            if self._creating.passes(error):
                return False
            if code != "ResourceInUse":
                raise FoldRequestError(f"training job {name} was refused: {words(error)}") from error
            self._log(f"fold {fold}: {name} is there already and is adopted")
        except UNREACHABLE as error:
            if not self._creating.passes(error):
                raise
            return False
        else:
            self._log(f"fold {fold}: created {name}")
        self._creating.succeeded()
        return True

    def describe(self, name: str) -> dict[str, Any] | None:
        """A job as SageMaker tells it; None when it would not say just now."""
        return self._describing.attempt(lambda: dict(self._sagemaker.describe_training_job(TrainingJobName=name)))

    def stop(self, name: str) -> None:
        """Stop a job, however often it takes; a refusal that does not pass is logged only, as the job may be over."""
        try:
            self._stopping.insist(lambda: self._sagemaker.stop_training_job(TrainingJobName=name))
        except (ClientError, *UNREACHABLE) as error:
            self._log(f"training job {name} was not stopped: {error}")

    def _request(self, name: str, keep_alive: int | None) -> Request:
        request = copy.deepcopy(self._template)
        request["HyperParameters"] = {**request["HyperParameters"], **self._hyperparameters}
        if keep_alive:
            request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = keep_alive
        elif keep_alive == 0:  # AWS's guide knows 0 for UpdateTrainingJob only
            request["ResourceConfig"].pop("KeepAlivePeriodInSeconds", None)
        return {**request, "TrainingJobName": name}
