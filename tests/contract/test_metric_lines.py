"""What jobs print is what their metric definitions scrape."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.planning.requests.common import Context
from pipeline.planning.requests.final import final_request
from pipeline.planning.requests.fold import fold_request
from pipeline.planning.requests.tuning import tuning_request
from tests.unit.training_code.split import PLACES, RUN
from tests.unit.training_code.virtual_candidate import CANDIDATE, Candidate
from warmfold_jobs.container import Container
from warmfold_jobs.fan_out import candidate as cross_validation
from warmfold_jobs.training import job

SCORES = [0.5, -0.25, 1.0, 1e-05, -1.5e300, 0.0]


class Bucket:
    """An S3 that takes whatever is put."""

    def put_object(self, **_: Any) -> None:
        """Take it."""


def definitions(name: str) -> dict[str, re.Pattern[str]]:
    space = {"learning_rate": {"min": 0.1, "max": 1.0, "type": "continuous", "scaling": "Auto"}}
    experiment = {
        "search": {
            "hyperparameters": space,
            "strategy": "Bayesian",
            "max_candidates": 2,
            "max_parallel_candidates": 1,
        },
        "cross_validation": {"seed": 1},
        "compute": {
            "instance_type": "ml.m5.xlarge",
            "candidate_instance_type": "ml.m5.large",
            "keep_alive_seconds": "auto",
            "max_fold_seconds": "auto",
        },
    }
    context = Context(
        prefix="wf",
        run="r",
        region="us-east-1",
        experiment=experiment,
        folds=5,
        locations={"run": RUN, **{place: f"{RUN}{place}/" for place in PLACES}},
        plan_uri=f"{RUN}plan.json",
        code={"sha256": "0", "uri": "s3://bucket/code"},
        image="image",
        split_role="split",
        candidate_role="candidate",
        fold_role="fold",
        model_role="model",
        data_bytes=1,
        instance_types={"processing": "ml.m5.xlarge", "transform": "ml.m5.xlarge"},
    )
    made = {"fold": fold_request, "candidate": tuning_request, "final": final_request}
    request = made[name](context)
    specification = request.get("TrainingJobDefinition", request)["AlgorithmSpecification"]
    return {item["Name"]: re.compile(item["Regex"]) for item in specification["MetricDefinitions"]}


def scraped(text: str, name: str) -> dict[str, float]:
    """The last value of each metric, as SageMaker takes it."""
    found = {metric: pattern.findall(text) for metric, pattern in definitions(name).items()}
    return {metric: float(values[-1]) for metric, values in found.items() if values}


@pytest.mark.parametrize("score", SCORES)
def test_a_fold_s_scores_are_scraped_exactly(score: float, capsys: pytest.CaptureFixture[str]) -> None:
    plan = {"locations": {"candidates": "s3://bucket/runs/r/candidates/"}}
    result = {"train_score": score + 0.125, "validation_score": score}
    job.write_fold_score(Bucket(), plan, {"candidate": CANDIDATE, "fold": 0, **result})  # type: ignore[arg-type,typeddict-item]
    assert scraped(capsys.readouterr().out, "fold") == {"train:score": score + 0.125, "validation:score": score}


def test_a_candidate_s_mean_over_all_folds_is_its_objective(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = Candidate(folds=5)
    plan = {**world.plan, "region": "us-east-1", "data": {"size": 1000}, "data_files": None}
    clients = {"s3": world.s3, "sagemaker": world.sagemaker}
    monkeypatch.setattr(cross_validation.boto3, "client", lambda name, **_: clients[name])
    monkeypatch.setattr(cross_validation, "WallClock", lambda: world.clock)
    monkeypatch.setattr(Container, "plan", lambda _: plan)
    job = Container(CANDIDATE, {"learning_rate": "0.3"}, {}, tmp_path, tmp_path / "failure")
    cross_validation.main(job)
    means = scraped(capsys.readouterr().out, "candidate")
    assert means["validation:score"] == pytest.approx(0.82)
    assert means["train:score"] == pytest.approx(0.87)
