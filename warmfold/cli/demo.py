"""`warmfold demo`: the whole pipeline on the local cloud, on a real dataset."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from warmfold.cli.local import DEFAULT_HOME, HomeOption
from warmfold.cli.runs import read_summary
from warmfold.cloud import local
from warmfold.follow import follow, result_table
from warmfold.stack import CommandError, Stack, open_stack

EXPERIMENT = """\
target: diagnosis
cross_validation: {n_splits: 5}
search: {max_candidates: 12, max_parallel_candidates: 2}
"""


def demo(
    output: Annotated[Path, typer.Option(help="Folder for report, predictions, model.")] = Path("demo-output"),
    port: Annotated[int, typer.Option(help="Port of the local cloud.")] = 4566,
    home: HomeOption = DEFAULT_HOME,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the local cloud up afterwards.")] = False,
) -> None:
    """Tune, register and apply a model on the Wisconsin breast cancer data, on this machine alone."""
    console = Console()
    started = time.monotonic()
    info = local.up(home, port)
    try:
        console.print(f"local cloud up at {info.endpoint} after {time.monotonic() - started:.1f} s")
        os.environ.update(info.environment)
        _run(open_stack(), output, console)
        console.print(f"{time.monotonic() - started:.0f} s in all")
    finally:
        if not keep:
            local.down(home)
    if keep:
        console.print("the local cloud is still up; `warmfold local down` stops it")


def _run(stack: Stack, output: Path, console: Console) -> None:
    with tempfile.TemporaryDirectory() as folder:
        experiment, data = Path(folder, "experiment.yaml"), Path(folder, "data.csv")
        experiment.write_text(EXPERIMENT)
        write_breast_cancer(data)
        version = stack.upload("breast-cancer", data, experiment, None)
    console.print(f"uploaded s3://{stack.bucket}/datasets/breast-cancer/data.csv; EventBridge starts the run")
    progress = follow(stack, stack.wait_for_execution("breast-cancer", version), console)
    summary = read_summary(stack, progress)
    if progress.status != "SUCCEEDED" or summary is None:
        raise CommandError(
            f"the run ended {progress.status} in state {progress.current_state}: {progress.cause or progress.error}"
        )
    console.print(result_table(summary))
    folder_of_run = output / str(summary["run"])
    stack.download(f"runs/{summary['run']}/", folder_of_run)
    console.print(f"report       {folder_of_run / 'report.html'}", highlight=False, soft_wrap=True)
    console.print(f"predictions  {folder_of_run / 'predictions'}", highlight=False, soft_wrap=True)
    console.print(f"everything   {folder_of_run}", highlight=False, soft_wrap=True)


def write_breast_cancer(path: Path) -> None:
    """Write the Wisconsin breast cancer data (569 rows, 30 measurements, target `diagnosis`) as CSV."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    frame = bunch.data.assign(diagnosis=[str(bunch.target_names[value]) for value in bunch.target])
    frame.to_csv(path, index=False)
