"""A fold's training job, which candidates create."""

from __future__ import annotations

from pipeline.planning.limits import FIRST_KEEP_ALIVE_SECONDS, fold_seconds
from pipeline.planning.requests.common import Context, channel, training_request
from warmfold_run import places
from warmfold_run.plan import Request


def fold_request(context: Context) -> Request:
    """CreateTrainingJob of a fold, without its name, which says which of the parts it is scored on.

    Its keep-alive is the first folds'; under `keep_alive_seconds: auto` candidates replace it by what they measure.
    """
    keep_alive = context.experiment["compute"]["keep_alive_seconds"]
    seconds = fold_seconds(context.experiment, context.data_bytes)
    request = training_request(context, "model", context.locations["run"] + places.FOLD_OUTPUT, seconds)
    if keep_alive != 0:  # AWS's guide knows 0 for UpdateTrainingJob only
        request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = (
            FIRST_KEEP_ALIVE_SECONDS if keep_alive == "auto" else keep_alive
        )
    request["InputDataConfig"] = [
        channel("config", context.plan_uri),
        channel("profile", context.profile_uri),
        channel("parts", context.locations["parts"]),
    ]
    return request
