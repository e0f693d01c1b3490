"""Plan Run refuses what can't work before anything exists, and plans the rest completely."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

import plan_run
from pipeline.clients import s3_client
from pipeline.errors import DatasetError, ExperimentError
from pipeline.requests import splitting_gigabytes, splitting_seconds
from tests.unit.functions.conftest import BUCKET

ROWS = "".join(f"{i},{i % 7},{'yes' if i % 3 else 'no'}\n" for i in range(120))
DATA = f"x,y,target\n{ROWS}".encode()


@pytest.fixture
def plan(s3: Any, sample_event: Any, lambda_context: Any) -> Any:
    s3_client.cache_clear()

    def run(data: bytes | None = DATA, experiment: str | None = None, predict: bytes | None = None) -> Any:
        for name, body in (("data.csv", data), ("experiment.yaml", experiment), ("predict.csv", predict)):
            if body is not None:
                s3.put_object(Bucket=BUCKET, Key=f"datasets/churn/{name}", Body=body)
        return plan_run.lambda_handler(sample_event | {"input": {"dataset": "churn"}}, lambda_context)

    return run


def stored_plan(s3: Any, answer: dict[str, Any]) -> dict[str, Any]:
    key = answer["plan_uri"].removeprefix(f"s3://{BUCKET}/")
    return dict(json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()))


def filled(plan: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every request, with what only a candidate knows filled in."""
    text = json.dumps(plan["requests"]["fold"]).replace("{fold}", "3")
    return {
        "processing": ("CreateProcessingJob", plan["requests"]["processing"]),
        "tuning": ("CreateHyperParameterTuningJob", plan["requests"]["tuning"]),
        "fold": ("CreateTrainingJob", json.loads(text) | {"TrainingJobName": "x-f3"}),
        "final": ("CreateTrainingJob", plan["requests"]["final"]),
    }


@pytest.mark.parametrize("name", ["processing", "tuning", "fold", "final"])
def test_every_request_is_one_that_sagemaker_knows(plan: Any, s3: Any, name: str) -> None:
    operation, request = filled(stored_plan(s3, plan()))[name]
    shape = botocore.session.get_session().get_service_model("sagemaker").operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()


def test_a_dataset_alone_is_enough(plan: Any, s3: Any) -> None:
    made = stored_plan(s3, plan())
    assert made["experiment"]["target"] == "target"
    assert made["experiment"]["problem"] == "classification"
    assert made["experiment"]["metric"] == "roc_auc"
    assert made["experiment"]["cross_validation"]["strategy"] == "stratified"
    assert made["profile"]["rows"] == 120
    assert made["data"]["version_id"]


def test_names_stay_within_sagemakers_limits(plan: Any) -> None:
    answer = plan()
    assert len(answer["tuning"]["HyperParameterTuningJobName"]) <= 32
    assert answer["tuning"]["HyperParameterTuningJobName"] == f"wf-{answer['run']}"


def test_the_final_job_matches_a_folds_pool(plan: Any, s3: Any) -> None:
    requests = stored_plan(s3, plan())["requests"]
    pool = dict(requests["fold"]["ResourceConfig"])
    assert pool.pop("KeepAlivePeriodInSeconds") > 0
    assert requests["final"]["ResourceConfig"] == pool
    assert requests["final"]["RoleArn"] == requests["fold"]["RoleArn"]


