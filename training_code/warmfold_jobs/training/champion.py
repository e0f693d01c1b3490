"""The approved model that the final one must beat: loaded from its run's archive, scored on the same holdout rows."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
import sklearn

from warmfold_catalogue.metrics import load_metric
from warmfold_jobs.data.table import Schema
from warmfold_jobs.storage import is_there
from warmfold_jobs.training import intervals
from warmfold_jobs.training.diagnose import Held
from warmfold_jobs.training.gains import gained
from warmfold_jobs.training.scoring import Answers, ScoreError
from warmfold_run import places
from warmfold_run.places import split_uri
from warmfold_run.plan import Plan
from warmfold_run.records import Champion, ModelDescription

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_REMEMBERED = 250_000
"""Rows whose hashes a model's archive has at most: 2 MB."""
SEEN = 0.01
"""The share of the holdout's rows that a champion may have been trained on: a few copies of rows decide nothing."""
_Array = np.ndarray[Any, Any]


class NotComparableError(ValueError):
    """The champion can't be scored on these rows; the text says why, as the end of a sentence."""


class ChampionModel(NamedTuple):
    """A model out of its archive: the pipeline, what model.json says, and hashes of rows that it was trained on."""

    pipeline: Any
    told: ModelDescription
    trained_on: _Array


def row_hashes(features: pd.DataFrame, labels: _Array, schema: Schema) -> _Array:
    """64 bits for each row that its features and its target decide, whatever the order of columns and classes."""
    target = labels if schema.classes is None else np.array(schema.classes, dtype=object)[labels]
    frame = features[sorted(schema.features)].assign(**{schema.target: target})
    hashes: _Array = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return hashes


def remembered(hashes: _Array) -> _Array:
    """The hashes that an archive keeps, in order: the smallest so many, which are a sample of the rows."""
    return np.unique(hashes)[:MOST_REMEMBERED]


def load_champion(s3: S3Client, plan: Plan) -> ChampionModel:
    """The champion that the plan names, of its archive only the pipeline, its description and its rows' hashes.

    Unpickling runs what the archive says, so it must lie where only this stack's jobs write; its `code/` is not read.
    Raises NotComparableError.
    """
    package = plan["champion"]
    if package is None:
        raise NotComparableError("there is none")
    bucket, key = split_uri(package["model_data_url"])
    if bucket != plan["bucket"] or not key.startswith(f"{places.run_folder(package['run'])}model/"):
        raise NotComparableError(f"its archive {package['model_data_url']} is not one of this stack's runs")
    if not is_there(s3, package["model_data_url"]):
        raise NotComparableError(f"its archive {package['model_data_url']} is gone")
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
        told: ModelDescription = json.loads(_member(archive, places.MODEL_DESCRIPTION))
        fitted_by = told["versions"]["scikit-learn"]
        if fitted_by != sklearn.__version__:
            raise NotComparableError(
                f"it was fitted by scikit-learn {fitted_by}, and this job has {sklearn.__version__}"
            )
        trained_on = np.load(io.BytesIO(_member(archive, places.TRAINED_ON)), allow_pickle=False)
        return ChampionModel(joblib.load(io.BytesIO(_member(archive, places.MODEL))), told, trained_on)


def challenged(plan: Plan, schema: Schema, held: Held, note: str | None, load: Callable[[], ChampionModel]) -> Champion:
    """Whether the final model is better than the champion on the holdout, by a paired bootstrap.

    It is better where the two-sided 95% interval of the gain is above 0: of two equally good models one in 40 is
    promoted. `note` is why the holdout tells no score, where it does not.
    """
    package = plan["champion"]
    if package is None:
        return _verdict(plan, "no champion", "there is no approved model of this dataset to beat")
    try:
        if note is not None:
            raise NotComparableError(note)
        champion = load()
        _check(champion, schema, held)
        return _compared(plan, champion, held)
    except (NotComparableError, ScoreError) as error:
        return _verdict(plan, "not comparable", f"the champion of run {package['run']} is not comparable: {error}")


def _check(champion: ChampionModel, schema: Schema, held: Held) -> None:
    """Raise NotComparableError where it answers another question, or knows the answers."""
    told = champion.told
    for what, its, ours in (
        ("target", told["target"], schema.target),
        ("problem", told["problem"], schema.problem),
        ("classes", told["classes"], schema.classes),
        ("features", sorted(told["features"]), sorted(schema.features)),
        ("readings of columns", told["readings"], schema.readings),
    ):
        if its != ours:
            raise NotComparableError(f"its {what} are others" if what.endswith("s") else f"its {what} is another")
    hashes, known = row_hashes(held.features, held.labels, schema), champion.trained_on
    if len(known) == MOST_REMEMBERED:
        hashes = hashes[hashes <= known[-1]]
    seen = int(np.isin(hashes, known).sum())
    if not len(hashes) or seen > SEEN * len(hashes):
        raise NotComparableError(f"it was trained on {seen} of {len(hashes)} rows of the holdout that were looked up")


def _compared(plan: Plan, champion: ChampionModel, held: Held) -> Champion:
    metric, seed = plan["experiment"]["metric"], plan["experiment"]["cross_validation"]["seed"]
    theirs = Answers(champion.pipeline, held.features[champion.told["features"]])
    score, its = held.answers.score(held.labels, metric), theirs.score(held.labels, metric)
    scores = intervals.resampled([held.answers, theirs], held.labels, metric, seed)
    interval = intervals.of_difference(scores[0], scores[1], len(held.labels))
    if interval.low is None or interval.high is None:
        raise NotComparableError(interval.method)
    better = interval.low > 0
    said = (
        f"the model is {'' if better else 'not '}better than the champion of run {champion.told['run']}: "
        + gained(load_metric(metric), score - its, interval)
        + ("" if better else ", which may be chance" if interval.high > 0 else "")
    )
    found = _verdict(plan, "better" if better else "not better", said)
    return {**found, "score": its, "gain": score - its, "gain_interval": interval.ends}


def _verdict(plan: Plan, verdict: Any, said: str) -> Champion:
    package = plan["champion"]
    return {
        "model_package_arn": package["model_package_arn"] if package else None,
        "run": package["run"] if package else None,
        "verdict": verdict,
        "score": None,
        "gain": None,
        "gain_interval": None,
        "said": said,
    }


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    """A file of an archive, without unpacking anything; raises NotComparableError where there is none."""
    for member in archive:
        if member.isfile() and member.name.removeprefix("./") == name:
            file = archive.extractfile(member)
            if file is not None:
                return file.read()
    raise NotComparableError(f"its archive has no {name}")
