"""The defaults that the SageMaker Python SDKs need here: a bucket that they need not ask AWS for, and no telemetry."""

from pathlib import Path

from warmfold.cloud import home as homes

VARIABLE = "SAGEMAKER_USER_CONFIG_OVERRIDE"
"""The environment variable by which the SDKs, version 2 and 3, find the file."""
TEXT = """\
# Written by `warmfold local up`. The SDKs look up the account of their default bucket with STS on AWS itself, whatever
# the endpoint, and send telemetry to a bucket there.
SchemaVersion: "1.0"
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session:
        DefaultS3Bucket: sagemaker-local
"""


def write(home: Path) -> Path:
    """Write the file into a local cloud's home; the SDKs make the bucket when they first use it."""
    path = home.resolve() / homes.SDK_CONFIG
    with open(path, "w", encoding="utf-8", opener=homes.no_links) as file:
        file.write(TEXT)
    return path
