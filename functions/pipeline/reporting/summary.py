"""summary.json: what a person or a script wants to know of a run that has ended."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from statistics import fmean, median, stdev
from typing import Any

from pydantic import BaseModel

from pipeline.aws.jobs import RUNNING
from pipeline.aws.plan_file import remarks_of
from pipeline.reporting import fan_out as fan_out_summary
from pipeline.reporting.facts import Facts
from pipeline.reporting.failure import readable_reason
from pipeline.results.best_candidate import may_be_best, objective_of, own_hyperparameters
from pipeline.results.gate import gate, suspicions
from pipeline.results.holdout import Holdout, holdout_of
from warmfold_run import names, places
from warmfold_run import summary as contract
from warmfold_run.plan import data_bytes
from warmfold_run.records import Remark
from warmfold_run.summary import AWAITING_APPROVAL, Summary
from warmfold_run.understanding import Understanding, counted


class Ending(BaseModel):
    """How an execution ended, in Step Functions' words."""

    execution_arn: str
    status: str
    error: str | None = None
    cause: str | None = None


def summarize(facts: Facts, ending: Ending, report_uri: str, now: datetime) -> Summary:
    """Return a run's summary: every key is always there, and null where the run did not get so far.

    Seconds are wall-clock seconds, `billable_seconds` instance seconds; `pools_left` are the jobs whose warm pool is
    still Available, `jobs_left` those that still run.
    """
    experiment = facts.plan["experiment"] if facts.plan else None
    results = _candidate_results(facts)
    reused = {pool["ReusedByJob"] for job in facts.training_jobs if (pool := _pool(job)).get("ReusedByJob")}
    warm = sum(name in reused for name in facts.fold_jobs)
    cold = len(facts.fold_jobs) - warm - _never_started(facts)
    start_seconds = _start_seconds(facts, reused)
    understanding, best = _understanding(facts), _best(facts, results)
    holdout = holdout_of(facts.metrics) if facts.metrics else None
    outcome = _outcome(facts, ending, holdout, best)
    awaiting = outcome == AWAITING_APPROVAL
    return {
        "schema": contract.SCHEMA,
        "run": facts.run,
        "dataset": facts.dataset,
        "execution_arn": ending.execution_arn,
        "outcome": outcome,
        "status": ending.status,
        "reason": _reason(facts, ending, awaiting=awaiting),
        "approve": _approve(facts) if awaiting else None,
        "error": ending.error,
        "metric": experiment["metric"] if experiment else None,
        "problem": experiment["problem"] if experiment else None,
        "estimator": experiment["estimator"] if experiment else None,
        "target": experiment["target"] if experiment else None,
        "n_splits": facts.plan["folds"] if facts.plan else None,
        "data": _data(facts),
        "understanding": understanding,
        "remarks": [*(understanding["remarks"] if understanding else []), *_too_good(facts, holdout, best)],
        "best": best,
        "holdout": _holdout(holdout),
        "holdout_note": holdout.note if holdout else None,
        "baselines": facts.metrics["baselines"] if facts.metrics else None,
        "champion": facts.metrics["champion"] if facts.metrics else None,
        "candidates": _candidate_counts(facts, results),
        "candidate_results": results,
        "placement": fan_out_summary.placement(facts),
        "abandoning": fan_out_summary.abandoning(facts),
        "cold_starts": cold,
        "warm_starts": warm,
        "start_seconds": start_seconds,
        "pools": fan_out_summary.pools(facts, cold, start_seconds),
        "final_job": _final_job(facts, reused),
        "pools_left": [j["TrainingJobName"] for j in facts.training_jobs if _pool(j).get("Status") == "Available"],
        "jobs_left": _jobs_left(facts),
        "model_package": {"arn": facts.package.arn, "status": facts.package.status} if facts.package else None,
        "bound": facts.plan["bound"]["text"] if facts.plan else None,
        "seconds": _seconds(facts, now),
        "billable_seconds": _billable_seconds(facts),
        "locations": _locations(facts, report_uri),
        "created_at": now.isoformat(timespec="seconds"),
    }


def _jobs_left(facts: Facts) -> list[str]:
    described = (
        (facts.processing, "ProcessingJob"),
        (facts.tuning, "HyperParameterTuningJob"),
        (facts.transform, "TransformJob"),
    )
    own = [str(job[f"{kind}Name"]) for job, kind in described if job and job[f"{kind}Status"] in RUNNING]
    return own + [job["TrainingJobName"] for job in facts.training_jobs if job["TrainingJobStatus"] in RUNNING]


def _outcome(facts: Facts, ending: Ending, holdout: Holdout | None, best: contract.Best | None) -> str:
    if ending.status != "SUCCEEDED":
        return ending.status.lower().replace("_", " ")
    if facts.package and facts.package.status == "Rejected":
        return "rejected"
    return AWAITING_APPROVAL if _awaits_approval(facts, ending, holdout, best) else "succeeded"


