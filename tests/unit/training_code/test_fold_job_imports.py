"""What a job imports: a fold job starts once for each fold, and pays for each module."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["warmfold_jobs.training.job", "warmfold_jobs.data.parts"])
def test_a_fold_job_imports_nothing_that_reads_csv(module: str) -> None:
    script = f"import sys, {module}; print(*(name for name in sys.modules if name.startswith('warmfold_data.')))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-P", "-c", script]
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    assert told, "nothing of ours: the question is put wrongly"
    reading = {"csv_records", "csv_cells", "first_lines", "headers", "encodings", "no_rows", "file_kinds", "columns"}
    assert not {f"warmfold_data.{name}" for name in reading} & {*told.split()}
