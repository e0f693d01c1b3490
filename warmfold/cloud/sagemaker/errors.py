"""The one exception that the local SageMaker's operations raise for their callers."""


class ServiceError(Exception):
    """An answer other than success, as AWS spells it: `code` (`ResourceInUse`), `message`, HTTP `status`."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def validation_error(message: str) -> ServiceError:
    """The error SageMaker answers for a request it refuses."""
    return ServiceError("ValidationException", message)


def limit_exceeded(limit: str, quota: int, used: int, wanted: int, unit: str) -> ServiceError:
    """The error SageMaker answers for more than a quota allows; `unit` is what is counted, such as `Instances`."""
    return ServiceError(
        "ResourceLimitExceeded",
        f"The account-level service limit '{limit}' is {quota} {unit}, with current utilization of {used} {unit} and a "
        f"request delta of {wanted} {unit}. Please use AWS Service Quotas to request an increase for this quota. If "
        "AWS Service Quotas is not available, contact AWS support to request an increase for this quota.",
    )