def _awaits_approval(facts: Facts, ending: Ending, holdout: Holdout | None, best: contract.Best | None) -> bool:
    """Whether an execution ended with a model that a person approves; it may have been approved meanwhile."""
    if facts.plan is None or holdout is None or ending.execution_arn != names.first_execution(ending.execution_arn):
        return False
    score = best["score_mean"] if best else None
    verdict, _ = gate(facts.plan["experiment"], holdout, remarks_of(facts.profile), score)
    return verdict == "PendingManualApproval"


def _reason(facts: Facts, ending: Ending, *, awaiting: bool) -> str | None:
    if ending.status != "SUCCEEDED":
        why = readable_reason(ending.status, ending.error, ending.cause)
        return why if facts.unread is None or facts.unread in why else f"{why}; {facts.unread}"
    if facts.package is None:
        return facts.unread
    if not awaiting:
        return facts.package.reason
    manual = facts.plan is not None and facts.plan["experiment"]["quality_gate"]["approval"] == "manual"
    because = "quality_gate.approval is manual: " if manual else ""
    return f"{facts.package.reason}; {because}predictions follow once the model is approved"


def _approve(facts: Facts) -> str | None:
    """Return the command that approves a model that waits for it."""
    if facts.plan is None or facts.package is None:
        return None
    arn, region = facts.package.arn, facts.plan["region"]
    command = f"aws sagemaker update-model-package --region {region} --model-package-arn {arn}"
    return f"{command} --model-approval-status Approved"


def _data(facts: Facts) -> contract.Data | None:
    if facts.plan is None:
        return None
    data, profile = facts.plan["data"], facts.profile
    return {
        "key": data["key"],
        "version_id": data["version_id"],
        "size": data_bytes(facts.plan),
        "rows": profile["rows"] if profile else None,
        "columns": len(profile["columns"]) if profile else None,
    }


def _understanding(facts: Facts) -> Understanding | None:
    """Return what the plan says is done with the data, with the rows that Split Dataset counted."""
    if facts.plan is None or facts.profile is None:
        return facts.plan["understanding"] if facts.plan else None
    known = counted(facts.plan["understanding"], facts.profile)
    # without a file of them the holdout is scored
    return known if facts.plan["predict"] else {**known, "rows_to_score": None}


def _too_good(facts: Facts, holdout: Holdout | None, best: contract.Best | None) -> list[Remark]:
    """Return a remark for each score that is too good to be believed without a look."""
    if facts.plan is None or holdout is None:
        return []
    score = best["score_mean"] if best else None
    return [
        {
            "code": "too_good",
            "column": None,
            "text": text,
            "remedy": "quality_gate: {suspicious: ignore}",
            "holds": True,
        }
        for text in suspicions(facts.plan["experiment"], holdout, [], score)
    ]


def _candidate_results(facts: Facts) -> list[contract.CandidateResult]:
    """Return every candidate in order of creation; `fold_scores` has null where a fold has none.

    The score of an abandoned candidate is the estimate that it reported.
    """
    if facts.plan is None:
        return []
    splits = facts.plan["folds"]
    results: list[contract.CandidateResult] = []
    for candidate in facts.candidates:
        name = candidate["TrainingJobName"]
        found = facts.fold_results.get(name, {})
        scores = [_finite(found[fold]["validation_score"]) if fold in found else None for fold in range(splits)]
        complete = [score for score in scores if score is not None]
        given_up = facts.abandoned.get(name)
        is_complete = candidate["TrainingJobStatus"] == "Completed" and len(complete) == splits and not given_up
        reported = objective_of(candidate)
        if reported is None and given_up:
            reported = given_up["estimate"]
        results.append(
            {
                "candidate": name,
                "number": _number(name),
                "status": candidate["TrainingJobStatus"],
                "score": fmean(complete) if is_complete else reported,
                "abandoned": given_up is not None,
                "fold_scores": scores,
                "folds_here": fan_out_summary.folds_here(facts, name),
                "hyperparameters": candidate.get("TunedHyperParameters", {}),
                "seconds": _between(candidate, "TrainingStartTime", "TrainingEndTime"),
                "failure_reason": candidate.get("FailureReason"),
            }
        )
    return results


def _number(candidate: str) -> int | None:
    parsed = names.parse_candidate(candidate)
    return parsed.number if parsed else None


def _best(facts: Facts, results: Iterable[contract.CandidateResult]) -> contract.Best | None:
    """Return the candidate that Find Best Candidate chooses; `score_std` is the folds' sample deviation (ddof 1)."""
    if facts.plan is None:
        return None
    by_name = {result["candidate"]: result for result in results}
    for name in facts.ranked:
        result = by_name.get(name)
        if result is None or not may_be_best(result["status"], result["fold_scores"], result["abandoned"]):
            continue
        scores = [score for score in result["fold_scores"] if score is not None]
        static = facts.plan["requests"]["tuning"]["TrainingJobDefinition"]["StaticHyperParameters"]
        return {
            "candidate": name,
            "number": result["number"],
            "hyperparameters": own_hyperparameters(static | result["hyperparameters"]),
            "scores": scores,
            "score_mean": fmean(scores),
            "score_std": stdev(scores),
        }
    return None


