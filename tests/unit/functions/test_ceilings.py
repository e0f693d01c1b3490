"""An experiment may ask for no more than the stack's parameters allow, wherever it asks."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import ExperimentError
from tests.unit.functions.conftest import BUCKET

CHEAP = "ml.t*,ml.m5.*, ml.c5.xlarge"


@pytest.fixture(autouse=True)
def ceilings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_INSTANCE_TYPES", CHEAP)
    monkeypatch.setenv("MAX_CANDIDATES", "30")
    monkeypatch.setenv("MAX_PARALLEL_CANDIDATES", "3")


@pytest.mark.parametrize(
    ("experiment", "said"),
    [
        ("search: {max_candidates: 31}", r"search\.max_candidates is 31, .* 30 at most; .* parameter MaxCandidates"),
        (
            "search: {max_parallel_candidates: 4}",
            r"search\.max_parallel_candidates is 4, .* 3 at most; .* parameter MaxParallelCandidates",
        ),
        (
            "compute: {instance_type: ml.p5.48xlarge}",
            r"compute\.instance_type is ml\.p5\.48xlarge, .* ml\.t\*, ml\.m5\.\*, .* parameter AllowedInstanceTypes",
        ),
        (
            "compute: {candidate_instance_type: ml.c5.18xlarge}",
            r"compute\.candidate_instance_type is ml\.c5\.18xlarge, .* parameter AllowedInstanceTypes",
        ),
    ],
)
def test_what_is_above_a_ceiling_is_refused_before_anything_is_there(
    plan: Any, s3: Any, experiment: str, said: str
) -> None:
    with pytest.raises(ExperimentError, match=r"experiment\.yaml: " + said):
        plan(experiment=experiment)
    listed = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    assert not [one["Key"] for one in listed if not one["Key"].startswith("datasets/")]


def test_an_execution_s_input_may_not_ask_for_more_either(planned: Any) -> None:
    with pytest.raises(ExperimentError, match=r"execution input: search\.max_candidates is 31"):
        planned({"data.csv": b"x,target\n" + b"1,a\n2,b\n" * 60}, experiment={"search": {"max_candidates": 31}})


def test_what_is_within_them_is_planned(plan: Any) -> None:
    text = "search: {max_candidates: 30, max_parallel_candidates: 3}\ncompute: {instance_type: ml.c5.xlarge}"
    assert plan(experiment=text)["run"]


def test_without_them_everything_is_allowed(plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALLOWED_INSTANCE_TYPES", "MAX_CANDIDATES", "MAX_PARALLEL_CANDIDATES"):
        monkeypatch.delenv(name)
    text = "search: {max_candidates: 750}\ncompute: {instance_type: ml.p5.48xlarge}"
    assert plan(experiment=text)["run"]


def test_what_candidates_wait_on_by_default_is_nobody_s_request(plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_INSTANCE_TYPES", "ml.c5.*")
    assert plan(experiment="compute: {instance_type: ml.c5.xlarge, fold_placement: warm-pool}")["run"]
