"""The champion is scored on the same holdout rows, and only a gain beyond chance promotes the model after it."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from tests.unit.training_code.split import split
from warmfold_jobs.training.champion import load_champion
from warmfold_jobs.training.final import train_final
from warmfold_run.records import Champion

ALPHA = {"alpha": {"min": 0.001, "max": 100000.0, "type": "continuous", "scaling": "Logarithmic"}}
URL = "s3://bucket/runs/before/model/wf-before-final/output/model.tar.gz"


class Archives:
    """An S3 that holds model archives."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def list_objects_v2(self, Bucket: str, Prefix: str, MaxKeys: int) -> dict[str, Any]:  # noqa: N803
        keys = sorted(uri.removeprefix(f"s3://{Bucket}/") for uri in self.objects)
        return {"Contents": [{"Key": key} for key in keys if key.startswith(Prefix)][:MaxKeys]}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        uri = f"s3://{Bucket}/{Key}"
        if uri not in self.objects:  # as S3 answers who may not list the whole bucket
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[uri])}


def table(rows: int = 400, seed: int = 1, noise: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    columns = {name: x[:, place] for place, name in enumerate("abcd")}
    return pd.DataFrame({**columns, "y": x @ np.array([3.0, 2.0, 1.0, 0.5]) + noise * rng.normal(size=rows)})


def trained(folder: Path, frame: pd.DataFrame, alpha: str, metric: str = "r2", **more: Any) -> dict[str, Any]:
    ready = split(folder, frame, problem="regression", metric=metric, estimator="linear", space=ALPHA, seed=3)
    plan = ready.plan | more
    if more:
        plan["experiment"] = plan["experiment"] | {"quality_gate": {"beat_champion": True}}
    archives = more.pop("archives", None)
    load = lambda: load_champion(archives, plan)  # type: ignore[arg-type, return-value]  # noqa: E731
    given = {"alpha": alpha}
    return dict(train_final(plan, ready.schema, given, ready.files, ready.holdout, folder / "model", champion=load))


def packed(folder: Path, changed: dict[str, bytes] | None = None) -> bytes:
    """The archive of the model that was trained in a folder, with other bytes in some of its files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for file in sorted((folder / "model").iterdir()):
            if file.is_file():
                content = (changed or {}).get(file.name, file.read_bytes())
                member = tarfile.TarInfo(f"./{file.name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        bomb = tarfile.TarInfo("code/inference.py")
        archive.addfile(bomb, io.BytesIO(b""))
    return packed.getvalue()


def challenge(
    folder: Path,
    archive: bytes | None,
    frame: pd.DataFrame | None = None,
    alpha: str = "1.0",
    url: str = URL,
    metric: str = "r2",
) -> dict[str, Any]:
    """What the final job says, when the champion's archive is this one."""
    (folder / "model").mkdir()
    archives = Archives()
    if archive is not None:
        archives.objects[url] = archive
    package = {"model_package_arn": "arn", "run": "before", "model_data_url": url}
    frame = table() if frame is None else frame
    return trained(folder / "model", frame, alpha, metric, champion=package, archives=archives)


def judged(
    folder: Path, alphas: tuple[str, str], frames: tuple[pd.DataFrame, pd.DataFrame], metric: str = "r2"
) -> Champion:
    """What the final job says of a champion with the first alpha, when it has the second."""
    (folder / "champion").mkdir()
    trained(folder / "champion", frames[0], alphas[0], metric)
    found: Champion = challenge(folder, packed(folder / "champion"), frames[1], alphas[1], metric=metric)["champion"]
    return found


def test_a_model_that_is_better_beyond_chance_beats_the_champion(tmp_path: Path) -> None:
    found = judged(tmp_path, ("90000", "1.0"), (table(), table()))
    assert found["verdict"] == "better"
    assert found["gain_interval"] is not None
    assert found["gain_interval"][0] > 0
    assert (found["model_package_arn"], found["run"]) == ("arn", "before")
    assert found["said"].startswith("the model is better than the champion of run r: +")


@pytest.mark.parametrize(
    ("alphas", "verdict", "said"),
    [
        (("90000", "1.0"), "better", r"is better than the champion of run r: mean absolute error lower by "),
        (("1.0", "90000"), "not better", r"is not better than the champion of run r: mean absolute error higher by "),
    ],
)
def test_of_an_error_it_is_said_which_way_it_went(
    tmp_path: Path, alphas: tuple[str, str], verdict: str, said: str
) -> None:
    found = judged(tmp_path, alphas, (table(), table()), metric="neg_mean_absolute_error")
    assert found["verdict"] == verdict
    assert re.fullmatch(rf"the model {said}\d+\.\d+ \(\d+\.\d+ to \d+\.\d+\)", found["said"])


def test_noise_does_not_promote(tmp_path: Path) -> None:
    found = judged(tmp_path, ("1.0", "1.2"), (table(), table()))
    assert found["verdict"] == "not better"
    assert found["score"] is not None
    assert "the model is not better than the champion" in found["said"]


def test_a_champion_of_older_data_is_compared_on_rows_that_it_has_not_seen(tmp_path: Path) -> None:
    whole = table()
    assert judged(tmp_path, ("1.0", "1.0"), (whole.head(300), whole))["verdict"] == "not better"


def test_a_champion_that_was_trained_on_the_holdout_is_not_comparable(tmp_path: Path) -> None:
    (tmp_path / "champion").mkdir()
    ready = split(tmp_path / "champion", table(), problem="regression", metric="r2", estimator="linear", space=ALPHA)
    files = [*ready.files, *ready.holdout]
    train_final(ready.plan, ready.schema, {"alpha": "1.0"}, files, ready.holdout, tmp_path / "champion" / "model")
    metrics = challenge(tmp_path, packed(tmp_path / "champion"))
    rows = metrics["rows"]["holdout"]
    assert metrics["champion"]["verdict"] == "not comparable"
    assert f"it was trained on {rows} of {rows} rows of the holdout" in metrics["champion"]["said"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda frame: frame.rename(columns={"d": "e"}), "its features are others"),
        (lambda frame: frame.rename(columns={"y": "z"}), "its target is another"),
    ],
)
def test_a_champion_of_other_columns_is_not_comparable(tmp_path: Path, change: Any, why: str) -> None:
    found = judged(tmp_path, ("1.0", "1.0"), (change(table()), table()))
    assert (found["verdict"], found["score"]) == ("not comparable", None)
    assert why in found["said"]


