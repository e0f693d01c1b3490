"""Plan Run plans a dataset completely: its requests, its names, its bounds."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any, BinaryIO

import pytest

import plan_run
from pipeline.aws.storage import Storage
from pipeline.errors import ExperimentError, PlanError
from pipeline.planning.limits import splitting_gigabytes, splitting_seconds
from tests.documents import complaints as differences
from tests.unit.functions.conftest import BUCKET, DATA, stored_plan
from tests.unit.functions.fake_sagemaker import complaints
from warmfold_run.places import split_uri
from warmfold_run.plan import SCHEMA, ObjectVersion, Plan, Planned


def filled(plan: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every request, with what only a candidate knows filled in."""
    return {
        "processing": ("CreateProcessingJob", plan["requests"]["processing"]),
        "tuning": ("CreateHyperParameterTuningJob", plan["requests"]["tuning"]),
        "fold": ("CreateTrainingJob", plan["requests"]["fold"] | {"TrainingJobName": "x-f3"}),
        "final": ("CreateTrainingJob", plan["requests"]["final"]),
        "model": ("CreateModel", plan["requests"]["model"]),
        "transform": ("CreateTransformJob", plan["requests"]["transform"]),
    }


def test_an_experiment_that_is_too_long_is_refused_by_its_size(plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, unwatched = list[str](), Storage.open

    def watched(self: Storage, version: ObjectVersion, piece: tuple[int, int] | None = None) -> BinaryIO:
        opened.append(version["key"])
        return unwatched(self, version, piece)

    monkeypatch.setattr(Storage, "open", watched)
    with pytest.raises(ExperimentError, match=r"experiment\.yaml: it has more than 65536 bytes; shorten it"):
        plan(experiment="#" * 65_537)
    assert "datasets/churn/experiment.yaml" not in opened
    plan(experiment="#" * 65_536)
    assert "datasets/churn/experiment.yaml" in opened


@pytest.mark.parametrize("name", ["processing", "tuning", "fold", "final", "model", "transform"])
@pytest.mark.parametrize("placement", ["auto", "warm-pool", "in-process"])
def test_every_request_is_one_that_sagemaker_knows(plan: Any, s3: Any, placement: str, name: str) -> None:
    made = stored_plan(s3, plan(experiment=f"compute: {{fold_placement: {placement}, keep_alive_seconds: 0}}"))
    operation, request = filled(made)[name]
    assert not complaints(operation, request)


def test_a_dataset_alone_is_enough(plan: Any, s3: Any) -> None:
    made = stored_plan(s3, plan())
    assert made["experiment"]["target"] == "target"
    assert made["experiment"]["problem"] == "classification"
    assert made["experiment"]["metric"] == "roc_auc"
    assert made["experiment"]["cross_validation"]["strategy"] == "stratified"
    assert made["profile"]["rows"] == 120
    assert made["data"]["version_id"]


@pytest.mark.parametrize("experiment", [None, "{estimator: linear, search: {hyperparameters: {C: {values: [1, 2]}}}}"])
@pytest.mark.parametrize("predict", [None, b"x,y\n1,2\n"])
def test_plan_and_answer_have_the_keys_that_the_contract_says(
    plan: Any, s3: Any, experiment: str | None, predict: bytes | None
) -> None:
    answer = plan(experiment=experiment, predict=predict)
    assert differences(Planned, answer) == []
    assert differences(Plan, stored_plan(s3, answer)) == []


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


def test_the_state_machine_gets_the_requests_that_its_states_send(plan: Any, s3: Any) -> None:
    answer = plan()
    requests = stored_plan(s3, answer)["requests"]
    assert set(requests) - set(answer) == {"fold"}  # candidates send it
    assert all(answer[name] == request for name, request in requests.items() if name != "fold")


def test_split_folds_and_model_have_roles_of_their_own_and_the_final_job_the_folds(plan: Any, s3: Any) -> None:
    requests = stored_plan(s3, plan())["requests"]
    roles = {kind: requests[kind]["RoleArn"] for kind in ("processing", "fold", "final", "defaults")}
    roles["model"] = requests["model"]["ExecutionRoleArn"]
    names = {"processing": "split", "fold": "fold", "final": "fold", "defaults": "candidate", "model": "model"}
    assert {kind: role.rpartition("/")[2] for kind, role in roles.items()} == names


def test_the_model_has_no_network_and_the_transform_uses_it_on_the_rows_to_score(plan: Any, s3: Any) -> None:
    made = stored_plan(s3, plan())
    model, transform = made["requests"]["model"], made["requests"]["transform"]
    assert model["EnableNetworkIsolation"] is True
    assert transform["ModelName"] == model["ModelName"]
    source = transform["TransformInput"]["DataSource"]["S3DataSource"]
    assert source == {"S3DataType": "S3Prefix", "S3Uri": made["locations"]["score"]}
    assert transform["TransformOutput"]["S3OutputPath"] == made["locations"]["predictions"]
    tags = [{"Key": "warmfold:stack", "Value": "wf"}, {"Key": "warmfold:run", "Value": made["run"]}]
    assert model["Tags"] == transform["Tags"] == tags


def test_a_chunk_is_never_split_because_only_its_first_line_is_the_header(plan: Any) -> None:
    transform = plan()["transform"]
    assert transform["TransformInput"]["SplitType"] == "None"
    assert "DataProcessing" not in transform
    assert transform["MaxPayloadInMB"] * 1024 * 1024 > 5_000_000


def test_jobs_are_found_again_by_their_names_from_the_run_alone(plan: Any) -> None:
    answer = plan()
    assert answer["final"]["TrainingJobName"] == f"wf-{answer['run']}-final"
    assert answer["transform"]["TransformJobName"] == f"wf-{answer['run']}-score"


def test_the_plan_says_where_the_leaderboard_is(plan: Any, s3: Any) -> None:
    made = stored_plan(s3, plan())
    assert made["locations"]["leaderboard"] == f"{made['locations']['run']}leaderboard/"


@pytest.mark.parametrize(("asked", "first"), [("auto", 1800), ("0", None), ("45", 45)])
def test_the_first_folds_keep_their_pool_long_unless_told(plan: Any, s3: Any, asked: str, first: int | None) -> None:
    made = stored_plan(s3, plan(experiment=f"compute: {{keep_alive_seconds: {asked}}}"))
    assert made["requests"]["fold"]["ResourceConfig"].get("KeepAlivePeriodInSeconds") == first
    assert str(made["experiment"]["compute"]["keep_alive_seconds"]) == asked


def test_candidates_and_folds_run_on_the_types_of_the_experiment(plan: Any, s3: Any) -> None:
    made = stored_plan(s3, plan(experiment="compute: {fold_placement: warm-pool, instance_type: ml.c5.xlarge}"))
    definition = made["requests"]["tuning"]["TrainingJobDefinition"]
    assert definition["ResourceConfig"]["InstanceType"] == "ml.m5.large"
    assert made["requests"]["fold"]["ResourceConfig"]["InstanceType"] == "ml.c5.xlarge"


def test_a_candidate_has_the_folds_of_all_repeats(plan: Any, s3: Any) -> None:
    made = stored_plan(s3, plan(experiment="cross_validation: {n_splits: 3, repeats: 2}"))
    assert made["folds"] == len(made["profile"]["folds"]) == 6
    assert made["understanding"]["split"] == "2 repeats of 3 folds, stratified"
    assert "of 6 folds" in made["bound"]["text"]


@pytest.mark.parametrize("placement", ["auto", "warm-pool", "in-process"])
def test_a_candidate_has_time_for_its_folds_one_after_another_each_tried_twice(
    plan: Any, s3: Any, placement: str
) -> None:
    text = f"{{cross_validation: {{n_splits: 20}}, compute: {{fold_placement: {placement}}}}}"
    requests = stored_plan(s3, plan(experiment=text))["requests"]
    fold = requests["fold"]["StoppingCondition"]["MaxRuntimeInSeconds"]
    candidate = requests["tuning"]["TrainingJobDefinition"]["StoppingCondition"]["MaxRuntimeInSeconds"]
    assert candidate >= 20 * 2 * fold


@pytest.mark.parametrize(
    ("compute", "seconds", "words"),
    [
        # 3 candidates and the defaults, of 5 folds: 4 x 5 x 2 x (3600 + 900) s, and 4 x 5 x 2 x (3600 s + the pool's)
        ("{fold_placement: auto}", 180_000 + 288_000, "50 h of ml.m5.xlarge and 80 h of ml.m5.xlarge"),
        ("{fold_placement: warm-pool}", 180_000 + 288_000, "50 h of ml.m5.large and 80 h of ml.m5.xlarge"),
        ("{keep_alive_seconds: 0}", 180_000 + 144_000, "each pool kept 0 s"),
        ("{fold_placement: in-process}", 180_000, "ml.m5.xlarge: 4 candidates (one of them the defaults) of 5 folds"),
    ],
)
def test_the_bound_holds_whatever_candidates_choose(plan: Any, s3: Any, compute: str, seconds: int, words: str) -> None:
    bound = stored_plan(s3, plan(experiment=f"{{compute: {compute}, search: {{max_candidates: 3}}}}"))["bound"]
    assert bound["instance_seconds"] == seconds
    assert words in bound["text"]
    assert ("fold a job" in bound["text"]) == ("in-process" not in compute)


@pytest.mark.parametrize(
    ("experiment", "used", "note"),
    [
        ("{}", True, None),
        ("search: {abandon: off}", False, "search.abandon is off"),
        ("cross_validation: {n_splits: 2}", False, "the rule has not met its numbers with 2 folds"),
        ("cross_validation: {n_splits: 5, repeats: 2}", True, None),
        ("cross_validation: {n_splits: 4, repeats: 3}", False, "the rule has not met its numbers with 12 folds"),
    ],
)
def test_the_plan_says_whether_candidates_are_given_up(
    plan: Any, s3: Any, experiment: str, used: bool, note: str | None
) -> None:
    found = stored_plan(s3, plan(experiment=experiment))["abandoning"]
    assert found["used"] is used
    assert note is found["note"] or note in found["note"]


def test_data_too_large_to_read_is_sampled_and_left_to_split_dataset(
    plan: Any, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmfold_experiment.understanding.WHOLE_SCAN_BYTES", 100)
    made = stored_plan(s3, plan(experiment="metric: roc_auc"))
    assert made["profile"] is None
    assert (made["experiment"]["target"], made["experiment"]["problem"]) == ("target", "classification")
    assert (made["metric_classes"], made["problem_sampled"]) == ([2, 2], True)


def test_a_retry_answers_as_the_first_attempt(plan: Any, s3: Any) -> None:
    first = plan()
    made = stored_plan(s3, first)
    assert plan(data=None) == first
    assert stored_plan(s3, first) | {"created_at": ""} == made | {"created_at": ""}


def test_a_plan_of_another_version_is_not_gone_on_with(plan: Any, s3: Any) -> None:
    first = plan()
    made = stored_plan(s3, first)
    bucket, key = split_uri(first["plan_uri"])
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(made | {"schema": 1}).encode())
    with pytest.raises(
        PlanError, match=f"has schema 1, and this version goes on with {SCHEMA} only; upload the dataset again"
    ):
        plan()


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


def test_what_somebody_put_under_the_training_code_s_hash_is_replaced(plan: Any, s3: Any) -> None:
    key = f"code/{stored_plan(s3, plan())['code']['sha256']}/sourcedir.tar.gz"
    honest = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"planted")
    plan()
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == honest


