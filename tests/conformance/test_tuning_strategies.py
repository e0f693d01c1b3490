"""What a tuning job tries: strategies, ranges and scaling, seeds, and the searches that are refused."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.conformance.endpoint import Endpoint, refusal
from tests.conformance.requests import changed, ranged, tuning
from tests.waiting import until


def ranges(**kinds: list[dict[str, Any]]) -> dict[str, Any]:
    """A configuration with other ranges than x from 0 to 1."""
    given = {f"{kind}ParameterRanges": items for kind, items in kinds.items()}
    return {"ParameterRanges": {"ContinuousParameterRanges": None} | given}


def tried(endpoint: Endpoint, name: str) -> list[dict[str, str]]:
    return [item["TunedHyperParameters"] for item in endpoint.candidates(name)]


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_one_at_a_time_the_same_seed_tries_the_same_values(endpoint: Endpoint, strategy: str) -> None:
    found = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        config = {"Strategy": strategy, "RandomSeed": seed}
        endpoint.run(tuning(f"seed-{strategy.lower()}-{name}", parallel=1, HyperParameterTuningJobConfig=config))
        found.append(tried(endpoint, f"seed-{strategy.lower()}-{name}"))
    assert found[0] == found[1] != found[2]
    assert all(0 <= float(values["x"]) <= 1 for values in found[0])


def test_bayesian_search_closes_in_on_the_best_value(endpoint: Endpoint) -> None:
    config = {"Strategy": "Bayesian"}
    endpoint.run(tuning("closes-in", total=24, parallel=2, HyperParameterTuningJobConfig=config))
    distances = [abs(float(values["x"]) - 0.25) for values in tried(endpoint, "closes-in")]
    assert sum(distances[12:]) < sum(distances[:12])


def test_a_grid_runs_every_combination_without_being_told_how_many(endpoint: Endpoint) -> None:
    values = {"x": ["0", "0.5", "1"], "y": ["u", "v"]}
    config = ranges(Categorical=[{"Name": name, "Values": items} for name, items in values.items()])
    config |= {"Strategy": "Grid", "ResourceLimits": {"MaxNumberOfTrainingJobs": None}}
    job = endpoint.run(tuning("grid", HyperParameterTuningJobConfig=config))
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    combinations = {(item["x"], item["y"]) for item in tried(endpoint, "grid")}
    assert combinations == set(itertools.product(*values.values()))
    assert len(tried(endpoint, "grid")) == 6
    assert job["BestTrainingJob"]["TunedHyperParameters"]["x"] in ("0", "0.5")


@pytest.mark.parametrize(
    ("name", "kind", "item", "check"),
    [
        ("integer", "Integer", ranged("n", "2", "5"), lambda text: text in ("2", "3", "4", "5")),
        ("log", "Continuous", ranged("n", "0.001", "1", "Logarithmic"), lambda text: 0.001 <= float(text) <= 1),
        ("log-int", "Integer", ranged("n", "1", "1000", "Logarithmic"), lambda text: 1 <= int(text) <= 1000),
        ("reverse", "Continuous", ranged("n", "0", "0.999", "ReverseLogarithmic"), lambda text: 0 <= float(text) < 1),
        ("auto", "Continuous", ranged("n", "-1", "1", "Auto"), lambda text: -1 <= float(text) <= 1),
        (
            "words",
            "Categorical",
            {"Name": "n", "Values": ["u", "v w", "x", "y"]},
            lambda text: text in ("u", "v w", "x", "y"),
        ),
    ],
)
def test_values_lie_in_their_range_and_are_strings(
    endpoint: Endpoint, name: str, kind: str, item: dict[str, Any], check: Any
) -> None:
    config = ranges(**{kind: [item]})
    job = endpoint.run(tuning(f"range-{name}", "values.py", HyperParameterTuningJobConfig=config))
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    found = [values["n"] for values in tried(endpoint, f"range-{name}")]
    assert len(found) == 4
    assert all(check(text) for text in found), found


def test_ranges_of_every_kind_are_tuned_together(endpoint: Endpoint) -> None:
    config = ranges(
        Continuous=[ranged("c", "0", "1")],
        Integer=[ranged("i", "1", "9")],
        Categorical=[{"Name": "k", "Values": ["u", "v"]}],
    )
    endpoint.run(tuning("together", "values.py", total=2, HyperParameterTuningJobConfig=config))
    assert [set(values) for values in tried(endpoint, "together")] == [{"c", "i", "k"}] * 2


def test_trials_are_asynchronous_so_that_a_slow_one_holds_nobody_up(endpoint: Endpoint) -> None:
    config = ranges(Categorical=[{"Name": "x", "Values": ["0", "1", "2", "3"]}]) | {"Strategy": "Grid"}
    endpoint.create(tuning("asynchronous", "slow.py", HyperParameterTuningJobConfig=config))
    done = until(lambda: _three_completed(endpoint.candidates("asynchronous")))
    assert sorted(item["TunedHyperParameters"]["x"] for item in done) == ["1", "2", "3"]
    endpoint.stop("tuning", "asynchronous")
    endpoint.finished("tuning", "asynchronous")


def _three_completed(candidates: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    done = [item for item in candidates if item["TrainingJobStatus"] == "Completed"]
    return done if len(done) == 3 else None


MANY = [ranged(f"h{number}", "0", "1") for number in range(31)]
BROKEN = {"Name": "validation:score", "Regex": "("}
LETTERS = {"Name": "x", "Values": ["0", "1"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Strategy": "Hyperband"}, "The local cloud has no strategy Hyperband; Strategy must be one of Bayesian, Ra"),
        ({"StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 1}}}, "StrategyConfig is not built in the"),
        ({"Strategy": "Grid"}, "Grid search tunes categorical hyperparameters only: use CategoricalParameterRanges."),
        (
            ranges(Categorical=[LETTERS]) | {"Strategy": "Grid", "ResourceLimits": {"MaxNumberOfTrainingJobs": 3}},
            "The grid has 2 combinations and MaxNumberOfTrainingJobs is 3",
        ),
        ({"ResourceLimits": {"MaxNumberOfTrainingJobs": None}}, "ResourceLimits.MaxNumberOfTrainingJobs is missing."),
        ({"ResourceLimits": {"MaxRuntimeInSeconds": 119}}, "Member must have value greater than or equal to 120"),
        (
            {"TuningJobCompletionCriteria": {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 2}}},
            "Member must have value greater than or equal to 3",
        ),
        (ranges(), "ParameterRanges is empty"),
        ({"ParameterRanges": {"AutoParameters": [{"Name": "y", "ValueHint": "1"}]}}, "no Autotune: give ranges"),
        ({"ParameterRanges": None}, "HyperParameterTuningJobConfig.ParameterRanges is missing."),
        (ranges(Continuous=MANY), "30"),
        (ranges(Categorical=[{"Name": "x", "Values": [str(n) for n in range(31)]}]), "less than or equal to 30"),
        (ranges(Categorical=[{"Name": "x", "Values": ["a", "a"]}]), "The values of x are not unique: a, a."),
        (ranges(Continuous=[ranged("x", "1", "0")]), "MinValue must be less than MaxValue"),
        (ranges(Continuous=[ranged("x", "one", "2")]), "The range of x is one to 2; both must be floats."),
        (ranges(Integer=[ranged("x", "1.5", "2")]), "The range of x is 1.5 to 2; both must be ints."),
        (ranges(Continuous=[ranged("x", "0", "1", "Logarithmic")]), "Logarithmic scaling needs a MinValue over 0"),
        (ranges(Continuous=[ranged("x", "0", "1", "ReverseLogarithmic")]), "ReverseLogarithmic scaling needs 0 <="),
        (ranges(Integer=[ranged("x", "0", "1")], Categorical=[LETTERS]), "ParameterRanges names x more than once."),
        (
            {"HyperParameterTuningJobObjective": {"MetricName": "other"}},
            "other, is not among the MetricDefinitions of its TrainingJobDefinition: validation:score",
        ),
    ],
)
def test_a_search_that_cannot_be_made_is_refused(endpoint: Endpoint, changes: dict[str, Any], message: str) -> None:
    request = tuning("refused-tuning", HyperParameterTuningJobConfig=changes)
    code, said = refusal(endpoint.unchecked.create_hyper_parameter_tuning_job, **request)
    assert code == "ValidationException"
    assert message in said
    listed = endpoint.sagemaker.list_hyper_parameter_tuning_jobs(NameContains="refused-tuning")
    assert listed["HyperParameterTuningJobSummaries"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"HyperParameterTuningJobName": "a" * 33}, "Member must have length less than or equal to 32"),
        ({"Autotune": {"Mode": "Enabled"}}, "Autotune is not built in the local cloud: leave it out."),
        ({"TrainingJobDefinition": None}, "TrainingJobDefinition is missing"),
        ({"TrainingJobDefinitions": [{}], "TrainingJobDefinition": None}, "at 'trainingJobDefinitions.1.member"),
        ({"TrainingJobDefinition": {"StaticHyperParameters": {"x": "1"}}}, "ParameterRanges both give x"),
        ({"TrainingJobDefinition": {"ResourceConfig": None}}, "TrainingJobDefinition.ResourceConfig is missing."),
        ({"TrainingJobDefinition": {"ResourceConfig": {"InstanceCount": 2}}}, "InstanceCount must be 1"),
        ({"TrainingJobDefinition": {"Environment": {f"E{n}": "1" for n in range(49)}}}, "less than or equal to 48"),
        ({"TrainingJobDefinition": {"RetryStrategy": {"MaximumRetryAttempts": 31}}}, "less than or equal to 30"),
        ({"TrainingJobDefinition": {"EnableManagedSpotTraining": True}}, "Invalid MaxWaitTimeInSeconds. It must be"),
        ({"TrainingJobDefinition": {"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/c"}}}, "below /opt/ml"),
        (
            {"TrainingJobDefinition": {"AlgorithmSpecification": {"MetricDefinitions": [BROKEN]}}},
            "Regex of metric validation:score is no regular expression",
        ),
    ],
)
def test_a_tuning_job_that_cannot_be_run_is_refused(endpoint: Endpoint, changes: dict[str, Any], message: str) -> None:
    request = changed(tuning("refused-tuning"), **changes)
    code, said = refusal(endpoint.unchecked.create_hyper_parameter_tuning_job, **request)
    assert code == "ValidationException"
    assert message in said


WIDE = [{"Name": name, "Values": [str(number) for number in range(28)]} for name in ("x", "y")]


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        (
            {"ResourceLimits": {"MaxNumberOfTrainingJobs": 750, "MaxParallelTrainingJobs": 11}},
            "parallel training jobs",
        ),
        ({"ResourceLimits": {"MaxNumberOfTrainingJobs": 751, "MaxParallelTrainingJobs": 10}}, "training jobs"),
        (
            ranges(Categorical=WIDE) | {"Strategy": "Grid", "ResourceLimits": {"MaxNumberOfTrainingJobs": None}},
            "training jobs",
        ),
    ],
)
def test_a_tuning_job_over_a_quota_is_refused(endpoint: Endpoint, changes: dict[str, Any], refused: str) -> None:
    request = tuning("refused-quota", HyperParameterTuningJobConfig=changes)
    code, said = refusal(endpoint.sagemaker.create_hyper_parameter_tuning_job, **request)
    assert code == "ResourceLimitExceeded"
    assert said.startswith(f"The account-level service limit 'Number of {refused} per hyperparameter tuning job' is ")
