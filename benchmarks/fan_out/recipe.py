"""The published recipe (S1): warm pools, a pause after each creation, and a look at every job twice a minute."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.fan_out.constants import RECIPE_CREATE_PAUSE, RECIPE_LOOK_PAUSE
from virtual.clock import VirtualClock
from virtual.sagemaker import TERMINAL, VirtualSageMaker
from warmfold_run import names

LONGEST_RETRY = 20.0


def run_recipe(
    candidate: str,
    template: Mapping[str, Any],
    n_splits: int,
    keep_alive: int,
    sagemaker: VirtualSageMaker,
    clock: VirtualClock,
    generator: random.Random,
) -> None:
    """Train a candidate's folds as jobs; `template` is the request that they have in common."""

    def insist(call: Callable[[], Any]) -> Any:
        """Retry a throttled call as boto3 does, but for ever."""
        attempt = 0
        while True:
            try:
                return call()
            except ClientError as error:
                if error.response["Error"]["Code"] != "ThrottlingException":
                    raise
                clock.sleep(min(LONGEST_RETRY, generator.random() * 2**attempt))
                attempt += 1

    jobs = [names.fold_job(candidate, fold) for fold in range(n_splits)]
    for job in jobs:
        request: dict[str, Any] = copy.deepcopy(dict(template))
        request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = keep_alive
        insist(lambda: sagemaker.create_training_job(TrainingJobName=job, **request))  # noqa: B023 - called at once
        clock.sleep(RECIPE_CREATE_PAUSE)
    while True:
        looks = [insist(lambda: sagemaker.describe_training_job(TrainingJobName=job)) for job in jobs]  # noqa: B023
        if all(look["TrainingJobStatus"] in TERMINAL for look in looks):
            return
        clock.sleep(RECIPE_LOOK_PAUSE)
