"""Dead letters: a function's failure is sent with the function's role, or lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from moto.awslambda.models import lambda_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from warmfold.cloud.hooks.dead_letters import dead_letters
from warmfold.cloud.hooks.lambda_ import FunctionFailedError
from warmfold.cloud.iam.denial import Denial
from warmfold.cloud.iam.identity import Caller
from warmfold.cloud.iam.policy import Call, Decision

REGION = "us-east-1"
FUNCTION = f"arn:aws:lambda:{REGION}:{DEFAULT_ACCOUNT_ID}:function:f"
QUEUE = f"arn:aws:sqs:{REGION}:{DEFAULT_ACCOUNT_ID}:letters"
ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/own"


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    config = {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}
    function = SimpleNamespace(
        function_arn=FUNCTION, function_name="f", role=ROLE, event_invoke_config=[SimpleNamespace(config=config)]
    )
    monkeypatch.setattr(lambda_backends[DEFAULT_ACCOUNT_ID][REGION], "get_function", lambda _arn: function)
    backend = sqs_backends[DEFAULT_ACCOUNT_ID][REGION]
    yield backend.create_queue("letters", None)
    backend.reset()


@pytest.mark.parametrize("may", [True, False])
def test_a_function_s_failure_is_sent_with_its_role_where_that_may(queue: Any, may: bool) -> None:
    asked: list[tuple[Caller, Call]] = []

    def judge(caller: Caller, calls: Iterable[Call]) -> Denial | None:
        (call,) = calls
        asked.append((caller, call))
        return None if may else Denial("arn", call, Decision(False))

    give_up = dead_letters(DEFAULT_ACCOUNT_ID, REGION, judge)
    give_up({"Arn": FUNCTION}, '{"event": 1}', FunctionFailedError("f", '{"errorType": "E"}'))
    assert asked == [(Caller(None, ROLE, "f"), Call("sqs:SendMessage", QUEUE))]
    assert [json.loads(letter.body)["requestPayload"] for letter in queue.messages] == [{"event": 1}] * may


def test_what_a_rule_could_not_deliver_is_the_queue_s_own_affair(queue: Any) -> None:
    target = {"Arn": FUNCTION, "DeadLetterConfig": {"Arn": QUEUE}}
    denied = Denial("arn", Call("sqs:SendMessage", QUEUE), Decision(False))
    dead_letters(DEFAULT_ACCOUNT_ID, REGION, lambda _caller, _calls: denied)(target, "{}", RuntimeError("no"))
    assert [letter.body for letter in queue.messages] == ["{}"]
