"""The AWS clients of the functions, made once per environment."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient

# SageMaker's lists allow a few calls per second and account, and every run of the account shares them.
_PATIENT = Config(retries={"mode": "standard", "max_attempts": 10})


@cache
def s3_client() -> S3Client:
    """Return the client of S3, with as many connections as the report reads fold scores at once."""
    return boto3.client("s3", config=Config(max_pool_connections=20))


@cache
def sagemaker_client() -> SageMakerClient:
    """Return the client of SageMaker, which sits out throttling."""
    return boto3.client("sagemaker", config=_PATIENT)


@cache
def sns_client() -> SNSClient:
    """Return the client of SNS."""
    return boto3.client("sns")


@cache
def stepfunctions_client() -> SFNClient:
    """Return the client of Step Functions."""
    return boto3.client("stepfunctions")
