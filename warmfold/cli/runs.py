"""`warmfold run`, `watch` and `stop`: on AWS and on the local cloud alike."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

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
    checked,
    overrides,
    text_with,
)
from warmfold.cli._options import JsonOption, StackOption
from warmfold.errors import CommandError
from warmfold.first_lines import say
from warmfold.follow import follow, follow_clean_up, result_table
from warmfold.progress import Progress, read_leftovers, readable
from warmfold.stack import DEFAULT_STACK, Stack, check_dataset_name, open_stack
from warmfold.terminal import put
from warmfold_experiment.file import MAX_BYTES
from warmfold_run import places
from warmfold_run.names import run_id
from warmfold_run.understanding import listed

INTERRUPTED = 130
OutputOption = Annotated[
    Path | None, typer.Option(help="Folder to fetch report, predictions and model into at the end.", file_okay=False)
]


def run(
    data: DataArgument,
    dataset: Annotated[str | None, typer.Option(help="The dataset's name; the file's by default.")] = None,
    experiment: ExperimentOption = None,
    predict: PredictOption = None,
    target: TargetOption = None,
    metric: MetricOption = None,
    problem: ProblemOption = None,
    settings: SetOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")] = False,
    output: OutputOption = None,
    stack: StackOption = DEFAULT_STACK,
    as_json: JsonOption = False,
) -> None:
    """Check a dataset and upload it, which starts a run; with --wait, exit code 0 only when it succeeds."""
    name = check_dataset_name(name_of(data) if dataset is None else dataset)
    given = overrides(target, metric, problem, settings)
    opened = open_stack(stack)
    version = check_and_upload(opened, name, Given(data, experiment, predict, given), Console(stderr=as_json))
    execution_arn = opened.wait_for_execution(name, version)
    started = run_id(execution_arn)
    if wait or output is not None:
        _follow_to_the_end(opened, execution_arn, as_json, output, first_lines=False)
    elif as_json:
        told = {"run": started, "dataset": name, "data_version": version, "execution_arn": execution_arn}
        typer.echo(json.dumps(told))
    else:
        put(Console(), f"started run {started} ({execution_arn})\nfollow it: warmfold watch {started}")


def watch(
    run: Annotated[str | None, typer.Argument(help="Run id, execution name or ARN; the newest by default.")] = None,
    output: OutputOption = None,
    stack: StackOption = DEFAULT_STACK,
    as_json: JsonOption = False,
) -> None:
    """Follow a run to its end; exit code 0 only when it succeeds."""
    opened = open_stack(stack)
    _follow_to_the_end(opened, opened.find_execution(run), as_json, output, first_lines=True)


def stop(
    run: Annotated[str, typer.Argument(help="Run id, execution name or ARN.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until none of its jobs or pools is left.")] = False,
    stack: StackOption = DEFAULT_STACK,
    as_json: JsonOption = False,
) -> None:
    """Abort a run, or see to what one that has ended has left: its jobs are stopped, its pools released."""
    opened = open_stack(stack)
    execution_arn = opened.find_execution(run)
    name = run_id(execution_arn)
    before = opened.stepfunctions.describe_execution(executionArn=execution_arn)["status"]
    if before == "RUNNING":
        opened.stepfunctions.stop_execution(executionArn=execution_arn, error="Stopped", cause="warmfold stop")
    told = f"run {name} is aborted" if before == "RUNNING" else f"run {name} had already ended: {before}"
    cleans = before == "RUNNING"
    if before != "RUNNING" and read_leftovers(opened, execution_arn).any:
        cleans = True
        opened.clean_up(execution_arn, before)
    if not as_json:
        put(Console(), f"{told}; its jobs and pools are being cleaned up" if cleans and not wait else told)
    if wait:
        follow_clean_up(opened, execution_arn, Console(stderr=as_json))
    if as_json:
        told_json = {"run": name, "execution_arn": execution_arn, "stopped": before == "RUNNING", "clean": wait or None}
        typer.echo(json.dumps(told_json))


def name_of(data: Path) -> str:
    """A dataset's name where none is given: the file's or the folder's."""
    return data.resolve().name if data.is_dir() else data.stem