def _holdout(found: Holdout | None) -> contract.Holdout | None:
    if found is None or found.score is None:
        return None
    return {
        "score": found.score,
        "standard_error": found.standard_error,
        "interval": found.interval,
        "interval_method": found.interval_method,
        "rows": found.rows,
        "positive_class": found.positive_class,
    }


def _candidate_counts(facts: Facts, results: list[contract.CandidateResult]) -> contract.CandidateCounts:
    results = [result for result in results if result["number"] != 0]
    counts = Counter(result["status"] for result in results)
    planned = facts.plan["experiment"]["search"]["max_candidates"] if facts.plan else 0
    return {
        "planned": planned,
        "total": len(results),
        "completed": counts["Completed"],
        "abandoned": sum(result["abandoned"] for result in results),
        "failed": counts["Failed"],
        "stopped": counts["Stopped"] + counts["Stopping"],
    }


def _never_started(facts: Facts) -> int:
    """Return how many fold jobs, of those described, ended before they had an instance."""
    return sum("TrainingEndTime" in job and "TrainingStartTime" not in job for job in facts.folds or [])


def _start_seconds(facts: Facts, reused: set[str]) -> contract.StartSeconds:
    """Return the median seconds from a fold job's creation to its start on an instance, cold and warm."""
    waits: dict[bool, list[float]] = {True: [], False: []}
    for job in facts.folds or []:
        seconds = _between(job, "CreationTime", "TrainingStartTime")
        if seconds is not None:
            waits[job["TrainingJobName"] in reused].append(seconds)
    cold, warm = (round(median(waits[is_warm]), 3) if waits[is_warm] else None for is_warm in (False, True))
    return {"cold": cold, "warm": warm}


def _final_job(facts: Facts, reused: set[str]) -> contract.FinalJob | None:
    if facts.final is None:
        return None
    name = facts.final["TrainingJobName"]
    return {"name": name, "status": facts.final["TrainingJobStatus"], "warm_start": name in reused}


def _seconds(facts: Facts, now: datetime) -> contract.Seconds:
    return {
        "run": _run_seconds(facts, now),
        "split": _between(facts.processing, "ProcessingStartTime", "ProcessingEndTime"),
        "tuning": _between(facts.tuning, "CreationTime", "HyperParameterTuningEndTime"),
        "final": _between(facts.final, "TrainingStartTime", "TrainingEndTime"),
        "transform": _between(facts.transform, "TransformStartTime", "TransformEndTime"),
    }


def _run_seconds(facts: Facts, now: datetime) -> float | None:
    """Return how long a run's executions took; the time that a model waited for approval is not the run's."""
    if facts.started_at is None:
        return None
    return round((now - facts.started_at).total_seconds() + facts.seconds_before, 3)


def _billable_seconds(facts: Facts) -> contract.BillableSeconds:
    """Return instance seconds by kind; those of folds are null when there were too many folds to ask about.

    A training job is billed from TrainingStartTime to TrainingEndTime; no list has a fold's, but Describe has.
    """
    candidates = [_between(candidate, "TrainingStartTime", "TrainingEndTime") for candidate in facts.candidates]
    retained = [_pool(job).get("ResourceRetainedBillableTimeInSeconds", 0) for job in facts.training_jobs]
    folds = None if facts.folds is None else sum(job.get("BillableTimeInSeconds", 0) for job in facts.folds)
    return {
        "candidates": round(sum(seconds for seconds in candidates if seconds is not None), 3),
        "folds": folds,
        "retained": sum(retained),
        "final": facts.final.get("BillableTimeInSeconds") if facts.final else None,
    }


def _locations(facts: Facts, report_uri: str) -> contract.ResultLocations:
    locations = facts.plan["locations"] if facts.plan else None
    return {
        "report": report_uri,
        "predictions": locations["predictions"] if locations and facts.has_predictions else None,
        "model": (facts.final or {}).get("ModelArtifacts", {}).get("S3ModelArtifacts"),
        "plan": locations["run"] + places.PLAN if locations else None,
    }


def _pool(job: dict[str, Any]) -> dict[str, Any]:
    pool: dict[str, Any] = job.get("WarmPoolStatus", {})
    return pool


def _between(job: dict[str, Any] | None, start: str, end: str) -> float | None:
    if job is None or start not in job or end not in job:
        return None
    return round(float((job[end] - job[start]).total_seconds()), 3)


def _finite(score: float | None) -> float | None:
    return score if score is not None and math.isfinite(score) else None
