"""What an experiment may ask for at most: whoever may upload a dataset decides what a run costs, up to here."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pipeline.aws.environment import PlanEnvironment
from pipeline.errors import ExperimentError
from warmfold_experiment.schema import Experiment
from warmfold_run.experiment import Experiment as Resolved


def check_ceilings(given: Experiment, resolved: Resolved, environment: PlanEnvironment) -> None:
    """Raise ExperimentError where an experiment asks for more than the stack's parameters allow.

    The experiment as given says in which file or input it was asked for.
    """
    search, compute = resolved["search"], resolved["compute"]
    for key, most, parameter in (
        ("max_candidates", environment.max_candidates, "MaxCandidates"),
        ("max_parallel_candidates", environment.max_parallel_candidates, "MaxParallelCandidates"),
    ):
        asked = search[key]  # type: ignore[literal-required]
        if asked > most:
            raise ExperimentError(
                f"{given.place('search', key)} is {asked}, and this stack allows {most} at most; ask for less, or have "
                f"the stack deployed with a greater parameter {parameter}"
            )
    patterns = [one.strip() for one in environment.allowed_instance_types.split(",") if one.strip()]
    own = given.compute.candidate_instance_type
    asked_for = {"instance_type": compute["instance_type"]} | ({"candidate_instance_type": own} if own else {})
    for key, asked in asked_for.items():
        if patterns and not any(fnmatchcase(asked, pattern) for pattern in patterns):
            raise ExperimentError(
                f"{given.place('compute', key)} is {asked}, and this stack allows {', '.join(patterns)} only; ask for "
                "one of these, or have the stack deployed with another parameter AllowedInstanceTypes"
            )
