"""A tuning job from its creation to its end: candidates, counters, the best, failures, stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.endpoint import Endpoint, Told, refusal
from tests.conformance.requests import NARROW, TAGS, arn, training, tuning
from tests.waiting import until

NOTHING = {"Completed": 0, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0}


def grid_of(values: str) -> dict[str, Any]:
    """A configuration that tries each letter once, one after the other."""
    return {
        "Strategy": "Grid",
        "ParameterRanges": {
            "ContinuousParameterRanges": None,
            "CategoricalParameterRanges": [{"Name": "x", "Values": list(values)}],
        },
        "ResourceLimits": {"MaxNumberOfTrainingJobs": len(values), "MaxParallelTrainingJobs": 1},
    }


def score(candidate: dict[str, Any]) -> float:
    return float(candidate["FinalHyperParameterTuningJobObjectiveMetric"]["Value"])


def most_at_once(candidates: list[dict[str, Any]]) -> int:
    """How many of the jobs existed at the same time, from their creation and end times."""
    return max(
        sum(a["CreationTime"] <= b["CreationTime"] < a["TrainingEndTime"] for a in candidates) for b in candidates
    )


def test_a_tuning_job_runs_its_candidates_and_counts_them(endpoint: Endpoint) -> None:
    job = endpoint.run(tuning("whole-tuning", total=6, parallel=2))
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert job["TrainingJobStatusCounters"] == NOTHING | {"Completed": 6}
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 6, "Pending": 0, "Failed": 0}
    assert job["CreationTime"] <= job["HyperParameterTuningEndTime"] == job["LastModifiedTime"]
    assert job["ConsumedResources"]["RuntimeInSeconds"] >= 6
    candidates = endpoint.candidates("whole-tuning")
    assert most_at_once(candidates) == 2
    assert {item["ObjectiveStatus"] for item in candidates} == {"Succeeded"}


def test_candidates_are_named_after_the_tuning_job_and_counted_from_1(endpoint: Endpoint) -> None:
    endpoint.run(tuning("names", total=3, parallel=1))
    names = [item["TrainingJobName"] for item in endpoint.candidates("names")]
    assert [name[:10] for name in names] == ["names-001-", "names-002-", "names-003-"]
    assert all(len(name) == 18 and int(name[10:], 16) >= 0 for name in names)


def test_the_best_candidate_has_the_best_last_value_and_its_tuned_hyperparameters_only(endpoint: Endpoint) -> None:
    job = endpoint.run(tuning("best", total=4))
    candidates = endpoint.candidates("best")
    best = job["BestTrainingJob"]
    assert score(best) == max(map(score, candidates)) < 1, "99 was printed too, but not last"
    for item in candidates:
        x = float(item["TunedHyperParameters"]["x"])
        metric = {"Type": "Maximize", "MetricName": "validation:score", "Value": -((x - 0.25) ** 2)}
        assert item["FinalHyperParameterTuningJobObjectiveMetric"] == metric
    assert set(best["TunedHyperParameters"]) == {"x"}, "static hyperparameters have to be merged by whoever wants them"
    assert best in candidates
    listed = endpoint.candidates("best", SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    assert listed[0] == best


def test_candidates_hand_their_instance_on_and_other_tuning_jobs_get_their_own(endpoint: Endpoint) -> None:
    workers = []
    for name in ("hands-on-a", "hands-on-b"):
        endpoint.run(tuning(name, "worker.py", total=3, parallel=1))
        jobs = [candidate["TrainingJobName"] for candidate in endpoint.candidates(name)]
        workers.append([endpoint.lines("training", job)[0] for job in jobs])
    first, second = workers
    assert len(first) == len(second) == 3
    assert len(set(first)) == len(set(second)) == 1, "one process for all three"
    assert set(first).isdisjoint(second)


def test_minimize_names_the_lowest_score(endpoint: Endpoint) -> None:
    objective = {"HyperParameterTuningJobObjective": {"Type": "Minimize"}}
    job = endpoint.run(tuning("lowest", total=4, HyperParameterTuningJobConfig=objective))
    assert score(job["BestTrainingJob"]) == min(map(score, endpoint.candidates("lowest")))
    assert job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Type"] == "Minimize"


def test_a_candidate_is_a_training_job_with_all_hyperparameters_as_strings(endpoint: Endpoint) -> None:
    job = endpoint.run(tuning("child", total=1, parallel=1))
    (candidate,) = endpoint.candidates("child")
    child = endpoint.describe("training", candidate["TrainingJobName"])
    assert child["TuningJobArn"] == job["HyperParameterTuningJobArn"] == arn("hyper-parameter-tuning-job", "child")
    assert child["HyperParameters"]["_tuning_objective_metric"] == "validation:score"
    assert child["HyperParameters"]["centre"] == "0.25"
    assert child["HyperParameters"]["x"] == candidate["TunedHyperParameters"]["x"]
    assert child["TrainingJobArn"] == candidate["TrainingJobArn"]
    assert "objective validation:score" in endpoint.lines("training", candidate["TrainingJobName"])
    assert endpoint.sagemaker.list_tags(ResourceArn=child["TrainingJobArn"])["Tags"] == TAGS
    listed = endpoint.sagemaker.list_training_jobs(NameContains="child-001-")["TrainingJobSummaries"]
    assert [item["TrainingJobName"] for item in listed] == [candidate["TrainingJobName"]]


def test_describe_repeats_the_request(endpoint: Endpoint) -> None:
    asked = tuning("repeats-tuning", total=1, parallel=1)
    job = endpoint.run(asked)
    definition = asked["TrainingJobDefinition"]
    definition["StaticHyperParameters"]["_tuning_objective_metric"] = "validation:score"
    definition["OutputDataConfig"]["KmsKeyId"] = ""
    for member in set(asked) - {"Tags"}:
        assert job[member] == asked[member], member
    (summary,) = endpoint.sagemaker.list_hyper_parameter_tuning_jobs(NameContains="repeats-tuning")[
        "HyperParameterTuningJobSummaries"
    ]
    assert summary["Strategy"] == "Random"
    assert summary["ResourceLimits"] == asked["HyperParameterTuningJobConfig"]["ResourceLimits"]
    assert summary["TrainingJobStatusCounters"] == job["TrainingJobStatusCounters"]


def test_candidates_that_run_are_pending_and_hold_no_core(endpoint: Endpoint) -> None:
    endpoint.create(tuning("pending", "hang.py", total=3, parallel=3))

    def training() -> bool:
        jobs = [endpoint.describe("training", item["TrainingJobName"]) for item in endpoint.candidates("pending")]
        return [job["SecondaryStatus"] for job in jobs] == ["Training"] * 3

    until(training)
    job = endpoint.describe("tuning", "pending")
    assert job["TrainingJobStatusCounters"] == NOTHING | {"InProgress": 3}
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 0, "Pending": 3, "Failed": 0}
    assert {item["ObjectiveStatus"] for item in endpoint.candidates("pending")} == {"Pending"}
    assert "BestTrainingJob" not in job
    endpoint.stop("tuning", "pending")
    endpoint.finished("tuning", "pending")


def test_a_stopped_tuning_job_stops_its_candidates_and_starts_no_more(
    endpoint: Endpoint, told: Callable[[str], Told]
) -> None:
    listener = told(arn("hyper-parameter-tuning-job", "stops"))
    endpoint.create(tuning("stops", "hang.py", total=5, parallel=2))
    until(lambda: len(endpoint.candidates("stops")) == 2)
    endpoint.stop("tuning", "stops")
    job = endpoint.finished("tuning", "stops")
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert [item["TrainingJobStatus"] for item in endpoint.candidates("stops")] == ["Stopped"] * 2
    assert job["TrainingJobStatusCounters"] == NOTHING | {"Stopped": 2}
    events = listener.until(3)
    assert {event["detail-type"] for event in events} == {"SageMaker HyperParameter Tuning Job State Change"}
    statuses = [event["detail"]["HyperParameterTuningJobStatus"] for event in events]
    assert sorted(statuses) == ["InProgress", "Stopped", "Stopping"]
    assert events[0]["detail"]["Tags"] == {"own": "tag"}
    assert refusal(endpoint.sagemaker.stop_hyper_parameter_tuning_job, HyperParameterTuningJobName="stops") == (
        "ValidationException",
        "The request was rejected because the hyper parameter tuning job is in status Stopped.",
    )


def test_a_candidate_that_was_stopped_alone_has_no_objective_and_the_search_goes_on(endpoint: Endpoint) -> None:
    endpoint.create(tuning("one-stopped", "hang.py", total=2, parallel=1))
    (first,) = until(lambda: endpoint.candidates("one-stopped"))
    endpoint.says("training", first["TrainingJobName"], "begun")
    endpoint.stop("training", first["TrainingJobName"])
    until(lambda: len(endpoint.candidates("one-stopped")) == 2)
    job = endpoint.describe("tuning", "one-stopped")
    assert job["TrainingJobStatusCounters"] == NOTHING | {"Stopped": 1, "InProgress": 1}
    endpoint.stop("tuning", "one-stopped")
    endpoint.finished("tuning", "one-stopped")


def test_one_failure_among_others_fails_nothing(endpoint: Endpoint) -> None:
    job = endpoint.run(tuning("mixed", "some.py", HyperParameterTuningJobConfig=grid_of("abcd")))
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"] == NOTHING | {"Completed": 3, "NonRetryableError": 1}
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 2, "Pending": 0, "Failed": 2}
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "d"}


def test_five_failures_without_a_success_end_the_tuning_job(endpoint: Endpoint) -> None:
    job = endpoint.run(tuning("five", "fail.py", total=9, parallel=1))
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "No training job succeeded after 5 attempts. For additional details, please take a look at the training job "
        "failures by listing training jobs for the hyperparameter tuning job."
    )
    assert job["TrainingJobStatusCounters"] == NOTHING | {"NonRetryableError": 5}
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 0, "Pending": 0, "Failed": 5}
    assert "BestTrainingJob" not in job
    assert endpoint.candidates("five")[0]["FailureReason"] == "AlgorithmError: , exit code: 1"


def test_all_of_fewer_than_five_failing_is_a_failure_too(endpoint: Endpoint) -> None:
    job = endpoint.run(tuning("all-fail", "fail.py", total=2, parallel=1))
    assert job["FailureReason"].startswith("All training jobs failed.")


def test_candidates_that_print_no_objective_fail_the_tuning_job(endpoint: Endpoint) -> None:
    job = endpoint.run(tuning("silent", "silent.py", total=2, parallel=1))
    assert job["FailureReason"].startswith("No objective metrics found after running 2 training jobs.")
    assert job["TrainingJobStatusCounters"] == NOTHING | {"Completed": 2}
    assert job["ObjectiveStatusCounters"]["Failed"] == 2


def test_a_tuning_job_sets_its_instances_aside_until_it_ends(endpoint: Endpoint) -> None:
    narrow = {"ResourceConfig": {"InstanceType": NARROW}}
    code, message = refusal(
        endpoint.sagemaker.create_hyper_parameter_tuning_job,
        **tuning("too-wide", total=2, parallel=2, TrainingJobDefinition=narrow),
    )
    assert code == "ResourceLimitExceeded"
    assert message.startswith(
        f"The account-level service limit '{NARROW} for training job usage' is 1 Instances, with current utilization "
        "of 0 Instances and a request delta of 2 Instances."
    )
    endpoint.create(tuning("narrow-tuning", "hang.py", total=2, parallel=1, TrainingJobDefinition=narrow))
    beside = training("beside-tuning", **narrow)
    assert refusal(endpoint.sagemaker.create_training_job, **beside)[0] == "ResourceLimitExceeded"
    until(lambda: len(endpoint.candidates("narrow-tuning")) == 1)
    endpoint.stop("tuning", "narrow-tuning")
    endpoint.finished("tuning", "narrow-tuning")
    assert endpoint.run(beside)["TrainingJobStatus"] == "Completed"


def test_a_name_is_used_once_and_an_unknown_one_is_not_found(endpoint: Endpoint) -> None:
    endpoint.run(tuning("tuned-twice", total=1, parallel=1))
    code, message = refusal(
        endpoint.sagemaker.create_hyper_parameter_tuning_job, **tuning("tuned-twice", total=1, parallel=1)
    )
    assert code == "ResourceInUse"
    assert message.startswith("HyperParameterTuning job names must be unique within an AWS account and region")
    for operation in (
        "describe_hyper_parameter_tuning_job",
        "stop_hyper_parameter_tuning_job",
        "list_training_jobs_for_hyper_parameter_tuning_job",
    ):
        code, message = refusal(getattr(endpoint.sagemaker, operation), HyperParameterTuningJobName="nobody")
        assert (code, message) == ("ResourceNotFound", "Amazon SageMaker can't find a tuning job with name nobody")


@pytest.fixture(scope="module")
def graded(endpoint: Endpoint) -> Endpoint:
    """The endpoint with the tuning job `graded`: a fails, b prints nothing, c scores 1, d scores 2."""
    endpoint.run(tuning("graded", "some.py", HyperParameterTuningJobConfig=grid_of("abcd")))
    return endpoint


@pytest.mark.parametrize(
    ("asked", "letters"),
    [
        ({}, "abcd"),
        ({"SortBy": "Name", "SortOrder": "Descending"}, "dcba"),
        ({"SortBy": "CreationTime", "SortOrder": "Descending"}, "dcba"),
        ({"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Descending"}, "dc"),
        ({"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Ascending"}, "cd"),
        ({"StatusEquals": "Failed"}, "a"),
        ({"StatusEquals": "Completed", "SortBy": "Name"}, "bcd"),
        ({"StatusEquals": "Stopped"}, ""),
    ],
)
def test_candidates_are_listed_by_name_score_and_status(graded: Endpoint, asked: dict[str, Any], letters: str) -> None:
    found = graded.candidates("graded", **asked)
    assert "".join(item["TunedHyperParameters"]["x"] for item in found) == letters


def test_candidates_come_in_pages(graded: Endpoint) -> None:
    paginator = graded.sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    pages = paginator.paginate(HyperParameterTuningJobName="graded", PaginationConfig={"PageSize": 3})
    assert [len(page["TrainingJobSummaries"]) for page in pages] == [3, 1]
