"""The model package of a run's final model, which carries the gate's verdict."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.aws.jobs import Jobs
from pipeline.aws.plan_file import read_remarks
from pipeline.aws.registry import Package, Registry, description_start
from pipeline.aws.storage import Storage
from pipeline.errors import RegistrationError
from pipeline.planning.limits import INVOCATION_SECONDS
from pipeline.results.best_candidate import Best
from pipeline.results.gate import gate
from pipeline.results.holdout import Holdout, holdout_of, read_metrics
from pipeline.results.model_card import model_card
from warmfold_run import names, places
from warmfold_run.plan import Plan

CV_SCORE = "cv_score"
"""The key of a model package's metadata that has the best candidate's mean score."""
_NOT_METADATA = re.compile(r"[^\w .:/=+\-@]")
_METADATA_CHARACTERS = 256
_DESCRIPTION_CHARACTERS = 1024


class Registration(BaseModel):
    """A run's model package, with the gate's verdict and why."""

    model_config = ConfigDict(protected_namespaces=())

    model_package_arn: str
    status: str
    holdout: Holdout
    reason: str


def register_model(
    jobs: Jobs, registry: Registry, storage: Storage, plan: Plan, best: Best, final_job: str
) -> Registration:
    """Register the final job's model with the gate's verdict; a retry finds what the first attempt made.

    Raises
    ------
    RegistrationError
        The final job left no model or no metrics.
    """
    job = jobs.describe("training", final_job)
    artifact = (job or {}).get("ModelArtifacts", {}).get("S3ModelArtifacts")
    if not artifact:
        raise RegistrationError(f"training job {final_job} left no model artifact; see its log and start the run again")
    metrics = read_metrics(storage, plan)
    if metrics is None:
        raise RegistrationError(
            f"{plan['locations']['model']}{places.METRICS} is not there: training job {final_job} wrote no metrics; "
            "see its log and start the run again"
        )
    holdout, remarks = holdout_of(metrics), read_remarks(storage, plan)
    status, reason = gate(plan["experiment"], holdout, remarks, best.score)
    group = names.model_package_group(plan["prefix"], plan["dataset"])
    registry.ensure_group(
        group,
        f"Models that warmfold tuned on dataset {plan['dataset']}",
        names.stack_tags(plan["prefix"]),
    )
    found = registry.package_of_run(group, plan["run"])
    if found is None:
        request = model_package_request(plan, best, group, artifact, status, holdout, reason)
        request["ModelCard"] = model_card(
            plan, best, artifact, (job or {}).get("TrainingJobArn", ""), metrics, remarks, reason
        )
        found = Package(registry.create(request), status, reason)
    # what a person has approved meanwhile goes on in an execution of its own
    verdict = status if found.status == "Approved" else found.status
    return Registration(model_package_arn=found.arn, status=verdict, holdout=holdout, reason=found.reason)


def model_package_request(
    plan: Plan, best: Best, group: str, artifact: str, status: str, holdout: Holdout, reason: str
) -> dict[str, Any]:
    """CreateModelPackage of a run's final model; its description starts with the run, which lists show."""
    container = {
        "Image": plan["image"],
        "ModelDataUrl": artifact,
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
            "SAGEMAKER_REGION": plan["region"],
            "SAGEMAKER_MODEL_SERVER_TIMEOUT": str(INVOCATION_SECONDS),
            # the container installs code/ with pip before it serves, which must not ask a package index for setuptools
            "PIP_NO_BUILD_ISOLATION": "0",
        },
    }
    quality, data = (
        {"Statistics": _source(plan, statistics), "Constraints": _source(plan, constraints)}
        for statistics, constraints in (
            (places.QUALITY_STATISTICS, places.QUALITY_CONSTRAINTS),
            (places.DATA_STATISTICS, places.DATA_CONSTRAINTS),
        )
    )
    return {
        "ModelPackageGroupName": group,
        "ModelPackageDescription": f"{description_start(plan['run'])}{reason}"[:_DESCRIPTION_CHARACTERS],
        "ClientToken": plan["run"],
        "ModelApprovalStatus": status,
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        "ModelMetrics": {"ModelQuality": quality, "ModelDataQuality": data},
        "DriftCheckBaselines": {"ModelQuality": quality, "ModelDataQuality": data},
        "CustomerMetadataProperties": _metadata(plan, best, holdout),
    }


def _source(plan: Plan, name: str) -> dict[str, str]:
    return {"ContentType": "application/json", "S3Uri": plan["locations"]["model"] + name}


def _metadata(plan: Plan, best: Best, holdout: Holdout) -> dict[str, str]:
    values = {
        "run": plan["run"],
        "dataset": plan["dataset"],
        "data_version": plan["data"]["version_id"],
        "code_sha256": plan["code"]["sha256"],
        "metric": plan["experiment"]["metric"],
        "candidate": best.candidate,
        CV_SCORE: best.score,
        "cv_scores": " ".join(f"{score:.6g}" for score in best.scores),
        "holdout_score": holdout.score,
        "holdout_standard_error": holdout.standard_error,
        "holdout_interval": " to ".join(f"{end:.6g}" for end in holdout.interval) if holdout.interval else None,
        "tuning_gain": holdout.tuning_gain,
    }
    return {
        name: _NOT_METADATA.sub("_", str(value))[:_METADATA_CHARACTERS]
        for name, value in values.items()
        if value is not None
    }
