"""A deployed warmfold stack, found the way every AWS tool finds its cloud: profile, region, AWS_ENDPOINT_URL."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from warmfold.errors import CommandError, RunNotFoundError, StackNotFoundError
from warmfold_data.parquet_footer import MAGIC
from warmfold_experiment.understanding import Source
from warmfold_run import names, places
from warmfold_run.paths import OutsideError, inside
from warmfold_run.understanding import listed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_stepfunctions import SFNClient

DEFAULT_STACK = "warmfold"
AwsError = BotoCoreError | ClientError | Boto3Error
AWS_ERRORS = (BotoCoreError, ClientError, Boto3Error)
_SIGN_IN = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
_STALE = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "RequestExpired",
)


@dataclass(frozen=True)
class Stack:
    """A stack's outputs and the clients to use them with."""

    name: str
    bucket: str
    state_machine_arn: str
    s3: S3Client
    stepfunctions: SFNClient
    sagemaker: SageMakerClient
    local: bool

    def upload(self, dataset: str, data: Path, experiment: Path | None, predict: Path | None) -> str:
        """Upload a dataset, a file or a folder of them, and return the version of what starts the run.

        That is uploaded last.
        """
        folder = places.dataset_folder(dataset)
        for source, name in ((experiment, places.EXPERIMENT), (predict, places.PREDICT)):
            if source is not None:
                self._put(source, folder + name)
        if not data.is_dir():
            return self._put(data, places.data_key(dataset, places.TABLE if is_table(data) else places.DATA))
        for file in folder_files(data):
            self._put(file, f"{folder}{places.DATA_FOLDER}{file.name}")
        key = places.data_key(dataset, places.SUCCESS)
        self.s3.upload_fileobj(BytesIO(), self.bucket, key)
        return self.s3.head_object(Bucket=self.bucket, Key=key).get("VersionId", "null")

    def strangers(self, dataset: str, data: Path) -> list[str]:
        """The keys of files that a run of a folder would read too, and that are not in it."""
        folder = places.dataset_folder(dataset) + places.DATA_FOLDER
        own = {file.name for file in folder_files(data)}
        files, others = places.data_files(key.removeprefix(folder) for key in self._keys(folder))
        return [folder + name for name in (*files, *others) if name not in own]

    def in_use(self, dataset: str, given: Collection[str]) -> list[str]:
        """The dataset's other files that are there already and were not given anew: a run uses them too."""
        folder = places.dataset_folder(dataset)
        there = {key.removeprefix(folder) for key in self._keys(folder)}
        return [name for name in (places.EXPERIMENT, places.PREDICT) if name in there and name not in given]

    def read(self, key: str, most: int) -> bytes:
        """Return the first bytes of an object of the data bucket."""
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read(most)

    def source(self, key: str) -> Source:
        """Return an object of the data bucket as a file to understand."""
        size = self.s3.head_object(Bucket=self.bucket, Key=key)["ContentLength"]

        def piece(start: int, length: int) -> bytes:
            asked = f"bytes={start}-{start + length - 1}"
            return self.s3.get_object(Bucket=self.bucket, Key=key, Range=asked)["Body"].read()

        return Source(self.uri(key), size, lambda: self.s3.get_object(Bucket=self.bucket, Key=key)["Body"], piece)

    def _keys(self, prefix: str) -> Iterator[str]:
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            yield from (item["Key"] for item in page.get("Contents", []))

    def _put(self, source: Path, key: str) -> str:
        try:
            with source.open("rb") as body:  # a pipe, too: `--experiment <(…)`
                if source.is_file() and not source.stat().st_size:
                    raise CommandError(f"{source} is empty")
                self.s3.upload_fileobj(body, self.bucket, key)
        except OSError as error:
            raise CommandError(f"{source} can't be read: {error.strerror}") from error
        return self.s3.head_object(Bucket=self.bucket, Key=key).get("VersionId", "null")

    def wait_for_execution(
        self,
        dataset: str,
        version: str,
        *,
        timeout: float = 90,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> str:
        """Return the ARN of the execution that EventBridge started for this version of the dataset.

        Raises
        ------
        RunNotFoundError
            Nothing started within `timeout` seconds.
        """
        deadline = now() + timeout
        name = names.execution_name(self.bucket, dataset, version)
        arn = names.execution_arn(self.state_machine_arn, name)
        while now() < deadline:
            try:
                return self.stepfunctions.describe_execution(executionArn=arn)["executionArn"]
            except self.stepfunctions.exceptions.ExecutionDoesNotExist:
                sleep(0.2 if self.local else 2)
        raise RunNotFoundError(
            f"{self.uri(places.dataset_folder(dataset))} was uploaded, but no run started within {timeout:.0f} s. "
            "Look at the log of the start_run function; the bucket must send its events to EventBridge."
        )

    def find_execution(self, run: str | None) -> str:
        """Return a run's newest execution's ARN; `run` is a run id, an execution's name or ARN, or None for any run.

        A run whose model was approved by hand has two executions.
        """
        named = run if run is None or ":" in run else names.execution_arn(self.state_machine_arn, run)
        pages = self.stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=self.state_machine_arn)
        newest: tuple[Any, str] | None = None
        for page in pages:
            for execution in page["executions"]:
                arn = execution["executionArn"]
                if run is not None and named is not None and names.run_id(arn) in (run, names.run_id(named)):
                    return arn
                if newest is None or execution["startDate"] > newest[0]:
                    newest = (execution["startDate"], arn)
        if run is not None:
            raise RunNotFoundError(f"stack {self.name} has no run {run}; `warmfold watch` follows the newest one")
        if newest is None:
            raise RunNotFoundError(f"stack {self.name} has had no run yet; start one with `warmfold run data.csv`")
        return newest[1]

    def clean_up(self, execution_arn: str, status: str) -> bool:
        """Start the clean-up of an execution that has ended, unless one is under way; whether it did.

        Its end does that by an event, which AWS delivers at best effort.
        """
        machine = names.clean_up_machine(self.state_machine_arn)
        pages = self.stepfunctions.get_paginator("list_executions").paginate(
            stateMachineArn=machine, statusFilter="RUNNING"
        )
        for execution in (execution for page in pages for execution in page["executions"]):
            described = self.stepfunctions.describe_execution(executionArn=execution["executionArn"])
            if json.loads(described["input"])["detail"]["executionArn"] == execution_arn:
                return False
        event = {"detail": {"executionArn": execution_arn, "status": status}}
        self.stepfunctions.start_execution(stateMachineArn=machine, input=json.dumps(event))
        return True

    def summary_uri(self, execution_arn: str) -> str:
        """Where a run's summary.json is, or will be."""
        return self.uri(places.run_key(names.run_id(execution_arn), places.SUMMARY))

    def uri(self, key: str) -> str:
        """An object's s3:// URI."""
        return places.uri(self.bucket, key)

    def read_json(self, uri: str) -> dict[str, Any] | None:
        """Return the JSON object at an s3:// URI, or None when there is nothing."""
        bucket, key = places.split_uri(uri)
        try:
            body = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None
        return dict(json.loads(body))

    def download(self, prefix: str, folder: Path) -> list[Path]:
        """Copy every object under a key prefix of the data bucket into `folder` and return the files, in key order.

        Raises CommandError for a key that leads out of the folder, before anything is copied; what only marks a folder
        is none.
        """
        targets = {key: self._target(key, prefix, folder) for key in self._keys(prefix) if not key.endswith("/")}
        for key, target in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            self.s3.download_file(self.bucket, key, str(target))
        return list(targets.values())

    def _target(self, key: str, prefix: str, folder: Path) -> Path:
        try:
            return inside(folder, key.removeprefix(prefix))
        except OutsideError as error:
            raise CommandError(
                f"{self.uri(prefix)}: {error}; no run writes such a key: see who did, delete it and fetch again"
            ) from error


