"""A dataset of many files, and one of a Parquet file, from the upload to the model."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.local.runs import as_csv, breast_cancer, keys, read_frames, summary_of
from tests.local.test_uploads import QUICK
from tests.patience import PATIENCE
from warmfold.stack import Stack


def test_a_folder_of_files_is_tuned_on_as_one_dataset(stack: Stack, tmp_path: Path) -> None:
    frame, folder, experiment = breast_cancer(180), tmp_path / "many", tmp_path / "experiment.yaml"
    folder.mkdir()
    for place, start in enumerate(range(0, 180, 60)):
        (folder / f"part-{place}.csv").write_bytes(as_csv(frame[start : start + 60]))
    experiment.write_text(QUICK)
    version = stack.upload("many", folder, experiment, None)
    summary = summary_of(stack, stack.wait_for_execution("many", version, timeout=PATIENCE))
    assert summary["data"]["key"] == "datasets/many/data/_SUCCESS"
    assert summary["data"]["rows"] == 180
    assert summary["data"]["size"] == sum(file.stat().st_size for file in folder.iterdir())
    run = f"runs/{summary['run']}/"
    assert [key.removeprefix(f"{run}parts/0/") for key in keys(stack, f"{run}parts/0/")] == [
        f"part-{place:05d}.parquet" for place in range(3)
    ]
    predicted = read_frames(stack, f"{run}predictions/")
    held_out = pd.merge(frame, predicted, how="inner")
    assert len(held_out) == len(predicted) == summary["holdout"]["rows"]


def test_a_parquet_file_is_tuned_on_and_its_holdout_scored(stack: Stack, tmp_path: Path) -> None:
    frame, file, experiment = breast_cancer(180), tmp_path / "table.parquet", tmp_path / "experiment.yaml"
    frame.to_parquet(file)
    experiment.write_text(QUICK)
    version = stack.upload("table", file, experiment, None)
    summary = summary_of(stack, stack.wait_for_execution("table", version, timeout=PATIENCE))
    assert summary["data"]["key"] == "datasets/table/data.parquet"
    assert summary["data"]["rows"] == 180
    predicted = read_frames(stack, f"runs/{summary['run']}/predictions/")
    held_out = pd.merge(frame, predicted, how="inner")
    assert len(held_out) == len(predicted) == summary["holdout"]["rows"]
