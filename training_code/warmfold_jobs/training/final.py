"""The final model: fitted on all the training rows, scored on the holdout, saved with the code that serves it."""

from __future__ import annotations

import json
import platform
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import sklearn

from warmfold_jobs.data.table import Schema, read_table
from warmfold_jobs.training.baselines import Rival, compared, held_against, untold
from warmfold_jobs.training.champion import ChampionModel, challenged, remembered, row_hashes
from warmfold_jobs.training.diagnose import Clock, Held, RowsToScore, diagnose
from warmfold_jobs.training.fit import fitted
from warmfold_jobs.training.monitoring import monitoring_files
from warmfold_jobs.training.scoring import Answers, ScoreError, absent_class, score
from warmfold_run import places
from warmfold_run.encoding import decode
from warmfold_run.plan import Plan
from warmfold_run.predictions import prediction_columns
from warmfold_run.records import Champion, FinalMetrics, HoldoutMetrics, ModelDescription
from warmfold_run.sources import source_files

CODE = Path(__file__).parents[2]
"""The training code: entry scripts and packages."""
SHARE_OF_TIME = 0.8
"""Of its MaxRuntime, what the job may use up to the end of its diagnostics: downloads and uploads need some as well."""


def train_final(
    plan: Plan,
    schema: Schema,
    given: dict[str, str],
    train: Sequence[Path],
    holdout: Sequence[Path],
    model_dir: Path,
    *,
    rows_to_score: Callable[[], RowsToScore | None] = lambda: None,
    champion: Callable[[], ChampionModel] | None = None,
    clock: Clock = time.perf_counter,
) -> FinalMetrics:
    """Fit on all the training rows, save the model into `model_dir`, score the holdout; returns what metrics.json says.

    `model_dir` gets model.joblib (a plain scikit-learn pipeline), model.json (what it expects and predicts),
    metrics.json, diagnostics.json, the files for Model Monitor, trained_on.npy (hashes of rows) and code/ (what serves
    it). `champion` gives the model to beat, for an experiment that asks for it.
    """
    ends = clock() + SHARE_OF_TIME * plan["requests"]["final"]["StoppingCondition"]["MaxRuntimeInSeconds"]
    features, labels = read_table(train, schema)
    model, seconds = fitted(plan, schema, given, features, labels)
    held_features, held_labels = read_table(holdout, schema)
    held = Held(held_features, held_labels, Answers(model, held_features))
    against = held_against(
        plan,
        schema,
        given,
        (features, labels),
        (held_features, held.answers),
        fit_seconds=seconds,
        seconds_left=ends - clock(),
    )
    on_holdout = _on_holdout(plan, schema, held, against)
    metrics: FinalMetrics = {
        "positive_class": schema.positive_class,
        "train_score": score(model, features, labels, plan["experiment"]["metric"]),
        **on_holdout,
        "champion": _champion(plan, schema, held, on_holdout["holdout_note"], champion),
        "fit_seconds": seconds,
        "rows": {"train": len(labels), "holdout": len(held_labels)},
    }
    left = ends - clock()
    told = diagnose(
        plan, schema, model, features, held, rows_to_score, fit_seconds=seconds, seconds_left=left, clock=clock
    )
    model_dir.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, model_dir / places.MODEL)
    files: dict[str, object] = {
        places.MODEL_DESCRIPTION: _description(plan, schema, given),
        places.METRICS: metrics,
        places.DIAGNOSTICS: told,
        **monitoring_files(schema, features, held, plan["experiment"]["cross_validation"]["seed"]),
    }
    for name, content in files.items():
        (model_dir / name).write_text(json.dumps(content, indent=1, allow_nan=False), "utf-8")
    np.save(model_dir / places.TRAINED_ON, remembered(row_hashes(features, labels, schema)), allow_pickle=False)
    for file in source_files(CODE):
        (model_dir / "code" / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CODE / file, model_dir / "code" / file)
    return metrics


def _on_holdout(plan: Plan, schema: Schema, held: Held, others: Sequence[Rival]) -> HoldoutMetrics:
    """What the holdout tells of the model and of what it is held against, or a note that says why it does not."""
    metric, seed = plan["experiment"]["metric"], plan["experiment"]["cross_validation"]["seed"]
    answers, labels = held.answers, held.labels
    note, value = None, None
    try:
        if (absent := absent_class(schema.classes, labels, metric)) is not None:
            raise ScoreError(f"the holdout has no row of class {absent!r}, without which {metric} can't be told")
        value = answers.score(labels, metric)
    except ScoreError as error:
        note = str(error)
    if value is None:
        dummy, defaults = untold(others, note or "")
        interval, error_of_score = None, None
    else:
        interval, error_of_score, (dummy, defaults) = compared(answers, others, labels, metric, seed)
    return {
        "holdout_score": value,
        "holdout_standard_error": error_of_score,
        "holdout_interval": interval.ends if interval else None,
        "holdout_interval_method": interval.method if interval else None,
        "holdout_note": note,
        "baselines": {"dummy": dummy, "defaults": defaults},
    }


def _champion(
    plan: Plan, schema: Schema, held: Held, note: str | None, load: Callable[[], ChampionModel] | None
) -> Champion | None:
    if not plan["experiment"]["quality_gate"]["beat_champion"]:
        return None
    if load is None:
        raise ValueError("the experiment asks to beat the champion, and nothing gives it")
    return challenged(plan, schema, held, note, load)


def _description(plan: Plan, schema: Schema, given: dict[str, str]) -> ModelDescription:
    experiment = plan["experiment"]
    return {
        "schema": 1,
        "run": plan["run"],
        "dataset": plan["dataset"],
        "features": schema.features,
        "readings": schema.readings,
        "target": schema.target,
        "problem": schema.problem,
        "classes": schema.classes,
        "positive_class": schema.positive_class,
        "prediction_columns": prediction_columns(schema.classes, schema.columns),
        "metric": experiment["metric"],
        "estimator": experiment["estimator"],
        "hyperparameters": decode(experiment["search"]["hyperparameters"], given),
        "versions": {
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "pandas": pd.__version__,
        },
    }
