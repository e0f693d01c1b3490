"""A candidate's training job: those of the tuning job, and the one with the default hyperparameters beside it."""

from __future__ import annotations

from pipeline.planning.limits import candidate_seconds
from pipeline.planning.requests.common import Context, channel, training_request
from warmfold_run import names, places
from warmfold_run.plan import Request


def candidate_request(context: Context) -> Request:
    """Return CreateTrainingJob of a candidate, without its name and the tuned hyperparameters."""
    output = context.locations["run"] + places.CANDIDATE_OUTPUT
    seconds = candidate_seconds(context.experiment, context.folds, context.data_bytes)
    request = training_request(context, "average model", output, seconds)
    request["ResourceConfig"] = context.resources(context.experiment["compute"]["candidate_instance_type"])
    request["RoleArn"] = context.candidate_role
    request["HyperParameters"]["sagemaker_program"] = "cross_validation.py"
    request["InputDataConfig"] = [channel("config", context.plan_uri)]
    return request


def defaults_request(context: Context) -> Request:
    """CreateTrainingJob of the candidate that has the default hyperparameters, beside the static ones."""
    request = candidate_request(context)
    request["TrainingJobName"] = names.defaults_job(names.tuning_job(context.prefix, context.run))
    return request
