"""All files of docs/reference."""

from __future__ import annotations

import json
from pathlib import Path

from tools.reference import catalogue, commands, experiment, experiment_schema, functions, shapes
from tools.reference.markdown import item, paragraphs
from warmfold_run import names, places

INDEX = {
    "experiment.md": "experiment.yaml, key by key; [experiment.schema.json](experiment.schema.json) is for editors",
    "catalogue.md": "what it can choose: estimators with their hyperparameters, metrics, splitters",
    "plan.md": "plan.json, the record of a run, which every part of it reads",
    "records.md": "what jobs write of themselves into the run's folder",
    "diagnostics.md": "diagnostics.json, what the holdout tells of the final model in detail",
    "summary.md": "summary.json, what is known of a run that has ended",
    "places.md": "every key below `datasets/`, `code/` and `runs/` of the data bucket",
    "names.md": "the names of executions, runs, jobs, models",
    "commands.md": "the `warmfold` command, and make's targets",
}
BY_HAND = {
    "fidelity.md": "what the local cloud shows of AWS, and what it does not",
    "conformance.md": "the local SageMaker, operation by operation",
    "step-functions-coverage.md": "the local Step Functions against records of AWS's",
}


def pages(root: Path) -> dict[str, str]:
    """Return the text of every file by its name below docs/reference; `root` is the repository's folder."""
    return {
        "README.md": _index(),
        "experiment.md": experiment.page(),
        "experiment.schema.json": json.dumps(experiment_schema.schema(), indent=2, ensure_ascii=False) + "\n",
        "catalogue.md": catalogue.page(),
        "plan.md": shapes.page("plan.md"),
        "records.md": shapes.page("records.md"),
        "diagnostics.md": shapes.page("diagnostics.md"),
        "summary.md": shapes.page("summary.md"),
        "places.md": functions.page(places, "Places"),
        "names.md": functions.page(names, "Names"),
        "commands.md": commands.page((root / "Makefile").read_text(encoding="utf-8")),
    }


def _index() -> str:
    return paragraphs(
        "# Reference",
        "Facts to look up, written from the code by `make reference`:",
        _list(INDEX),
        "and by hand:",
        _list(BY_HAND),
    )


def _list(index: dict[str, str]) -> str:
    return "\n".join(item(f"[{name}]({name}): {text}.") for name, text in index.items())
