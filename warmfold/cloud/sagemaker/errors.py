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
