"""`python -m tests.unit.training_code.imported_late <where> <estimator>`: what of scikit-learn a fit imports itself.

`where` is `candidate`, whose folds are processes forked from it, or `instance`, a warm one of the local cloud.
"""

from __future__ import annotations

import importlib
import sys

where, estimator = sys.argv[1:]
plan = {
    "experiment": {
        "estimator": estimator,
        "problem": "classification",
        "metric": "roc_auc",
        "cross_validation": {"seed": 1},
        "search": {"hyperparameters": {}},
    }
}
if where == "candidate":
    importlib.import_module("warmfold_jobs.training.fit").import_libraries(plan)
else:
    for library in importlib.import_module("warmfold.cloud.sagemaker.worker").PRELOADED:
        importlib.import_module(library)
before = set(sys.modules)

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from warmfold_data.cells import plain_reading  # noqa: E402
from warmfold_jobs.data.table import Schema  # noqa: E402
from warmfold_jobs.training.fit import fitted  # noqa: E402

rows = np.arange(200)
features = pd.DataFrame(
    {
        "heavy": np.exp(rows / 10),
        "name": [f"n{row * row}" for row in rows],
        "text": [f"the {row} words of a text {row * row}" for row in rows],
        "date": pd.to_datetime(rows * 40_000, unit="s").astype("datetime64[s]"),
    }
)
readings = {
    "heavy": plain_reading("numeric"),
    "name": plain_reading("text"),
    "text": plain_reading("text"),
    "date": plain_reading("date"),
}
schema = Schema(list(readings), readings, "y", "classification", ["no", "yes"])
model, _ = fitted(plan, schema, {}, features, rows % 2)  # type: ignore[arg-type]
steps = {name for name, *_ in model.named_steps["preprocessing"].transformers_}
wanted = {"numeric", "letters_0", "topics_0", "days", "hour"} | ({"heavy_tailed"} if estimator == "linear" else set())
if not wanted <= steps:
    sys.exit(f"of {wanted} only {steps} were fitted")
print(*sorted(name for name in set(sys.modules) - before if name.startswith("sklearn.")))
