"""The other side: the same fits in one plain process, as `python -m benchmarks.local_cloud.plain`.

It reads requests, one JSON object per line, and answers each with the seconds that the work took, by
the clock and on a core. `{"folder"}`: the
data to use from now on; `{"fold", "hyperparameters"}`: one fold as its job does it, reading included;
`{"candidates": [{"hyperparameters", "folds"}]}`: a scikit-learn and Optuna loop, which reads the data once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from warmfold_run import places
from warmfold_run.plan import Plan

REPOSITORY = Path(__file__).resolve().parents[2]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "LOKY_MAX_CPU_COUNT": "1"}
"""As the local cloud pins its jobs."""


class Plain:
    """The plain process, from outside."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "training_code")])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.local_cloud.plain"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | ONE_THREAD | {"PYTHONPATH": path},
            text=True,
        )

    def ask(self, **request: Any) -> tuple[float, float]:
        """Have it do something; gives the seconds that it took, and those of them on a core."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the plain loop ended; what it printed last says why")
        wall, cpu = json.loads(line)
        return wall, cpu

    def close(self) -> None:
        """End it."""
        self._process.communicate()


class Loop:
    """A run's data, and the fits on it."""

    def __init__(self, folder: Path) -> None:
        from warmfold_jobs.data.table import read_profile

        self._plan: Plan = json.loads((folder / places.PLAN).read_text("utf-8"))
        self._profile = folder / places.PROFILE
        self._schema = read_profile(self._profile)
        self._folder = folder / places.PARTS

    def fold(self, fold: int, hyperparameters: dict[str, str]) -> None:
        """What a fold job does."""
        from warmfold_jobs.data.parts import fold_rows
        from warmfold_jobs.training.fit import train_fold

        train_fold(self._plan, self._schema, hyperparameters, *fold_rows(self._folder, self._profile, fold))

    def tune(self, candidates: list[dict[str, Any]]) -> None:
        """The candidates' folds one after another, each candidate an Optuna trial; every fold scored on both sides."""
        import optuna

        from warmfold_jobs.data.parts import fold_rows
        from warmfold_jobs.data.table import read_table
        from warmfold_jobs.training.pipeline import build_pipeline
        from warmfold_jobs.training.scoring import score
        from warmfold_run.encoding import decode

        experiment = self._plan["experiment"]
        space, metric = experiment["search"]["hyperparameters"], experiment["metric"]
        tables = {
            fold: [
                read_table(rows.files, self._schema, rows.chosen)
                for rows in fold_rows(self._folder, self._profile, fold)
            ]
            for fold in range(self._plan["folds"])
        }
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        seed = experiment["cross_validation"]["seed"]
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))

        def objective(trial: optuna.Trial) -> float:
            asked = candidates[trial.number]
            values = decode(space, asked["hyperparameters"])
            scores = []
            for fold in asked["folds"]:
                (features, labels), (held, held_labels) = tables[fold]
                model = build_pipeline(self._schema, features, experiment["estimator"], values, seed)
                model.fit(features, labels)
                score(model, features, labels, metric)
                scores.append(score(model, held, held_labels, metric))
            return sum(scores) / len(scores)

        study.optimize(objective, n_trials=len(candidates))


def main() -> None:
    """Answer requests until the input ends."""
    import optuna  # noqa: F401 - neither side's imports count

    from warmfold_jobs.training import fit as training  # noqa: F401

    loop: Loop | None = None
    for line in sys.stdin:
        request = json.loads(line)
        started, started_cpu = time.perf_counter(), time.process_time()
        if "folder" in request:
            loop = Loop(Path(request["folder"]))
        elif loop is None:
            raise ValueError("the first request must say the folder")
        elif "fold" in request:
            loop.fold(request["fold"], request["hyperparameters"])
        else:
            loop.tune(request["candidates"])
        took = time.perf_counter() - started, time.process_time() - started_cpu
        print(json.dumps(took), flush=True)


if __name__ == "__main__":
    main()
