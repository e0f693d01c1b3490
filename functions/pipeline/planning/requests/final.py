"""Train Final Model's training job."""

from __future__ import annotations

from pipeline.planning.limits import final_seconds
from pipeline.planning.requests.common import Context, channel, training_request
from warmfold_run import names
from warmfold_run.plan import Request


def final_request(context: Context) -> Request:
    """CreateTrainingJob of the final model, without the best candidate's hyperparameters, which its state adds.

    It matches a fold's warm pool and leaves none.
    """
    seconds = final_seconds(context.experiment, context.data_bytes)
    request = training_request(context, "model", context.locations["model"], seconds)
    request["TrainingJobName"] = names.final_job(context.prefix, context.run)
    request["InputDataConfig"] = [
        channel("config", context.plan_uri),
        channel("profile", context.profile_uri),
        channel("parts", context.locations["parts"]),
        channel("holdout", context.locations["holdout"]),
    ]
    return request
