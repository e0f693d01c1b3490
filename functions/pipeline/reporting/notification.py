"""The notification of a run's end: a few lines, and where to read more."""

from __future__ import annotations

from pipeline.aws.topic import Topic
from pipeline.reporting.formats import interval, score
from warmfold_run.records import Remark
from warmfold_run.summary import Summary
from warmfold_run.understanding import lines_of, printable, sentences, told

MOST_REMARKS = 10


def notify(topic: Topic, summary: Summary) -> None:
    """Publish how a run ended; raises NotificationError when SNS refuses, with both files written."""
    known = f"run {summary['run']} is reported in {summary['locations']['report']}"
    topic.publish(_subject(summary), message(summary), known=known)


def message(summary: Summary) -> str:
    """Return the text of the notification."""
    lines = [f"Run {summary['run']} of dataset {printable(summary['dataset'] or '(unknown)')}: {summary['outcome']}."]
    if summary["reason"]:
        lines.append(lines_of(summary["reason"]))
    if summary["approve"]:
        lines.append(f"To approve it, in SageMaker Studio or by: {summary['approve']}")
    metric, best, holdout = summary["metric"], summary["best"], summary["holdout"]
    if best:
        lines.append(f"Best candidate {best['candidate']}: {metric} {score(best['score_mean'])} in cross-validation.")
    if holdout:
        lines.append(
            f"Final model: {metric} {score(holdout['score'])} on the holdout, {interval(holdout['interval'])}."
        )
    if summary["baselines"]:
        lines += [f"{summary['baselines'][name]['said']}." for name in ("defaults", "dummy")]
    if summary["understanding"]:
        lines += [f"{word.capitalize()}: {sentence}." for word, sentence in sentences(summary["understanding"])]
    lines += _remarks(summary["remarks"])
    if summary["model_package"]:
        lines.append(f"Model package: {summary['model_package']['arn']} ({summary['model_package']['status']})")
    if summary["locations"]["predictions"]:
        lines.append(f"Predictions: {summary['locations']['predictions']}")
    if summary["pools_left"]:
        lines.append(f"Warm pools still billed: {', '.join(summary['pools_left'])}")
    if summary["jobs_left"]:
        lines.append(f"Still running, and billed: {', '.join(summary['jobs_left'])}; stop them in SageMaker's console")
    lines.append(f"Report: {summary['locations']['report']}")
    return "\n".join(lines)


def _remarks(remarks: list[Remark]) -> list[str]:
    lines = [f"Remark: {told(one)}" for one in remarks[:MOST_REMARKS]]
    more = len(remarks) - MOST_REMARKS
    return [*lines, f"{more} more remarks are in the report."] if more > 0 else lines


def _subject(summary: Summary) -> str:
    # a run's name is ASCII, which a subject must be
    return f"warmfold: run {summary['run']} {summary['outcome']}"
