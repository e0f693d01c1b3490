"""The model card of a model package, in the schema that SageMaker documents for model packages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pipeline.results.best_candidate import Best
from warmfold_catalogue.metrics import load_metric
from warmfold_run import places
from warmfold_run.plan import Plan
from warmfold_run.records import FinalMetrics, Remark

MOST_HYPERPARAMETERS = 100


def model_card(
    plan: Plan, best: Best, artifact: str, job_arn: str, metrics: FinalMetrics, remarks: Iterable[Remark], reason: str
) -> dict[str, str]:
    """CreateModelPackage's ModelCard, a draft for a person to go on with; texts are cut to what the schema takes.

    Source of the schema: SageMaker's developer guide, "View and Update the Details of a Model Version".
    """
    experiment, data = plan["experiment"], plan["data"]
    title, score = load_metric(experiment["metric"]).title, metrics["holdout_score"]
    told = [remark["text"] for remark in remarks]
    content = {
        "model_overview": {"model_creator": "warmfold", "model_artifact": [_cut(artifact, 1024)]},
        "intended_uses": {
            "purpose_of_model": _cut(
                f"Predicts {experiment['target']} ({experiment['problem']}) of rows like those of {plan['dataset']}.",
                2048,
            ),
            "factors_affecting_model_efficiency": _cut(" ".join(told) or "Nothing was remarked on the data.", 2048),
            "risk_rating": "Unknown",
        },
        "training_details": {
            "objective_function": {
                "function": {"function": "Maximize", "facet": _cut(experiment["metric"], 63)},
                "notes": "An error is negated, so that greater is better.",
            },
            "training_observations": _cut(
                f"{metrics['baselines']['defaults']['said']}. {metrics['baselines']['dummy']['said']}.", 1024
            ),
            "training_job_details": {
                "training_arn": _cut(job_arn, 1024),
                "training_datasets": [_cut(places.uri(plan["bucket"], places.data_name(data["key"])), 1024)],
                "training_environment": {"container_image": [_cut(plan["image"], 1024)]},
                "training_metrics": [
                    {"name": f"{title} on the training rows", "value": metrics["train_score"]},
                    {"name": f"{title} in cross-validation", "value": best.score},
                ],
                "hyper_parameters": [
                    {"name": _cut(name, 255), "value": _cut(value, 255)}
                    for name, value in sorted(best.hyperparameters.items())[:MOST_HYPERPARAMETERS]
                    if value
                ],
            },
        },
        "evaluation_details": [
            {
                "name": "holdout",
                "evaluation_observation": _cut(reason, 2096),
                "datasets": [_cut(plan["locations"]["holdout"], 1024)],
                "metric_groups": [] if score is None else [{"name": "holdout", "metric_data": _scores(title, metrics)}],
            }
        ],
        "additional_information": {
            "caveats_and_recommendations": _cut(
                metrics["holdout_note"] or f"Interval of the score: {metrics['holdout_interval_method']}.", 2048
            ),
            "custom_details": {"run": plan["run"], "candidate": _cut(best.candidate, 1024)},
        },
    }
    return {"ModelCardStatus": "Draft", "ModelCardContent": json.dumps(content)}


def _scores(title: str, metrics: FinalMetrics) -> list[dict[str, Any]]:
    baselines = metrics["baselines"]
    found = [("the model", metrics["holdout_score"], metrics["holdout_interval"])]
    found += [
        (name, baseline["score"], baseline["interval"])
        for name, baseline in (
            ("default hyperparameters", baselines["defaults"]),
            ("no feature", baselines["dummy"]),
        )
    ]
    return [
        {
            "name": f"{title}, {name}",
            "type": "number",
            "value": value,
            "notes": f"95% interval {interval[0]:.6g} to {interval[1]:.6g}" if interval else "no interval",
        }
        for name, value, interval in found
        if value is not None
    ]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