def open_stack(name: str = DEFAULT_STACK, session: boto3.Session | None = None) -> Stack:
    """Find a deployed stack.

    Raises
    ------
    StackNotFoundError
        The cloud has no such stack.
    CommandError
        The cloud can't be reached.
    """
    # a cloud that is not there is not worth many attempts
    impatient = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5)
    try:
        session = session or boto3.Session()
        cloudformation = session.client("cloudformation", config=impatient)
        endpoint, region = cloudformation.meta.endpoint_url, cloudformation.meta.region_name
        local = "localhost" in endpoint or "127.0.0.1" in endpoint
        described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise explained(error) from error
        remedy = "`warmfold local up` deploys it" if local else "deploy it with `sam build && sam deploy --guided`"
        raise StackNotFoundError(
            f"there is no stack {name} in {region} at {endpoint}; {remedy}, or --stack names another"
        ) from error
    except BotoCoreError as error:
        raise explained(error) from error
    config = Config(retries={"mode": "standard", "max_attempts": 6})
    outputs = {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}
    missing = {"DataBucketName", "StateMachineArn"} - set(outputs)
    if missing:
        raise StackNotFoundError(f"stack {name} is not a warmfold stack: it has no output {', '.join(sorted(missing))}")
    return Stack(
        name=name,
        bucket=outputs["DataBucketName"],
        state_machine_arn=outputs["StateMachineArn"],
        s3=session.client("s3", config=config),
        stepfunctions=session.client("stepfunctions", config=config),
        sagemaker=session.client("sagemaker", config=config),
        local=local,
    )


