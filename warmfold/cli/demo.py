"""`warmfold demo`: the whole pipeline on the local cloud, on a real dataset."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from warmfold.cli._experiment import Given
from warmfold.cli.local import DEFAULT_HOME, DEFAULT_PORT, HomeOption, PortOption
from warmfold.cli.runs import INTERRUPTED, check_and_upload, problem_of, read_summary, tell
from warmfold.cloud import local
from warmfold.errors import CommandError
from warmfold.follow import Clock, follow, result_table
from warmfold.progress import Progress
from warmfold.stack import Stack, open_stack
from warmfold.terminal import put
from warmfold_experiment.schema import NO_OVERRIDES
from warmfold_run import places

DATASET = "diabetes"
REPORT_SECONDS = 30
FEATURES = (
    *("age", "sex", "bmi", "blood_pressure", "cholesterol", "ldl", "hdl"),
    *("cholesterol_to_hdl", "log_triglycerides", "glucose"),
)
"""What scikit-learn calls s1 to s6 are blood serum measurements."""
EXPERIMENT = """\
target: progression
# a quarter held out, for with fewer of 442 rows a gain is hard to tell from chance
cross_validation: {n_splits: 5, holdout: 0.25}
search:
  max_candidates: 6
  max_parallel_candidates: 1
  hyperparameters:  # small trees, for there are few rows
    learning_rate: {min: 0.01, max: 0.2, scaling: Logarithmic}
    max_iter: {min: 20, max: 150}
    max_leaf_nodes: {min: 3, max: 15}
    min_samples_leaf: {min: 10, max: 50}
    max_features: {min: 0.3, max: 1.0}
# by default folds as short as these are trained in the candidates; here they are to show the warm pools
compute: {fold_placement: warm-pool}
"""


def demo(
    output: Annotated[Path, typer.Option(help="Folder for report, predictions, model.")] = Path("demo-output"),
    port: PortOption = DEFAULT_PORT,
    home: HomeOption = DEFAULT_HOME,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the local cloud up afterwards.")] = False,
) -> None:
    """Tune, register and apply a model of the progression of diabetes, on this machine alone."""
    console = Console()
    started = time.monotonic()
    cloud = local.up(home, port)
    try:
        put(console, f"local cloud up at {cloud.endpoint} after {time.monotonic() - started:.1f} s")
        run_demo(open_stack(session=cloud.session()), output, console)
        put(console, f"{time.monotonic() - started:.0f} s in all")
    except KeyboardInterrupt:
        tell("interrupted: the local cloud goes down, and its run with it")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        if not keep:
            local.down(home)
    if keep:
        put(console, "the local cloud is still up; `warmfold local down` stops it")


def run_demo(stack: Stack, output: Path, console: Console, clock: Clock | None = None) -> None:
    """Upload the data, follow the run, fetch what it made; raises CommandError when it did not succeed."""
    clock = clock or Clock()
    with tempfile.TemporaryDirectory() as folder:
        experiment, data = Path(folder, places.EXPERIMENT), Path(folder, places.DATA)
        experiment.write_text(EXPERIMENT)
        write_diabetes(data)
        version = check_and_upload(stack, DATASET, Given(data, experiment, None, NO_OVERRIDES), console)
    put(console, f"uploaded {stack.uri(places.data_key(DATASET))}; EventBridge starts the run")
    progress = follow(stack, stack.wait_for_execution(DATASET, version), console, clock, first_lines=False)
    summary = read_summary(stack, progress)
    problem = problem_of(stack, progress, summary)
    if problem:
        tell(problem)
    if progress.status != "SUCCEEDED":
        _wait_for_report(stack, progress, clock)
    place, folder_of_run = places.run_folder(progress.run), output / progress.run
    stack.download(place, folder_of_run)
    if progress.status == "SUCCEEDED" and summary is not None:
        console.print(result_table(_fetched(summary, stack.uri(place), folder_of_run)))
    report = folder_of_run / places.REPORT
    if report.is_file():
        put(console, f"open {report} in a browser; everything is in {folder_of_run}")
    if problem:
        raise CommandError("the demo did not succeed")


def _fetched(summary: dict[str, Any], uri: str, folder: Path) -> dict[str, Any]:
    """The summary with the places of its files on this machine: what is in S3 goes when the local cloud does."""
    locations = {
        name: str(folder / place.removeprefix(uri)) for name, place in summary["locations"].items() if place is not None
    }
    return summary | {"locations": locations}


def _wait_for_report(stack: Stack, progress: Progress, clock: Clock) -> None:
    """Wait until the clean-up has written its report; the local cloud takes it down with itself."""
    deadline = clock.now() + REPORT_SECONDS
    while stack.read_json(stack.summary_uri(progress.execution_arn)) is None and clock.now() < deadline:
        clock.sleep(0.5)


def write_diabetes(path: Path) -> None:
    """Write the diabetes data of Efron et al. (442 patients, 10 features, target `progression`) as CSV."""
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(as_frame=True, scaled=False)
    bunch.data.set_axis(FEATURES, axis="columns").assign(progression=bunch.target).to_csv(path, index=False)
