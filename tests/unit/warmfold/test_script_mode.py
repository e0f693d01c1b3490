"""A job's folder in the place of the container's /opt/ml."""

from __future__ import annotations

from pathlib import Path

import pytest

from warmfold.cloud.sagemaker.pythons import JobPython
from warmfold.cloud.sagemaker.script_mode import JobFolder, training_task
from warmfold.cloud.sagemaker.settings import Settings


def python_of(folder: Path) -> JobPython:
    return JobPython(folder / "python", folder / "pythons")


@pytest.mark.parametrize(
    ("text", "mapped"),
    [
        ("/opt/ml", "ROOT"),
        ("/opt/ml/model", "ROOT/model"),
        ("cd /opt/ml && ls /opt/ml/code.", "cd ROOT && ls ROOT/code."),
        ('{"LocalPath": "/opt/ml/processing"}', '{"LocalPath": "ROOT/processing"}'),
        ("A=/opt/ml:/opt/ml/code", "A=ROOT:ROOT/code"),
        ("file:///opt/ml/model", "file://ROOT/model"),
        ("-o/opt/ml/output", "-oROOT/output"),
        ("cc -I/opt/ml/code", "cc -IROOT/code"),
        ("/opt/mlflow", "/opt/mlflow"),
        ("/opt/ml-2/x", "/opt/ml-2/x"),
        ("/opt/ml.old", "/opt/ml.old"),
        ("s3://bucket/opt/ml/model", "s3://bucket/opt/ml/model"),
        ("s3://opt/ml/model", "s3://opt/ml/model"),
        ("/data/opt/ml", "/data/opt/ml"),
    ],
)
def test_only_paths_that_begin_with_opt_ml_are_mapped(text: str, mapped: str) -> None:
    folder = JobFolder(Path("/jobs/a\\1"))
    assert folder.mapped(text) == mapped.replace("ROOT", str(folder.opt_ml))


def test_a_job_may_count_on_the_one_core_that_it_is_admitted_with(tmp_path: Path) -> None:
    request = {
        "TrainingJobName": "job",
        "RoleArn": "arn:aws:iam::123456789012:role/fold",
        "AlgorithmSpecification": {"ContainerEntrypoint": ["train"]},
        "ResourceConfig": {"InstanceType": "ml.m5.24xlarge"},
    }
    keys = {"AccessKeyId": "testing", "SecretAccessKey": "testing"}
    task = training_task(
        JobFolder(tmp_path), request, "arn", Settings(tmp_path, "123456789012", cores=8), keys, python_of(tmp_path)
    )
    assert task.env["SM_NUM_CPUS"] == "1"


def test_a_script_gets_its_hyperparameters_as_the_toolkit_hands_them_on(tmp_path: Path) -> None:
    given = {"a": "null", "flag": "true", "map": '{"y": 2, "x": 1}', "words": '["p", "q"]', "text": "sqrt"}
    own = {"sagemaker_program": "fit.py", "sagemaker_submit_directory": "s3://b/c", "_tuning_objective_metric": "m"}
    request = {
        "TrainingJobName": "job",
        "RoleArn": "arn:aws:iam::123456789012:role/fold",
        "HyperParameters": own | given,
        "ResourceConfig": {"InstanceType": "ml.m5.large"},
    }
    folder = JobFolder(tmp_path)
    folder.code.mkdir(parents=True)
    (folder.code / "fit.py").touch()
    keys = {"AccessKeyId": "testing", "SecretAccessKey": "testing"}
    task = training_task(folder, request, "arn", Settings(tmp_path, "123456789012"), keys, python_of(tmp_path))
    assert " ".join(task.argv) == "-a  --flag True --map x=1,y=2 --text sqrt --words ['p', 'q']"
    found = {name: value for name, value in task.env.items() if name.startswith("SM_HP_")}
    assert found == {
        "SM_HP_A": "",
        "SM_HP_FLAG": "true",
        "SM_HP_MAP": '{"x":1,"y":2}',
        "SM_HP_TEXT": "sqrt",
        "SM_HP_WORDS": '["p","q"]',
    }