def explained(error: AwsError) -> CommandError:
    """What kept a call from AWS, in one sentence with its remedy."""
    what = " ".join(str(error).split())
    if isinstance(error, _SIGN_IN):
        return CommandError(
            f"no usable AWS credentials ({what}); sign in and set AWS_PROFILE, or for the local cloud run "
            "`warmfold local up` and the export lines it prints"
        )
    if isinstance(error, NoRegionError):
        return CommandError("no AWS region is set; set AWS_DEFAULT_REGION, or give the profile a region")
    if isinstance(error, ConnectionError | HTTPClientError):
        endpoint = str(error.kwargs.get("endpoint_url", "AWS"))
        if "localhost" in endpoint or "127.0.0.1" in endpoint:
            remedy = "start the local cloud with `warmfold local up`, or unset AWS_ENDPOINT_URL to use AWS itself"
        else:
            remedy = "check the network, the region and AWS_ENDPOINT_URL"
        return CommandError(f"{endpoint} can't be reached; {remedy}")
    if isinstance(error, ClientError) and error.response["Error"].get("Code") in _STALE:
        return CommandError(
            f"the credentials are not accepted ({what}); sign in again, or for the local cloud use the export lines "
            "that `warmfold local up` prints"
        )
    return CommandError(f"AWS refused: {what}")


def is_table(file: Path) -> bool:
    """Whether a file is Parquet; one that can't be read is not."""
    try:
        with file.open("rb") as opened:
            return opened.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def folder_files(folder: Path) -> list[Path]:
    """The files of a folder that are a dataset together, in the order in which they are read.

    Raises CommandError where there is none, or something else.
    """
    names = [f"{one.name}/" if one.is_dir() else one.name for one in folder.iterdir()]
    files, others = places.data_files(names)
    if others:
        raise CommandError(
            f"{folder} holds {listed(others, 3)}; a folder of a dataset "
            "takes files that end in .csv or .csv.gz, in no further folders"
        )
    if not files:
        raise CommandError(f"{folder} has no file that ends in .csv or .csv.gz")
    return [folder / name for name in files]


def check_dataset_name(name: str) -> str:
    """Return a dataset's name, or raise CommandError saying which characters it may have."""
    if not names.DATASET.fullmatch(name):
        raise CommandError(
            f"dataset name {name!r}: use up to 63 letters, digits, '_', '.', '-', the first a letter or digit; "
            "give another with --dataset"
        )
    return name
