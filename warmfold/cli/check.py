"""`warmfold check`: what a run would do with a dataset, without a cloud."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import typer
from rich.console import Console

from warmfold.cli._experiment import (
    DataArgument,
    ExperimentOption,
    Given,
    MetricOption,
    PredictOption,
    ProblemOption,
    SetOption,
    TargetOption,
    overrides,
    refusal,
)
from warmfold.cli._options import JsonOption
from warmfold.first_lines import say
from warmfold_experiment.understanding import NotUnderstoodError, understand


def check(
    data: DataArgument,
    experiment: ExperimentOption = None,
    predict: PredictOption = None,
    target: TargetOption = None,
    metric: MetricOption = None,
    problem: ProblemOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a run would do with a dataset, without a cloud; exit code 1 with everything that is wrong."""
    given = Given(data, experiment, predict, overrides(target, metric, problem, settings))
    with tempfile.TemporaryDirectory() as folder:
        opened = given.opened(Path(folder))
        try:
            understood = understand(opened.text, opened.data, opened.to_score, overrides=given.overrides)
        except NotUnderstoodError as error:
            if not as_json:
                raise refusal(error) from error
            typer.echo(json.dumps({"errors": [*error.experiment, *error.data], "understanding": None}))
            raise typer.Exit(1) from error
    if as_json:
        found = {"errors": [], "understanding": understood.understanding, "experiment": understood.resolved}
        typer.echo(json.dumps(found))
    else:
        say(Console(), understood.understanding)
