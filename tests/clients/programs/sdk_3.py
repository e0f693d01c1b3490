"""What a user of the SageMaker Python SDK v3 does, told as JSON; run by a Python that has the SDK.

The arguments are a role's ARN and the S3 prefix of a channel.
"""

import json
import pathlib
import sys
import tempfile

import boto3
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.parameter import ContinuousParameter
from sagemaker.core.processing import FrameworkProcessor, ScriptProcessor
from sagemaker.core.shapes import (
    OutputDataConfig,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
)
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode
from sagemaker.train.tuner import HyperparameterTuner

role, train = sys.argv[1:]
here = pathlib.Path(__file__).parent
session = Session()
bucket = session.default_bucket()
client = boto3.client("sagemaker")
metrics = [{"Name": "score", "Regex": "average model test score:(.*?);"}]


def trainer(name, script="train.py", **more):
    return ModelTrainer(
        training_image="123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1",
        source_code=SourceCode(source_dir=str(here / "source"), entry_script=script, **more),
        compute=Compute(instance_type="ml.m5.2xlarge", instance_count=1, keep_alive_period_in_seconds=300),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/sdk3/{name}/"),
        role=role,
        base_job_name=name,
        hyperparameters={"depth": 2.5},
        sagemaker_session=session,
    )


told = {}
data = [InputData(channel_name="train", data_source=train)]
trained = []
for number in (1, 2):
    one = trainer(f"sdk3-train-{number}")
    one.train(input_data_config=data, wait=True, logs=False)
    trained.append(one._latest_training_job.training_job_name)
told["trained"] = [client.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] for name in trained]
told["pools"] = [client.describe_training_job(TrainingJobName=n)["WarmPoolStatus"]["Status"] for n in trained]

tuner = HyperparameterTuner(
    trainer("sdk3-candidate"),
    "score",
    {"depth": ContinuousParameter(1, 5)},
    metric_definitions=metrics,
    max_jobs=2,
    max_parallel_jobs=1,
    base_tuning_job_name="sdk3-tuner",
)
try:
    tuner.tune(inputs=data, wait=True)
    told["tuned"] = tuner.best_training_job()
except Exception as error:  # noqa: BLE001 - told to the test
    told["tuned"] = f"{type(error).__name__}: {error}"

code = pathlib.Path(tempfile.mkdtemp())
(code / "helper.py").write_text("WORD = 'helped'\n")
(code / "process.py").write_text(
    "import pathlib\ntry:\n    import helper\n    word = helper.WORD\nexcept ImportError:\n    word = 'alone'\n"
    "rows = pathlib.Path('/opt/ml/processing/input/data/rows.csv').read_text().splitlines()\n"
    "pathlib.Path('/opt/ml/processing/output/told.txt').write_text(f'{word} {len(rows)}')\n"
)
source = ProcessingS3Input(
    s3_uri=train, local_path="/opt/ml/processing/input/data", s3_data_type="S3Prefix", s3_input_mode="File"
)
for name in ("script", "framework"):
    target = f"s3://{bucket}/sdk3/processed-{name}"
    machine = {
        "image_uri": "image",
        "role": role,
        "instance_count": 1,
        "instance_type": "ml.m5.large",
        "sagemaker_session": session,
        "base_job_name": f"sdk3-{name}",
    }
    asked = {
        "inputs": [ProcessingInput(input_name="data", s3_input=source)],
        "outputs": [
            ProcessingOutput(
                output_name="out",
                s3_output=ProcessingS3Output(
                    s3_uri=target, local_path="/opt/ml/processing/output", s3_upload_mode="EndOfJob"
                ),
            )
        ],
        "wait": True,
        "logs": False,
    }
    if name == "script":
        ScriptProcessor(command=["python3"], **machine).run(code=str(code / "process.py"), **asked)
    else:
        FrameworkProcessor(command=["python3"], **machine).run(code="process.py", source_dir=str(code), **asked)
    body = boto3.client("s3").get_object(Bucket=bucket, Key=f"sdk3/processed-{name}/told.txt")["Body"].read()
    told[name] = body.decode()
print(json.dumps(told))
