"""What a user of the SageMaker Python SDK v2 does, told as JSON; run by a Python that has the SDK.

The arguments are a role's ARN and the S3 prefix of a channel.
"""

import json
import pathlib
import sys

import boto3
from sagemaker.analytics import HyperparameterTuningJobAnalytics
from sagemaker.estimator import Estimator
from sagemaker.sklearn import SKLearn
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner

role, train = sys.argv[1:]
source = str(pathlib.Path(__file__).with_name("source"))
client = boto3.client("sagemaker")
metrics = [{"Name": "score", "Regex": "average model test score:(.*?);"}]


def estimator(**more):
    return SKLearn(
        base_job_name="sdk2",
        entry_point="train.py",
        source_dir=source,
        role=role,
        instance_type="ml.m5.xlarge",
        framework_version="1.2-1",
        metric_definitions=metrics,
        **more,
    )


names, pools = [], []
for number in (1, 2):
    fitted = estimator(keep_alive_period_in_seconds=300, disable_profiler=True)
    fitted.fit({"train": train}, job_name=f"sdk2-fit-{number}", logs=False)
    names.append(fitted.latest_training_job.name)
for name in names:
    pools.append(client.describe_training_job(TrainingJobName=name)["WarmPoolStatus"]["Status"])
plain = estimator()
plain.fit({"train": train}, job_name="sdk2-defaults", logs=False)
attached = Estimator.attach("sdk2-fit-1")

tuner = HyperparameterTuner(
    estimator(hyperparameters={"fixed": "1"}),
    "score",
    {"depth": ContinuousParameter(1, 5)},
    metric_definitions=metrics,
    max_jobs=3,
    max_parallel_jobs=2,
    base_tuning_job_name="sdk2-tuner",
)
tuner.fit({"train": train}, wait=False)
tuner.wait()
again = HyperparameterTuner.attach(tuner.latest_tuning_job.name)
table = HyperparameterTuningJobAnalytics(tuner.latest_tuning_job.name).dataframe()
client.create_model_package_group(ModelPackageGroupName="sdk2-group")
registered = fitted.register(
    content_types=["text/csv"],
    response_types=["text/csv"],
    inference_instances=["ml.m5.large"],
    transform_instances=["ml.m5.large"],
    model_package_group_name="sdk2-group",
    approval_status="Approved",
)
print(
    json.dumps(
        {
            "pools": pools,
            "defaults": client.describe_training_job(TrainingJobName="sdk2-defaults")["TrainingJobStatus"],
            "attached": attached.model_data,
            "best": tuner.best_estimator().latest_training_job.name == tuner.best_training_job(),
            "again": again.best_training_job() == tuner.best_training_job(),
            "scores": sorted(table["FinalObjectiveValue"]),
            "registered": registered.model_package_arn,
        }
    )
)
