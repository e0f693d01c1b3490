"""What AWS's SageMaker has on hosts of its own beside its API, such as endpoints' runtime: none of it is here."""

import re
from collections.abc import Iterator
from functools import cache

import botocore.session

from warmfold.cloud.sagemaker.errors import ServiceError

MISSING = {
    "sagemaker-runtime": "endpoints are not built: predict with a transform job",
    "sagemaker-metrics": "experiments are not tracked: print metrics, and name them in MetricDefinitions",
    "sagemaker-featurestore-runtime": "feature groups are not built: read data from S3",
}
"""Service to what is not there for its operations, and the remedy; of others nothing is built either."""
RUNTIME = re.compile(r"/endpoints/[^/]+/(async-)?invocations(-response-stream)?")
"""Paths of the runtime, which some clients call without a signature."""


def refusal(method: str, path: str) -> ServiceError:
    """The answer to a request of SageMaker that is none of its API, naming the operation where AWS has one there."""
    for operation, service, its_method, pattern in _operations():
        if method == its_method and pattern.fullmatch(path):
            why = MISSING.get(service, f"nothing of {service} is built")
            return ServiceError("UnsupportedOperation", f"The local cloud has no {operation}: {why}.")
    return ServiceError(
        "UnsupportedOperation",
        f"The local cloud has no {method} {path} of SageMaker: it has operations named by X-Amz-Target only.",
    )


@cache
def _operations() -> list[tuple[str, str, str, re.Pattern[str]]]:
    """Operation, service, method and path of whatever is signed for SageMaker and not its API."""
    return list(_described())


def _described() -> Iterator[tuple[str, str, str, re.Pattern[str]]]:
    session = botocore.session.Session()
    for service in session.get_available_services():
        if service.startswith("sagemaker") and service != "sagemaker":
            model = session.get_service_model(service)
            for operation in model.operation_names:
                http = model.operation_model(operation).http
                path = re.sub(r"\{\w+\}", "[^/]+", http["requestUri"].partition("?")[0])
                yield operation, service, http["method"], re.compile(path)
