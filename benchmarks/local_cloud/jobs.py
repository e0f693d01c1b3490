"""Fold jobs one at a time, warm and cold; and many small jobs, for what the server remembers of them."""

from __future__ import annotations

import copy
import io
import itertools
import json
import tarfile
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from benchmarks.local_cloud.clouds import Started
from benchmarks.local_cloud.plain import Plain
from benchmarks.local_cloud.tune import Tuned, until
from warmfold_run import names, places

POLL_SECONDS = 0.02
"""Seldom enough to leave the cores to what is measured; a score is seen this much late at most."""
LOOKS_AT_JOB = 50
"""Every so many looks for a score the job is asked whether it failed: seldom, for it takes from what is measured."""
SMALL_SCRIPT = b"print('model validation score:0.5;')\n"
AT_A_TIME = 2


@dataclass
class FoldTimes:
    """Seconds from CreateTrainingJob to the score in S3, to Completed, and of the same work in the plain process."""

    to_score: list[float] = field(default_factory=list)
    to_completed: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)


def time_folds(tuned: Tuned, plain: Plain, warm: int, cold: int) -> FoldTimes:
    """Fold jobs of the plan's own request and, after each, the same fold in the plain process."""
    times = FoldTimes()
    hyperparameters = tuned.candidates[0]["hyperparameters"]
    for number in range(cold):
        times.cold.append(_one_fold(tuned, _candidate("cold", number), 0, volume=100 + number)[1])
    _one_fold(tuned, _candidate("first"), 0)  # leaves the pool that the others use
    for number in range(warm):
        fold = number % tuned.plan["folds"]
        to_score, to_completed = _one_fold(tuned, _candidate("warm", number), fold)
        times.to_score.append(to_score)
        times.to_completed.append(to_completed)
        times.plain.append(plain.ask(fold=fold, hyperparameters=hyperparameters)[0])
    return times


def _one_fold(tuned: Tuned, candidate: str, fold: int, volume: int | None = None) -> tuple[float, float]:
    """Run a fold job; gives the seconds to its score and to Completed. Another `volume` matches no pool."""
    stack = tuned.stack
    request = copy.deepcopy(tuned.plan["requests"]["fold"])
    space = tuned.plan["experiment"]["search"]["hyperparameters"]
    tuned_values = {name: tuned.candidates[0]["hyperparameters"][name] for name in space}
    request |= {
        "TrainingJobName": names.fold_job(candidate, fold),
        "HyperParameters": request["HyperParameters"] | tuned_values,
    }
    if volume is not None:
        request["ResourceConfig"] |= {"VolumeSizeInGB": volume, "KeepAlivePeriodInSeconds": 0}
    prefix = places.key_of(places.candidate_folder(tuned.plan["locations"], candidate))
    started = time.time()
    stack.sagemaker.create_training_job(**request)
    looks = itertools.count(1)

    def has_scored() -> bool:
        if next(looks) % LOOKS_AT_JOB == 0:
            _raise_if_failed(stack.sagemaker.describe_training_job(TrainingJobName=request["TrainingJobName"]))
        return "Contents" in stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix=prefix)

    until(has_scored, POLL_SECONDS)
    scored = time.time()
    job = _ended(stack.sagemaker, request["TrainingJobName"])
    completed: datetime = job["TrainingEndTime"]
    return scored - started, completed.timestamp() - started


def _ended(sagemaker: Any, name: str) -> Any:
    def ended() -> Any:
        job = sagemaker.describe_training_job(TrainingJobName=name)
        return None if job["TrainingJobStatus"] in ("InProgress", "Stopping") else job

    job = until(ended, POLL_SECONDS)
    _raise_if_failed(job)
    return job


def _candidate(kind: str, number: int = 0) -> str:
    return names.candidate_job(kind, number, "00000000")


def _raise_if_failed(job: Any) -> None:
    if job["TrainingJobStatus"] in ("Failed", "Stopped"):
        reason = job.get("FailureReason")
        raise RuntimeError(f"training job {job['TrainingJobName']} ended {job['TrainingJobStatus']}: {reason}")


def memory_of_jobs(started: Started, settled: int, total: int) -> tuple[float, list[float]]:
    """Run `total` jobs that print one metric line, in warm pools.

    Gives the bytes by which the server grew from job `settled` to the last, and the jobs' seconds to Completed.
    """
    role = _prepare(started)
    lock, numbers = threading.Lock(), iter(range(total))
    seconds: list[float] = []
    memory: dict[int, int] = {}

    def work() -> None:
        sagemaker = started.client("sagemaker")
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            name = f"small-{number}"
            before = time.time()
            sagemaker.create_training_job(**_small_request(name, role))
            took = _ended(sagemaker, name)["TrainingEndTime"].timestamp() - before
            with lock:
                seconds.append(took)
                if len(seconds) in (settled, total):
                    memory[len(seconds)] = started.memory()

    threads = [threading.Thread(target=work) for _ in range(AT_A_TIME)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return memory[total] - memory[settled], seconds


def _prepare(started: Started) -> str:
    """Put the script into S3; gives the ARN of a role to run it with."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        member = tarfile.TarInfo("script.py")
        member.size = len(SMALL_SCRIPT)
        tar.addfile(member, io.BytesIO(SMALL_SCRIPT))
    s3 = started.client("s3")
    s3.create_bucket(Bucket="small-jobs")
    s3.put_object(Bucket="small-jobs", Key="code.tar.gz", Body=archive.getvalue())
    iam = started.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    role = iam.create_role(
        RoleName="small-jobs", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName="small-jobs", PolicyName="s3", PolicyDocument=document)
    return str(role["Role"]["Arn"])


def _small_request(name: str, role: str) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "RoleArn": role,
        "AlgorithmSpecification": {
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "validation:score", "Regex": "model validation score:(.*?);"}],
        },
        "HyperParameters": {
            "sagemaker_program": "script.py",
            "sagemaker_submit_directory": "s3://small-jobs/code.tar.gz",
        },
        "OutputDataConfig": {"S3OutputPath": "s3://small-jobs/output/"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
            "KeepAlivePeriodInSeconds": 600,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "Tags": [{"Key": "benchmark", "Value": "small"}],
    }
