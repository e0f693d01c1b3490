"""A dataset of many files, and one of a Parquet file, from the upload to the model."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

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


@pytest.mark.long
def test_files_are_split_by_two_instances_with_the_same_scores_as_by_one(stack: Stack, tmp_path: Path) -> None:
    frame, folder, experiment = breast_cancer(180), tmp_path / "shared", tmp_path / "experiment.yaml"
    folder.mkdir()
    for place, start in enumerate(range(0, 180, 60)):
        (folder / f"part-{place}.csv").write_bytes(as_csv(frame[start : start + 60]))
    summaries = {}
    for instances in (1, 2):
        experiment.write_text(f"{QUICK}compute: {{split_instances: {instances}}}\n")
        version = stack.upload(f"shared-{instances}", folder, experiment, None)
        execution = stack.wait_for_execution(f"shared-{instances}", version, timeout=PATIENCE)
        summaries[instances] = summary_of(stack, execution)
    one, two = (f"runs/{summary['run']}/" for summary in summaries.values())
    same = [key.removeprefix(two) for key in keys(stack, two) if key.startswith((f"{two}parts/", f"{two}holdout/"))]
    assert same == [
        key.removeprefix(one) for key in keys(stack, one) if key.startswith((f"{one}parts/", f"{one}holdout/"))
    ]
    assert {name.partition("/")[0] for name in same} == {"parts", "holdout"}
    for name in same:
        first, second = (stack.s3.get_object(Bucket=stack.bucket, Key=run + name)["Body"].read() for run in (one, two))
        assert first == second, name
    assert summaries[2]["best"]["scores"] == summaries[1]["best"]["scores"]
    assert not keys(stack, f"{two}split/")
    assert [key.rsplit("/", 1)[1][:9] for key in keys(stack, f"{two}score/")] == ["chunk-00-", "chunk-01-"]
    pd.testing.assert_frame_equal(*(read_frames(stack, f"{run}predictions/") for run in (one, two)))


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