def test_data_too_large_to_read_is_sampled_and_left_to_split_dataset(
    plan: Any, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.plan.WHOLE_SCAN_BYTES", 100)
    made = stored_plan(s3, plan(experiment="metric: roc_auc"))
    assert made["profile"] is None
    assert (made["experiment"]["target"], made["experiment"]["problem"]) == ("target", "classification")
    assert (made["metric_classes"], made["problem_sampled"]) == ([2, 2], True)


def test_a_target_that_is_not_there_is_refused_however_large_the_data(
    plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.plan.WHOLE_SCAN_BYTES", 100)
    with pytest.raises(DatasetError, match="no column is called 'targett'"):
        plan(experiment="target: targett")


def test_a_retry_answers_the_plan_of_the_first_attempt(plan: Any, s3: Any) -> None:
    first = plan()
    made = stored_plan(s3, first)
    assert plan(data=b"x,target\n1,a\n") == first
    assert stored_plan(s3, first) == made


@pytest.mark.parametrize(("wanted", "transform"), [("ml.r5.xlarge", "ml.m5.xlarge"), ("ml.c5.xlarge", "ml.c5.xlarge")])
def test_where_transform_lacks_a_training_type_it_runs_on_another(
    plan: Any, s3: Any, wanted: str, transform: str
) -> None:
    made = stored_plan(s3, plan(experiment=f"compute: {{instance_type: {wanted}}}"))
    assert made["requests"]["fold"]["ResourceConfig"]["InstanceType"] == wanted
    assert made["instance_types"] == {"processing": wanted, "transform": transform}


def test_splitting_has_time_and_room_for_the_data(plan: Any, s3: Any) -> None:
    request = stored_plan(s3, plan())["requests"]["processing"]
    assert request["StoppingCondition"]["MaxRuntimeInSeconds"] == splitting_seconds(len(DATA)) == 3600
    volume = request["ProcessingResources"]["ClusterConfig"]["VolumeSizeInGB"]
    assert volume == splitting_gigabytes(len(DATA)) == 30
    assert (splitting_seconds(50 * 10**9), splitting_gigabytes(50 * 10**9)) == (103_600, 180)
    assert splitting_seconds(10**15) == 5 * 24 * 3600


def test_overrides_of_the_execution_win_over_the_file(
    plan: Any, s3: Any, lambda_context: Any, sample_event: Any
) -> None:
    plan(experiment="search: {max_candidates: 9, max_parallel_candidates: 3}")
    other = sample_event | {"execution_arn": sample_event["execution_arn"] + "0"}
    search = stored_plan(s3, plan_run.lambda_handler(other, lambda_context))["experiment"]["search"]
    assert (search["max_candidates"], search["max_parallel_candidates"]) == (4, 3)


def test_the_training_code_is_uploaded_once_under_its_hash(
    plan: Any, s3: Any, lambda_context: Any, sample_event: Any
) -> None:
    key = f"code/{stored_plan(s3, plan())['code']['sha256']}/sourcedir.tar.gz"
    first = s3.head_object(Bucket=BUCKET, Key=key)["VersionId"]
    other = sample_event | {"execution_arn": sample_event["execution_arn"] + "0"}
    plan_run.lambda_handler(other, lambda_context)
    assert s3.head_object(Bucket=BUCKET, Key=key)["VersionId"] == first


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "data.csv"),
        (b"x,target\n", "no rows"),
        (b"x,target\n" + b"1,a\n" * 50, "one class"),
        (b"x,target\n" + b"1,\n" * 50, "missing"),
        (b"x,target\n1,a\n2\n", "line 3"),
        (b"x,target\n\xff\xfe,a\n", "UTF-8"),
        (b"x,x,target\n1,2,a\n", "x"),
    ],
)
def test_bad_data_is_refused_in_words_before_anything_exists(plan: Any, s3: Any, data: bytes, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        plan(data=data)
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="runs/")["KeyCount"] == 0


@pytest.mark.parametrize(
    ("experiment", "words"),
    [
        ("search: {max_candidats: 3}", "did you mean max_candidates"),
        ("search: {max_candidates: many}", 'search.max_candidates is "many"'),
        ("search: {hyperparameters: {learning_rate: {min: 1, max: 0.5}}}", "min must be less than max"),
        ("search: {hyperparameters: {learning_rate: {min: 0, max: 1, scaling: Logarithmic}}}", "greater than 0"),
        ("search: {hyperparameters: {depth: {min: 1, max: 2}}}", "unknown to hist_gradient_boosting"),
        ("metric: auc", "metric auc is unknown"),
        ("estimator: xgboost", "estimator xgboost is unknown"),
        ("metric: r2", "does not fit"),
        ("search: {abandon: forgiving}", "not built yet"),
        ("compute: {fold_placement: in-process}", "not built yet"),
        ("quality_gate: {approval: manual}", "not built yet"),
        ("quality_gate: {beat_champion: true}", "not built yet"),
        ("budget: {max_usd: 5}", "not built yet"),
        ("cross_validation: {group_column: id}", "not built yet"),
    ],
)
def test_a_bad_experiment_is_refused_by_key_and_remedy(plan: Any, s3: Any, experiment: str, words: str) -> None:
    with pytest.raises(ExperimentError, match=words):
        plan(experiment=experiment)
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="runs/")["KeyCount"] == 0


def test_an_unknown_target_names_the_columns(plan: Any) -> None:
    with pytest.raises(DatasetError, match="targett"):
        plan(experiment="target: targett")


@pytest.mark.parametrize("name", ["März 2026", "a" * 64, "", None, "../x"])
def test_a_dataset_name_that_can_t_be_one_is_refused(
    plan: Any, lambda_context: Any, sample_event: Any, name: str | None
) -> None:
    plan()
    with pytest.raises(
        ExperimentError, match=r"execution input: dataset is .*; give the folder's name.*up to 63 letters"
    ):
        plan_run.lambda_handler(
            sample_event | {"execution_arn": f"{sample_event['execution_arn']}1", "input": {"dataset": name}},
            lambda_context,
        )


def test_rows_to_score_without_a_feature_column_are_refused(plan: Any) -> None:
    with pytest.raises(DatasetError, match=r"predict\.csv"):
        plan(predict=b"x\n1\n")


def test_a_dataset_that_is_not_there_is_named(plan: Any) -> None:
    with pytest.raises(DatasetError, match=r"datasets/churn/data\.csv is not there"):
        plan(data=None)
