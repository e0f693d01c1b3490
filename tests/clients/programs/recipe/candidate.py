"""A candidate, in a training job that has the SDK: a training job for each fold, and the mean of their scores."""

import argparse
import os
import statistics

import boto3
from sagemaker.sklearn import SKLearn

parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=float)
parser.add_argument("--folds-uri")
parser.add_argument("--role")
asked, _ = parser.parse_known_args()
client = boto3.client("sagemaker")
jobs = []
for fold in range(3):
    estimator = SKLearn(
        entry_point="train.py",
        source_dir="/opt/ml/code",
        role=asked.role,
        instance_type="ml.m5.large",
        framework_version="1.2-1",
        hyperparameters={"depth": asked.depth},
        metric_definitions=[{"Name": "score", "Regex": "average model test score:(.*?);"}],
        keep_alive_period_in_seconds=60,
    )
    name = f"{os.environ['TRAINING_JOB_NAME']}-f{fold}"
    estimator.fit({"train": f"{asked.folds_uri}/{fold}/"}, job_name=name, wait=False)
    jobs.append(name)
scores = []
for name in jobs:
    client.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name, WaiterConfig={"Delay": 1})
    scores.append(client.describe_training_job(TrainingJobName=name)["FinalMetricDataList"][0]["Value"])
print(f"average model test score:{statistics.fmean(scores)};")
