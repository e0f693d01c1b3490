"""A job's folder in the place of the container's /opt/ml."""

from __future__ import annotations

from pathlib import Path

import pytest

from warmfold.cloud.sagemaker.script_mode import JobFolder


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
