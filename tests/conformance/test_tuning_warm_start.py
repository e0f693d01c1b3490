"""What a tuning job may build on or give up: WarmStartConfig, and early stopping by the median rule."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.endpoint import Endpoint, refusal
from tests.conformance.requests import BUCKET, changed, channel, program, ranged, tuning
from tests.waiting import until

IDENTICAL = "IdenticalDataAndAlgorithm"


def warm(*parents: str, kind: str = IDENTICAL) -> dict[str, Any]:
    named = [{"HyperParameterTuningJobName": parent} for parent in parents]
    return {"WarmStartConfig": {"ParentHyperParameterTuningJobs": named, "WarmStartType": kind}}


def score(candidate: dict[str, Any]) -> float:
    return float(candidate["FinalHyperParameterTuningJobObjectiveMetric"]["Value"])


def distances(endpoint: Endpoint, name: str) -> list[float]:
    """How far from the best value, 0.25, each candidate was."""
    return [abs(float(item["TunedHyperParameters"]["x"]) - 0.25) for item in endpoint.candidates(name)]


@pytest.fixture(scope="module")
def parent(endpoint: Endpoint) -> str:
    """A finished tuning job of 16 candidates."""
    endpoint.run(tuning("parent", total=16, parallel=2))
    return "parent"


@pytest.mark.parametrize("kind", [IDENTICAL, "TransferLearning"])
def test_a_bayesian_search_begins_where_its_parent_ended(endpoint: Endpoint, parent: str, kind: str) -> None:
    config = {"HyperParameterTuningJobConfig": {"Strategy": "Bayesian"}}
    cold, child = f"cold-{kind.lower()[:9]}", f"warm-{kind.lower()[:9]}"
    endpoint.run(tuning(cold, total=6, parallel=1, **config))
    job = endpoint.run(tuning(child, total=6, parallel=1, **config, **warm(parent, kind=kind)))
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["WarmStartConfig"] == warm(parent, kind=kind)["WarmStartConfig"]
    assert sum(distances(endpoint, child)) < sum(distances(endpoint, cold))


def test_the_best_of_all_may_be_a_parent_s(endpoint: Endpoint, parent: str) -> None:
    best = endpoint.describe("tuning", parent)["BestTrainingJob"]
    job = endpoint.run(tuning("overall", total=1, parallel=1, **warm(parent)))
    assert job["OverallBestTrainingJob"] == best | {"TuningJobName": parent}
    assert score(job["BestTrainingJob"]) < score(best)


def test_with_transfer_learning_scores_are_not_compared(endpoint: Endpoint, parent: str) -> None:
    job = endpoint.run(tuning("transfers", total=1, parallel=1, **warm(parent, kind="TransferLearning")))
    assert "OverallBestTrainingJob" not in job


def test_transfer_learning_takes_other_data_and_other_ranges(endpoint: Endpoint, parent: str) -> None:
    other = tuning("other-data", total=1, parallel=1, **warm(parent, kind="TransferLearning"))
    other["TrainingJobDefinition"]["InputDataConfig"] = [channel("train", f"s3://{BUCKET}/parts/2/")]
    other["HyperParameterTuningJobConfig"]["ParameterRanges"] = {"ContinuousParameterRanges": [ranged("x", "5", "6")]}
    job = endpoint.run(other)
    assert 5 <= float(job["BestTrainingJob"]["TunedHyperParameters"]["x"]) <= 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (warm("nobody"), "WarmStartConfig names a tuning job that does not exist: nobody."),
        (warm("parent", "parent"), "WarmStartConfig names a parent more than once: parent, parent."),
        (warm(*["parent"] * 6), "Member must have length less than or equal to 5"),
        (warm("parent", kind="Other"), "Member must satisfy enum value set"),
        (
            warm("parent")
            | {"HyperParameterTuningJobConfig": {"HyperParameterTuningJobObjective": {"Type": "Minimize"}}},
            "parent parent has the objective Maximize validation:score",
        ),
        (
            warm("parent") | {"TrainingJobDefinition": {"StaticHyperParameters": {"more": "1"}}},
            "static and tuned hyperparameters together",
        ),
        (
            warm("parent") | {"TrainingJobDefinition": {"AlgorithmSpecification": {"TrainingImage": "another"}}},
            "parent parent has another TrainingImage: with IdenticalDataAndAlgorithm it must be the same",
        ),
        (
            warm("parent") | {"TrainingJobDefinition": {"InputDataConfig": [channel("c", "s3://b/p")]}},
            "parent parent has another InputDataConfig",
        ),
        (
            warm("parent")
            | {
                "HyperParameterTuningJobConfig": {
                    "Strategy": "Grid",
                    "ParameterRanges": {
                        "ContinuousParameterRanges": None,
                        "CategoricalParameterRanges": [{"Name": "x", "Values": ["0", "1", "2", "3"]}],
                    },
                }
            },
            "a Grid tries every combination whatever its parents found",
        ),
    ],
)
def test_parents_that_do_not_fit_are_refused(
    endpoint: Endpoint, parent: str, changes: dict[str, Any], message: str
) -> None:
    assert parent == "parent"
    request = changed(tuning("refused-child"), **changes)
    code, said = refusal(endpoint.unchecked.create_hyper_parameter_tuning_job, **request)
    assert code == "ValidationException"
    assert message in said


def test_a_parent_must_have_ended(endpoint: Endpoint) -> None:
    endpoint.create(tuning("running-parent", "hang.py", total=1, parallel=1))
    until(lambda: endpoint.candidates("running-parent"))
    request = tuning("refused-child", **warm("running-parent"))
    code, message = refusal(endpoint.sagemaker.create_hyper_parameter_tuning_job, **request)
    assert code == "ValidationException"
    assert "parent running-parent is in status InProgress; a parent must be Completed, Failed or Stopped." in message
    endpoint.stop("tuning", "running-parent")
    endpoint.finished("tuning", "running-parent")


def stopping_early(name: str, letters: str, **config: Any) -> dict[str, Any]:
    """A tuning job whose candidates print as epochs.py says, one after the other."""
    return tuning(
        name,
        "epochs.py",
        HyperParameterTuningJobConfig={
            "Strategy": "Grid",
            "TrainingJobEarlyStoppingType": "Auto",
            "ParameterRanges": {
                "ContinuousParameterRanges": None,
                "CategoricalParameterRanges": [{"Name": "x", "Values": list(letters)}],
            },
            "ResourceLimits": {"MaxNumberOfTrainingJobs": len(letters), "MaxParallelTrainingJobs": 1},
            **config,
        },
        TrainingJobDefinition={"StaticHyperParameters": program("epochs.py")["HyperParameters"]},
    )


def test_a_candidate_worse_than_the_median_of_the_others_is_stopped_early(endpoint: Endpoint) -> None:
    job = endpoint.run(stopping_early("early", "abz"))
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    statuses = {item["TunedHyperParameters"]["x"]: item for item in endpoint.candidates("early")}
    assert {x: item["TrainingJobStatus"] for x, item in statuses.items()} == {
        "a": "Completed",
        "b": "Completed",
        "z": "Stopped",
    }
    assert job["TrainingJobStatusCounters"]["Stopped"] == 1
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}
    assert score(statuses["z"]) == 0.5, "what it had printed by then counts"
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "b"}


def test_early_stopping_knows_that_less_is_better_where_it_is(endpoint: Endpoint) -> None:
    objective = {"HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:score"}}
    job = endpoint.run(stopping_early("early-minimize", "lk", **objective))
    statuses = {item["TunedHyperParameters"]["x"]: item for item in endpoint.candidates("early-minimize")}
    assert statuses["l"]["TrainingJobStatus"] == statuses["k"]["TrainingJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["Stopped"] == 0


def test_with_early_stopping_off_a_candidate_goes_on_to_its_end(endpoint: Endpoint) -> None:
    job = endpoint.run(stopping_early("late-enough", "lk", TrainingJobEarlyStoppingType="Off"))
    assert job["TrainingJobStatusCounters"]["Completed"] == 2