NOT_A_PICKLE = {"model.joblib": b"boom"}
"""In place of the model: unpickling it is an error."""


@pytest.mark.parametrize("url", ["s3://other/runs/before/model/x.tar.gz", "s3://bucket/runs/another/model/x.tar.gz"])
def test_an_archive_from_elsewhere_is_not_unpickled(tmp_path: Path, url: str) -> None:
    (tmp_path / "other").mkdir()
    trained(tmp_path / "other", table(), "1.0")
    found = challenge(tmp_path, packed(tmp_path / "other", NOT_A_PICKLE), url=url)["champion"]
    assert found["verdict"] == "not comparable"
    assert f"its archive {url} is not one of this stack's runs" in found["said"]


def test_a_champion_of_another_scikit_learn_is_not_unpickled(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    trained(tmp_path / "other", table(), "1.0")
    description = tmp_path / "other" / "model" / "model.json"
    told = json.loads(description.read_text())
    told["versions"]["scikit-learn"] = "0.1"
    description.write_text(json.dumps(told))
    metrics = challenge(tmp_path, packed(tmp_path / "other", NOT_A_PICKLE))
    assert metrics["champion"]["verdict"] == "not comparable"
    assert "it was fitted by scikit-learn 0.1, and this job has" in metrics["champion"]["said"]


def test_a_champion_whose_archive_is_gone_is_not_comparable(tmp_path: Path) -> None:
    metrics = challenge(tmp_path, None)
    assert metrics["champion"]["verdict"] == "not comparable"
    assert metrics["champion"]["said"].endswith(f"its archive {URL} is gone")


def test_without_a_champion_there_is_nothing_to_beat(tmp_path: Path) -> None:
    metrics = trained(tmp_path, table(), "1.0", champion=None, archives=Archives())
    assert metrics["champion"]["verdict"] == "no champion"