def check_and_upload(stack: Stack, dataset: str, given: Given, console: Console) -> str:
    """Say what a run would do, upload what it needs, and return the data's version; files of before are used too.

    Raises CommandError, with everything that is wrong, before anything is uploaded.
    """
    with tempfile.TemporaryDirectory() as name:
        rows, text, to_score, paths = given.opened(Path(name))
        data, experiment, predict = paths.data, paths.experiment, paths.predict
        files = {places.EXPERIMENT: experiment, places.PREDICT: predict}
        there = stack.in_use(dataset, [file for file, path in files.items() if path is not None])
        if data.is_dir() and (others := stack.strangers(dataset, data)):
            raise CommandError(
                f"dataset {dataset} has {listed([stack.uri(other) for other in others], 1)} from before, "
                "which the run would read too; delete what is not in the folder, or give another name with --dataset"
            )
        folder = places.dataset_folder(dataset)
        for file in there:
            tell(f"dataset {dataset} has {file} from before, which this run uses too: {stack.uri(folder + file)}")
        if places.EXPERIMENT in there:
            text = stack.read(folder + places.EXPERIMENT, MAX_BYTES + 1)
        if places.PREDICT in there:
            to_score = stack.source(folder + places.PREDICT)
        say(console, checked(text, rows, to_score, given.overrides).understanding)
        if given.overrides.keys:
            experiment = Path(name, "with-keys.yaml")
            experiment.write_bytes(text_with(text, given.overrides))
        return stack.upload(dataset, data, experiment, predict)


def _follow_to_the_end(
    stack: Stack, execution_arn: str, as_json: bool, output: Path | None, *, first_lines: bool
) -> None:
    console = Console(stderr=as_json)
    try:
        progress = follow(stack, execution_arn, console, first_lines=first_lines)
    except KeyboardInterrupt:
        name = run_id(execution_arn)
        tell(f"run {name} goes on; `warmfold watch {name}` follows it, `warmfold stop {name}` ends it")
        raise typer.Exit(INTERRUPTED) from None
    summary = read_summary(stack, progress)
    if as_json:
        typer.echo(json.dumps({"progress": progress.as_dict(), "summary": summary}))
    elif summary is not None:
        console.print(result_table(summary))
        if summary.get("approve"):
            put(console, f"approve the model: {summary['approve']}")
    if output is not None and summary is not None:
        folder = output / progress.run
        stack.download(places.run_folder(progress.run), folder)
        put(console, f"what the run made is in {folder}")
    if problem := problem_of(stack, progress, summary):
        tell(problem)
    if progress.status != "SUCCEEDED":
        raise typer.Exit(1)


def read_summary(stack: Stack, progress: Progress) -> dict[str, Any] | None:
    """A succeeded run's summary.json, or None when the run has none (yet)."""
    uri = (progress.output or {}).get("summary_uri")
    return stack.read_json(str(uri)) if uri else None


def problem_of(stack: Stack, progress: Progress, summary: dict[str, Any] | None) -> str | None:
    """What went wrong with a run that has ended and where more is to be found, or None."""
    if progress.status != "SUCCEEDED":
        why = ": ".join(text for text in (progress.error, progress.cause) if text) or "no reason given"
        where = f" in state {progress.current_state}" if progress.current_state else ""
        uri = stack.summary_uri(progress.execution_arn)
        is_written = (stack.read_json(uri) or {}).get("execution_arn") == progress.execution_arn
        report = f"its report is beside {uri}" if is_written else f"the clean-up will write its report to {uri}"
        return f"run {progress.run} {progress.status}{where}: {why}\n{report}"
    if summary is None:
        failure = (progress.output or {}).get("report_error") or {}
        why = readable(failure.get("Cause")) or failure.get("Error") or f"no {places.SUMMARY}"
        return f"run {progress.run} SUCCEEDED, but its report could not be written: {why}"
    return None


def tell(message: str) -> None:
    """Print to stderr what a person should know, and scripts that read stdout need not."""
    put(Console(stderr=True), message, "red")
