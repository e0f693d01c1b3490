"""What moto lacks: refused by its name, at once."""

from __future__ import annotations

import functools
import logging
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

logger = logging.getLogger(__name__)

NOT_IMPLEMENTED = 501
"""The status of the refusal: clients try a 500 again, five times in ten seconds."""


class UnsupportedOperationError(ServiceException):  # type: ignore[misc]
    """The answer to what is not there: a class of our own, for of moto's the module says whose error it is."""

    code = "UnsupportedOperation"


def install() -> None:
    """moto answers an operation that it lacks, or has in part, with a bare 500, which says nothing and is tried again.

    Here the answer is UnsupportedOperation, in the protocol of the service, with the operation's name.
    """
    call = BaseResponse.call_action

    @functools.wraps(call)
    def call_or_refuse(self: Any) -> Any:
        try:
            return call(self)
        except NotImplementedError as error:
            name = f"{self.boto3_service_name}:{self._get_action()}"
            logger.warning("%s is refused: %s", name, error)
            refusal = UnsupportedOperationError(f"The local cloud lacks {name}, or a part that was asked for: {error}")
            _, headers, body = self.serialized(ActionResult(refusal))
            headers["status"] = str(NOT_IMPLEMENTED)
            headers, body = self._enrich_response(headers, body)
            return NOT_IMPLEMENTED, headers, body

    BaseResponse.call_action = call_or_refuse