@pytest.mark.parametrize(("planted", "code"), [(b"", 0), (b"planted", 1)])
def test_split_dataset_unpacks_the_planned_code_only(
    plan: Any, s3: Any, tmp_path: Path, planted: bytes, code: int
) -> None:
    made = stored_plan(s3, plan())
    key = f"code/{made['code']['sha256']}/sourcedir.tar.gz"
    archive = tmp_path / "input/code/sourcedir.tar.gz"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() + planted)
    entrypoint = made["requests"]["processing"]["AppSpecification"]["ContainerEntrypoint"]
    command = [part.replace("/opt/ml/processing", str(tmp_path)) for part in entrypoint]
    command[2] = command[2].replace("exec python3", "exec true")
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, (tmp_path / "code/processing.py").is_file()) == (code, code == 0)
    assert ("is not the code that was planned: sha256" in ran.stderr) == (code == 1)


def test_packed_data_is_planned_for_by_what_it_unpacks_to_and_is_told_of(plan: Any, s3: Any) -> None:
    header, rows = DATA.split(b"\n", 1)
    data, predict = gzip.compress(header + b"\n" + rows * 400), gzip.compress(DATA)
    made = stored_plan(s3, plan(data=data, predict=predict))
    assert made["profile"]["dialect"]["compression"] == "gzip"
    assert made["profile"]["rows"] == 48_000
    assert {one["code"] for one in made["profile"]["remarks"]} >= {"gzip"}
    assert any("predict.csv: the file is packed with gzip" in one["text"] for one in made["profile"]["remarks"])
    seconds = made["requests"]["processing"]["StoppingCondition"]["MaxRuntimeInSeconds"]
    assert seconds == splitting_seconds(10 * (len(data) + len(predict)))
