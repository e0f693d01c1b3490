"""Step 2, in a processing job that has the SDK: a tuning job each of whose candidates cross-validates."""

import json
import os
import pathlib

import boto3
from sagemaker.sklearn import SKLearn
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner

metrics = [{"Name": "score", "Regex": "average model test score:(.*?);"}]
candidate = SKLearn(
    entry_point="candidate.py",
    source_dir="/opt/ml/processing/input/source",
    role=os.environ["ROLE"],
    instance_type="ml.m5.large",
    framework_version="1.2-1",
    hyperparameters={"folds-uri": os.environ["FOLDS"], "role": os.environ["ROLE"]},
    environment={"PYTHONPATH": os.environ["SDK"], "SAGEMAKER_USER_CONFIG_OVERRIDE": os.environ["DEFAULTS"]},
)
tuner = HyperparameterTuner(
    candidate,
    "score",
    {"depth": ContinuousParameter(1, 5)},
    metric_definitions=metrics,
    max_jobs=2,
    max_parallel_jobs=2,
    base_tuning_job_name="recipe",
)
tuner.fit(wait=False)
tuner.wait()
best = boto3.client("sagemaker").describe_training_job(TrainingJobName=tuner.best_training_job())
found = {"best": best["TrainingJobName"], "score": best["FinalMetricDataList"][0]["Value"]}
pathlib.Path("/opt/ml/processing/evaluation/evaluation.json").write_text(json.dumps(found))
