"""The plan of a run, as far as its candidates read it, made by the code that makes it on AWS."""

from __future__ import annotations

from typing import Any, cast

from benchmarks.fan_out.sides import Side
from benchmarks.fan_out.workload import Case
from pipeline.planning.abandoning import abandoning
from pipeline.planning.limits import FOLD_RETRIES
from pipeline.planning.requests.common import Context
from pipeline.planning.requests.fold import fold_request
from warmfold_experiment.load import load_experiment
from warmfold_experiment.resolve import resolve
from warmfold_run import names, places
from warmfold_run.plan import Plan

BUCKET = "bucket"
RUN = "bench-0123abcd"
PREFIX = "wf"
TUNING_JOB = names.tuning_job(PREFIX, RUN)


def asked(case: Case, side: Side) -> dict[str, Any]:
    """What a user writes into experiment.yaml for a case and a side; the rest is left to warmfold's defaults."""
    search: dict[str, Any] = {"max_candidates": case.candidates, "max_parallel_candidates": case.slots}
    compute: dict[str, Any] = {}
    if side.abandons is not None:
        search["abandon"] = "forgiving" if side.abandons else "off"
    if side.placement is not None:
        compute["fold_placement"] = side.placement
    if side.keep_alive is not None:
        compute["keep_alive_seconds"] = side.keep_alive
    return {"cross_validation": {"n_splits": case.n_splits}, "search": search, "compute": compute}


def plan(case: Case, side: Side) -> Plan:
    """The plan of a case as a side has it, without the keys that no candidate reads."""
    given = load_experiment(None, asked(case, side))
    experiment = resolve(given, target="target", problem="classification", classes=2)
    where = places.locations(BUCKET, RUN)
    context = Context(
        prefix=PREFIX,
        run=RUN,
        region="us-east-1",
        experiment=experiment,
        folds=case.n_splits,
        locations=where,
        plan_uri=where["run"] + places.PLAN,
        code={"sha256": "0", "uri": places.uri(BUCKET, places.code_key("0"))},
        image="123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1",
        split_role="arn:aws:iam::123456789012:role/split",
        candidate_role="arn:aws:iam::123456789012:role/candidate",
        fold_role="arn:aws:iam::123456789012:role/fold",
        model_role="arn:aws:iam::123456789012:role/model",
        data_bytes=1_000_000,
        instance_types={"processing": "ml.m5.xlarge", "transform": "ml.m5.xlarge"},
    )
    made = {
        "run": RUN,
        "region": context.region,
        "bucket": BUCKET,
        "experiment": experiment,
        "locations": where,
        "folds": case.n_splits,
        "abandoning": abandoning(experiment, case.n_splits),
        "fold_retries": FOLD_RETRIES,
        "quota_patience_seconds": 600,
        "requests": {"fold": fold_request(context)},
    }
    return cast(Plan, made)
