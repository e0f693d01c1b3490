"""SageMaker's refusals: what they mean, and how a function tells of them."""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

from pipeline.errors import SageMakerError

# Describe's answers for something that is not there; only tuning jobs have an error code of their own for it.
MISSING_CODE = "ResourceNotFound"
_MISSING_TEXT = re.compile(r"not find|n't find|not found|not exist", re.IGNORECASE)


def code_of(error: ClientError) -> str:
    """Return the error's code."""
    return error.response["Error"]["Code"]


def is_missing(error: ClientError) -> bool:
    """Whether SageMaker says that what was asked for does not exist."""
    message = error.response["Error"].get("Message", "")
    return code_of(error) == MISSING_CODE or (
        code_of(error) == "ValidationException" and bool(_MISSING_TEXT.search(message))
    )


def refused(what: str, error: ClientError) -> SageMakerError:
    """Return the error to raise: `what` could not be done, and SageMaker's own words."""
    return SageMakerError(f"{what}: {code_of(error)}: {error.response['Error'].get('Message', '')}")
