"""Cross-validation with hyperparameter tuning by processing jobs, as recipes for the SDK v2 do it; told as JSON.

The arguments are a role's ARN and the URI of a file of rows.
"""

import json
import os
import pathlib
import shutil
import site
import sys
import tempfile

import sagemaker
from sagemaker.processing import ProcessingInput, ProcessingOutput, ScriptProcessor
from sagemaker.sklearn.processing import SKLearnProcessor

role, rows = sys.argv[1:]
here = pathlib.Path(__file__).parent
bucket = sagemaker.Session().default_bucket()
folds = f"s3://{bucket}/recipe/folds"
machine = {"role": role, "instance_type": "ml.m5.large", "instance_count": 1}

SKLearnProcessor(framework_version="1.2-1", **machine).run(
    code=str(here / "recipe/preprocess.py"),
    inputs=[ProcessingInput(source=rows, destination="/opt/ml/processing/input")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/folds", destination=folds)],
    job_name="recipe-preprocess",
    logs=False,
)
source = pathlib.Path(tempfile.mkdtemp())
for script in (here / "recipe/candidate.py", here / "source/train.py"):
    shutil.copy(script, source)
environment = {
    "ROLE": role,
    "FOLDS": folds,
    "SDK": site.getsitepackages()[0],
    "DEFAULTS": os.environ["SAGEMAKER_USER_CONFIG_OVERRIDE"],
    "SAGEMAKER_USER_CONFIG_OVERRIDE": os.environ["SAGEMAKER_USER_CONFIG_OVERRIDE"],
}
# the container of such a recipe has the SDK: here it is this interpreter
ScriptProcessor(command=[sys.executable], image_uri="image", env=environment, **machine).run(
    code=str(here / "recipe/search.py"),
    inputs=[ProcessingInput(source=str(source), destination="/opt/ml/processing/input/source")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/evaluation", destination=f"s3://{bucket}/recipe/evaluation")],
    job_name="recipe-search",
    logs=False,
)
written = sagemaker.s3.S3Downloader.read_file(f"s3://{bucket}/recipe/evaluation/evaluation.json")
print(json.dumps(json.loads(written)))
