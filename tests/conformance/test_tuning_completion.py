"""When a tuning job ends before it has run all its candidates: by its score, by no better ones, by its time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.alone import Clock, sagemaker_alone
from tests.conformance.endpoint import Endpoint
from tests.conformance.requests import program, tuning
from tests.waiting import until

GRID = {"Strategy": "Grid", "ResourceLimits": {"MaxParallelTrainingJobs": 1}, "RandomSeed": None}


def search(name: str, criteria: dict[str, Any], scores: list[str], kind: str = "Maximize") -> dict[str, Any]:
    """A tuning job whose candidates, in the order of their creation, print the scores."""
    request = tuning(name, "values.py", HyperParameterTuningJobConfig=GRID)
    config = request["HyperParameterTuningJobConfig"]
    config["ResourceLimits"] = {"MaxParallelTrainingJobs": 1}
    config["ParameterRanges"] = {"CategoricalParameterRanges": [{"Name": "score", "Values": scores}]}
    config["HyperParameterTuningJobObjective"]["Type"] = kind
    config["TuningJobCompletionCriteria"] = criteria
    definition = request["TrainingJobDefinition"]
    definition["StaticHyperParameters"] = program("given.py")["HyperParameters"]
    return request


def scores_of(endpoint: Endpoint, name: str) -> list[float]:
    listed = endpoint.candidates(name, SortBy="CreationTime", SortOrder="Ascending")
    return [job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for job in listed]


@pytest.mark.parametrize(("kind", "target", "scores"), [("Maximize", 3.0, "1234"), ("Minimize", 2.0, "4321")])
def test_a_search_that_reaches_its_target_is_completed(
    endpoint: Endpoint, kind: str, target: float, scores: str
) -> None:
    name = f"target-{kind.lower()}"
    job = endpoint.run(search(name, {"TargetObjectiveMetricValue": target}, list(scores), kind))
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    seen = scores_of(endpoint, name)
    reached = [value >= target if kind == "Maximize" else value <= target for value in seen]
    assert reached == [False] * (len(seen) - 1) + [True]
    assert job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == target


def test_a_search_that_does_not_improve_by_a_hundredth_is_completed(endpoint: Endpoint) -> None:
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    job = endpoint.run(search("stalled", criteria, ["1", "2", "2.01", "1.5", "2.015", "9"]))
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TuningJobCompletionDetails"] == {"NumberOfTrainingJobsObjectiveNotImproving": 3}
    assert len(scores_of(endpoint, "stalled")) < 6


def test_convergence_is_not_looked_for(endpoint: Endpoint) -> None:
    criteria = {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}
    endpoint.run(search("converging", criteria, ["1", "1.0", "1.00"]))
    assert scores_of(endpoint, "converging") == [1, 1, 1]


def test_a_search_over_its_time_is_completed_and_its_candidates_are_stopped(tmp_path: Path) -> None:
    clock = Clock()
    with sagemaker_alone(tmp_path, clock, cold_start_seconds=600) as client:
        limits = {"ResourceLimits": {"MaxRuntimeInSeconds": 120}}
        client.create_hyper_parameter_tuning_job(**tuning("timed", HyperParameterTuningJobConfig=limits))

        def status() -> str:
            described = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="timed")
            return str(described["HyperParameterTuningJobStatus"])

        def candidates() -> list[str]:
            listed = client.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName="timed")
            return [job["TrainingJobStatus"] for job in listed["TrainingJobSummaries"]]

        until(lambda: len(candidates()) == 2)
        clock.now += 119
        assert status() == "InProgress"
        clock.now += 1
        until(lambda: status() == "Completed")
        assert candidates() == ["Stopped", "Stopped"]
