"""Plans, as Plan Run makes them of data that fits a problem, under the longest name prefix there may be."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from pipeline.aws.environment import PlanEnvironment
from pipeline.aws.storage import Storage
from pipeline.planning.planner import Planner
from tests.contract.resolving import ROOT

PROBLEMS: dict[str, Callable[[int], str]] = {
    "two classes": lambda i: "yes" if i % 3 else "no",
    "three classes": lambda i: "abc"[i % 3],
    "regression": lambda i: f"{i * 0.37 + i % 5}",
}


class Bucket:
    """An S3 client that keeps what it is given."""

    def __init__(self, **objects: str) -> None:
        self._objects = {f"datasets/d/{name.replace('_', '.')}": body.encode() for name, body in objects.items()}

    def head_object(self, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if Key not in self._objects:
            raise ClientError({"Error": {"Code": "404"}}, "HeadObject")
        return {"ETag": '"e"', "ContentLength": len(self._objects[Key]), "VersionId": "v"}

    def get_object(self, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if Key not in self._objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self._objects[Key])}

    def put_object(self, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803
        self._objects[Key] = Body if isinstance(Body, bytes) else str(Body).encode()


def plan_of(problem: str, deployment: dict[str, str], experiment: str) -> dict[str, Any]:
    """A run's plan.json."""
    return planned(problem, deployment, experiment)[1]


def planned(problem: str, deployment: dict[str, str], experiment: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Plan Run answers, and plan.json."""
    rows = "".join(f"{i}.5,{i % 7},{PROBLEMS[problem](i)}\n" for i in range(150))
    s3: Any = Bucket(data_csv=f"x,y,target\n{rows}", experiment_yaml=experiment)
    role = "arn:aws:iam::123456789012:role/"
    variables = {"NAME_PREFIX": "abcdefghijkl", "DATA_BUCKET": "data-bucket", "AWS_REGION": "us-east-1"}
    variables |= {"CANDIDATE_ROLE_ARN": role + "candidate", "FOLD_ROLE_ARN": role + "fold"}
    variables |= {"SPLIT_ROLE_ARN": role + "split", "MODEL_ROLE_ARN": role + "model"}
    variables |= {"TRAINING_IMAGE": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"}
    variables |= {"TRAINING_CODE_DIR": str(ROOT / "training_code")} | deployment
    storage = Storage(s3, "data-bucket")
    planner = Planner(
        storage, PlanEnvironment.read(variables), lambda: datetime(2026, 1, 5, tzinfo=UTC), lambda _: None
    )
    answer = planner.plan_run("arn:aws:states:us-east-1:123456789012:execution:t:a-long-name-of-it", {"dataset": "d"})
    plan = json.loads(s3.get_object(answer["plan_uri"].removeprefix("s3://data-bucket/"))["Body"].read())
    return dict(answer), dict(plan)
