"""Dead letters: what becomes of an event or an asynchronous invocation that all attempts have failed."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.sqs.models import sqs_backends

from warmfold.cloud.events import PAUSES, GiveUp
from warmfold.cloud.hooks.lambda_ import FunctionFailedError
from warmfold.cloud.iam.denial import Denial
from warmfold.cloud.iam.identity import Caller
from warmfold.cloud.iam.policy import Call

logger = logging.getLogger(__name__)


def dead_letters(
    account_id: str,
    region: str,
    judge: Callable[[Caller, Iterable[Call]], Denial | None] = lambda _caller, _calls: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> GiveUp:
    """Give up as AWS does: a function's failure goes to its OnFailure destination, another to the rule's queue.

    Lambda sends with the function's role, and `judge` says what that may not do; what it may not send is lost.
    """

    def give_up(target: Mapping[str, Any], text: str, error: Exception) -> None:
        if isinstance(error, FunctionFailedError):
            function = lambda_backends[account_id][region].get_function(target["Arn"])
            config = function.event_invoke_config[0].config if function.event_invoke_config else {}
            queue = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
            body, attributes = json.dumps(_record(function.function_arn, text, error.payload, now())), {}
            sender = Caller(None, function.role, function.function_name)
            denial = judge(sender, [Call("sqs:SendMessage", queue)]) if queue else None
            if denial is not None:
                logger.warning("a failure of %s is lost: %s", target["Arn"], denial.message)
                return
        else:
            queue = target.get("DeadLetterConfig", {}).get("Arn")
            body = text
            attributes = {"TARGET_ARN": target["Arn"], "ERROR_CODE": type(error).__name__, "ERROR_MESSAGE": str(error)}
        if queue is None:
            return
        sqs_backends[account_id][region].send_message(
            queue_name=queue.rpartition(":")[2],
            message_body=body,
            message_attributes={
                name: {"DataType": "String", "StringValue": value[:1024]} for name, value in attributes.items()
            },
        )
        logger.warning("a dead letter of %s is in %s", target["Arn"], queue)

    return give_up


def _record(function_arn: str, text: str, answer: str, at: datetime) -> dict[str, Any]:
    """An invocation record, as Lambda sends it to a destination."""
    return {
        "version": "1.0",
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z",
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": f"{function_arn}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": len(PAUSES) + 1,
        },
        "requestPayload": json.loads(text),
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": json.loads(answer),
    }
