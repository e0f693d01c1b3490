"""The SageMaker Python SDK v3 works against the local endpoint.

Opt-in, because the SDK is 731 MB: `make test-programs` installs it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.clients.sdks import needs_sdk, told_by
from tests.conformance.endpoint import Endpoint
from tests.conformance.requests import pooled, training, tuning
from warmfold.cloud.local import LocalCloud

PROGRAM = Path(__file__).with_name("sdk_program.py")

pytestmark = needs_sdk(3)


@pytest.fixture(scope="module")
def told(cloud: LocalCloud, endpoint: Endpoint) -> dict[str, Any]:
    """What the SDK says of a tuning job that it waited for and of a warm pool that it found."""
    endpoint.run(training("pooled", **pooled()))
    endpoint.create(tuning("sdk", total=3))
    return told_by(3, PROGRAM, cloud, "sdk", "pooled")


def test_the_resource_class_waits_for_a_tuning_job_and_finds_its_best_candidate(
    told: dict[str, Any], endpoint: Endpoint
) -> None:
    described = endpoint.describe("tuning", "sdk")
    best = described["BestTrainingJob"]
    value = best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    assert (told["status"], told["completed"]) == ("Completed", 3)
    assert told["best"] == [best["TrainingJobName"], "Completed", pytest.approx(value, rel=1e-6)]


def test_the_analytics_table_has_every_candidate_with_its_hyperparameters_and_score(
    told: dict[str, Any], endpoint: Endpoint
) -> None:
    ours = [
        [
            job["TrainingJobName"],
            "Completed",
            job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"],
            float(job["TunedHyperParameters"]["x"]),
        ]
        for job in endpoint.candidates("sdk")
    ]
    assert sorted(told["candidates"]) == sorted(ours)
    assert all(value == pytest.approx(-((x - 0.25) ** 2), abs=1e-6) for _, _, value, x in told["candidates"])
    assert told["ranges"]["x"]["MaxValue"] == "1"
    assert told["took_time"]


def test_the_iterators_list_what_there_is(told: dict[str, Any], endpoint: Endpoint) -> None:
    names = sorted(job["TrainingJobName"] for job in endpoint.candidates("sdk"))
    assert sorted(told["listed"]) == sorted(told["listed_of_it"]) == names
    assert "sdk" in told["tuning_jobs"]


def test_a_warm_pool_is_found_and_kept_longer(told: dict[str, Any]) -> None:
    # the SDK drops a keep-alive of 0 from its requests, so it can't release one
    assert told["pools"] == ["pooled"]
    assert (told["pool"], told["kept"]) == ("Available", 1200)


def test_a_job_that_is_not_there_is_an_error_that_says_so(told: dict[str, Any]) -> None:
    assert "Requested resource not found" in str(told["missing"])
