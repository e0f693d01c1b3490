"""What programs ask of training jobs beside the script: spot, checkpoints, retries, modes, isolation, the debugger."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.endpoint import Endpoint, refusal
from tests.conformance.requests import (
    BUCKET,
    channel,
    input_of,
    pooled,
    processing,
    scripted,
    training,
    tuning,
)
from warmfold.cloud.sagemaker.core import may_mount

SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 900},
}
DEBUGGER: dict[str, Any] = {
    "DebugHookConfig": {"S3OutputPath": f"s3://{BUCKET}/debug/", "CollectionConfigurations": []},
    "ProfilerConfig": {
        "S3OutputPath": f"s3://{BUCKET}/profile/",
        "ProfilingIntervalInMilliseconds": 500,
        "DisableProfiler": False,
    },
    "ProfilerRuleConfigurations": [{"RuleConfigurationName": "report", "RuleEvaluatorImage": "image"}],
}


def kept(name: str, **more: str) -> dict[str, Any]:
    return {"CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/kept/{name}", **more}}


def test_a_spot_job_runs_as_another_does(endpoint: Endpoint) -> None:
    job = endpoint.run(training("spot", **SPOT))
    assert (job["TrainingJobStatus"], job["EnableManagedSpotTraining"]) == ("Completed", True)
    assert job["StoppingCondition"] == SPOT["StoppingCondition"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"StoppingCondition": {"MaxWaitTimeInSeconds": 900}},
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true",
        ),
        (
            {"EnableManagedSpotTraining": True},
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
        ),
        (
            SPOT | {"StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 599}},
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
        ),
        (SPOT | pooled(), "KeepAlivePeriodInSeconds cannot be given with EnableManagedSpotTraining."),
        (kept("x", LocalPath="/checkpoints"), "it lies below /opt/ml."),
    ],
)
def test_what_cannot_go_together_is_refused(endpoint: Endpoint, changes: dict[str, Any], message: str) -> None:
    code, said = refusal(endpoint.sagemaker.create_training_job, **training("refused-option", **changes))
    assert code == "ValidationException"
    assert said.endswith(message)


def test_checkpoints_are_kept_in_s3_and_there_when_the_next_job_starts(endpoint: Endpoint) -> None:
    endpoint.put("kept/epochs-2/other", b"of another prefix")
    script = "mkdir -p /opt/ml/checkpoints/a; echo 1 > /opt/ml/checkpoints/a/1; exit 1"
    endpoint.run(training("epochs-1", script, **kept("epochs")))
    assert endpoint.objects("kept/epochs/") == {"a/1": b"1\n"}, "though the job failed"
    script = "ls -A /opt/ml/model/kept; cat /opt/ml/model/kept/a/1"
    job = endpoint.run(training("epochs-2", script, **kept("epochs/", LocalPath="/opt/ml/model/kept")))
    assert endpoint.lines("training", "epochs-2") == ["a", "1"]
    assert job["CheckpointConfig"]["LocalPath"] == "/opt/ml/model/kept"


def test_a_stopped_job_has_kept_its_checkpoints(endpoint: Endpoint) -> None:
    script = "echo 7 > /opt/ml/checkpoints/epoch; echo begun; sleep 600"
    endpoint.create(training("stopped-keeps", script, **kept("stopped")))
    endpoint.says("training", "stopped-keeps", "begun")
    endpoint.stop("training", "stopped-keeps")
    assert endpoint.finished("training", "stopped-keeps")["TrainingJobStatus"] == "Stopped"
    assert endpoint.objects("kept/stopped/") == {"epoch": b"7\n"}


def test_a_job_whose_instance_is_lost_is_tried_again_from_its_checkpoints(endpoint: Endpoint) -> None:
    lost = "echo >> /opt/ml/checkpoints/tries; wc -l < /opt/ml/checkpoints/tries; kill -9 $PPID; sleep 600"
    script = f'if [ "$(cat /opt/ml/checkpoints/tries | wc -l)" -lt 2 ]; then {lost}; else echo done; fi'
    request = training("tried-again", f"touch /opt/ml/checkpoints/tries; {script}", **kept("tries"))
    job = endpoint.run(request | {"RetryStrategy": {"MaximumRetryAttempts": 2}})
    assert job["TrainingJobStatus"] == "Completed", job
    assert endpoint.lines("training", "tried-again") == ["1", "2", "done"]
    assert [item["Status"] for item in job["SecondaryStatusTransitions"]].count("Starting") == 3
    assert job["RetryStrategy"] == {"MaximumRetryAttempts": 2}


def test_a_job_whose_instance_is_lost_too_often_fails_and_an_algorithm_s_error_is_not_retried(
    endpoint: Endpoint,
) -> None:
    once = {"RetryStrategy": {"MaximumRetryAttempts": 1}}
    job = endpoint.run(training("lost-twice", "echo try; kill -9 $PPID; sleep 600", **once))
    assert job["FailureReason"].startswith("InternalServerError")
    assert endpoint.lines("training", "lost-twice") == ["try", "try"]
    assert endpoint.run(training("fails-once", "echo try; exit 3", **once))["FailureReason"].endswith("exit code: 3")
    assert endpoint.lines("training", "fails-once") == ["try"]


@pytest.mark.parametrize("where", ["channel", "algorithm"])
def test_a_channel_in_fast_file_mode_reads_the_same(endpoint: Endpoint, where: str) -> None:
    train = channel("train", f"s3://{BUCKET}/parts/1/") | ({"InputMode": "FastFile"} if where == "channel" else {})
    script = "ls /opt/ml/input/data/train; cat /opt/ml/input/config/inputdataconfig.json"
    request = training(f"fast-{where}", script, InputDataConfig=[train])
    request["AlgorithmSpecification"]["TrainingInputMode"] = "File" if where == "channel" else "FastFile"
    endpoint.run(request)
    listed, told = endpoint.lines("training", f"fast-{where}")
    assert listed == "rows-1.csv"
    assert '"TrainingInputMode": "FastFile"' in told


@pytest.mark.parametrize("kind", ["training", "processing"])
def test_an_isolated_container_has_neither_keys_nor_a_network(endpoint: Endpoint, kind: str) -> None:
    ask = f"import urllib.request; urllib.request.urlopen('{endpoint.url}/_warmfold/health'); print('reached')"
    script = f'echo keys $AWS_ACCESS_KEY_ID $AWS_SESSION_TOKEN; python3 -c "{ask}" 2>&1 | tail -n 1'
    if kind == "training":
        job = endpoint.run(training("isolated", script, EnableNetworkIsolation=True))
    else:
        job = endpoint.run(processing("isolated", script, NetworkConfig={"EnableNetworkIsolation": True}))
    assert job.get("TrainingJobStatus", job.get("ProcessingJobStatus")) == "Completed"
    keys, network = endpoint.lines(kind, "isolated")[:2]
    assert keys == "keys"
    assert "Connection refused" in network if may_mount() else network == "reached"


def test_the_debugger_s_and_the_profiler_s_configuration_change_nothing(endpoint: Endpoint) -> None:
    job = endpoint.run(scripted("debugged", "silent.py", **DEBUGGER))
    assert job["TrainingJobStatus"] == "Completed"
    assert {name: job[name] for name in DEBUGGER} == DEBUGGER
    assert endpoint.objects("debug/") == endpoint.objects("profile/") == {}


def test_what_the_sdk_looks_for_in_a_description_is_there(endpoint: Endpoint) -> None:
    assert endpoint.run(training("described-key"))["OutputDataConfig"]["KmsKeyId"] == ""
    keyed = training("described-own-key", OutputDataConfig={"KmsKeyId": "alias/own"})
    assert endpoint.run(keyed)["OutputDataConfig"]["KmsKeyId"] == "alias/own"
    request = tuning("described-definition", total=1)
    resources = request["TrainingJobDefinition"].pop("ResourceConfig")
    request["TrainingJobDefinition"]["HyperParameterTuningResourceConfig"] = resources
    definition = endpoint.run(request)["TrainingJobDefinition"]
    assert definition["ResourceConfig"] == definition["HyperParameterTuningResourceConfig"] == resources
    assert definition["OutputDataConfig"]["KmsKeyId"] == ""
    assert definition["StaticHyperParameters"]["_tuning_objective_metric"] == "validation:score"


def test_a_candidate_has_the_options_of_its_definition(endpoint: Endpoint) -> None:
    options = SPOT | kept("candidate") | {"RetryStrategy": {"MaximumRetryAttempts": 1}}
    endpoint.run(tuning("spotted", total=1, TrainingJobDefinition=options))
    (candidate,) = endpoint.candidates("spotted")
    job = endpoint.describe("training", candidate["TrainingJobName"])
    assert {name: job[name] for name in options} == options


def test_inputs_of_isolated_processing_are_there(endpoint: Endpoint) -> None:
    inputs = [input_of("data", f"s3://{BUCKET}/parts/1/")]
    network = {"EnableNetworkIsolation": True}
    script = "cp /opt/ml/processing/input/data/* /opt/ml/processing/output/"
    endpoint.run(processing("isolated-inputs", script, ProcessingInputs=inputs, NetworkConfig=network))
    assert endpoint.objects("out/isolated-inputs/") == {"rows-1.csv": b"a,b\n1,2\n"}
