"""Step Functions' calls of other services: what goes out, what comes back, and the names of their errors."""

from __future__ import annotations

import functools
import json
import re
import string
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.response import StreamingBody
from moto.stepfunctions.parser.api import InvocationResponse
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_eval_s3 import (
    ResourceEvalS3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import LambdaFunctionErrorException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda

METADATA = ("SdkHttpMetadata", "SdkResponseMetadata")
ERRORS = 300

_WORD = re.compile(r"[A-Z]+\d*(?![a-z])|[A-Z][a-z\d]*|[a-z\d]+")


def install() -> None:
    """Mend moto's integrations; each function below says what."""
    _cases()
    _metadata()
    _error_names()
    _causes_of_functions()
    _listed_objects()


def _cases() -> None:
    """moto leaves the names of members as they are: those of boto, where AWS's states have PascalCase for all.

    So a service whose members are camelCase can't be called, and a JSON value given for a blob is not written as one.
    Dates come back as milliseconds, or in ISO 8601 from an AWS SDK integration.
    """

    def parameters(
        self: Any, parameters: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        model = operation_model(self._get_boto_service_name(boto_service_name), service_action_name or _action_of(self))
        if model is not None and model.input_shape is not None:
            self._to_boto_request(parameters, model.input_shape)

    def response(
        self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        model = operation_model(self._get_boto_service_name(boto_service_name), service_action_name or _action_of(self))
        if model is None or model.output_shape is None or not isinstance(response, dict):
            return
        sdk = isinstance(self, StateTaskServiceAwsSdk)
        for name in METADATA if sdk or service_action_name else ():  # of an optimized integration's own call only
            response.pop(name, None)
        renamed = _for_states(response, model.output_shape, in_words=sdk)
        response.clear()
        response.update(renamed)

    StateTaskService._normalise_parameters = parameters
    StateTaskService._normalise_response = response


def _metadata() -> None:
    """moto drops what the answer's head says, which AWS's optimized integrations give with the answer."""
    InvocationResponse.__optional_keys__ |= set(METADATA)


def tell_metadata(client: Any) -> None:
    """Have a client of boto add to its answers what an optimized integration gives with them."""

    def add(http_response: Any, parsed: Any, **_: Any) -> None:
        if http_response.status_code >= ERRORS:
            return
        number = str(uuid.uuid5(uuid.NAMESPACE_OID, parsed["ResponseMetadata"].get("RequestId", "")))
        headers = _headers(http_response, number)
        parsed["SdkHttpMetadata"] = {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": http_response.status_code,
        }
        parsed["SdkResponseMetadata"] = {"RequestId": number}

    client.meta.events.register("after-call.*", add)


def _headers(http_response: Any, number: str) -> dict[str, str]:
    """The head of an answer as AWS has it: its names, its numbers, and the length of its JSON, which has no spaces."""
    given = http_response.headers
    headers = {
        "x-amzn-RequestId": number,
        "Date": given.get("Date", ""),
        "Content-Type": given.get("Content-Type", ""),
        "Content-Length": given.get("Content-Length", "0"),
    }
    if "X-Amz-Executed-Version" in given:
        headers |= {
            "Connection": "keep-alive",
            "X-Amz-Executed-Version": given["X-Amz-Executed-Version"],
            "x-amzn-Remapped-Content-Length": "0",
            "X-Amzn-Trace-Id": f"root=1-{number[:8]}-{number.replace('-', '')[8:]};sampled=0",
        }
    else:
        headers["connection"] = "keep-alive"
        if "json" in headers["Content-Type"]:
            told = json.loads(http_response.content or b"{}")
            headers["Content-Length"] = str(len(json.dumps(told, separators=(",", ":")).encode()))
    return headers


def _action_of(task: Any) -> str:
    return str(task.resource.api_action)


@functools.cache
def operation_model(service: str, action: str) -> OperationModel | None:
    """botocore's model of a service's action, however its name is written; None when there is none."""
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return None
    wanted = action.replace("_", "").lower()
    found = [name for name in model.operation_names if name.lower() == wanted]
    return model.operation_model(found[0]) if found else None


def _for_states(value: Any, shape: Shape | None, *, in_words: bool) -> Any:
    """What boto answers, as a state gets it."""
    if isinstance(value, StreamingBody):
        return value.read().decode(errors="replace")
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        if not in_words:
            return int(moment.timestamp() * 1000)
        fraction = f".{moment.microsecond // 1000:03d}".rstrip("0").rstrip(".")
        return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, list):
        member = shape.member if isinstance(shape, ListShape) else None
        return [_for_states(item, member, in_words=in_words) for item in value]
    if isinstance(value, Mapping) and isinstance(shape, StructureShape):
        return {
            _pascal(name) if name in shape.members else name: _for_states(
                item, shape.members.get(name), in_words=in_words
            )
            for name, item in value.items()
        }
    if isinstance(value, Mapping):
        of = shape.value if isinstance(shape, MapShape) else None
        return {name: _for_states(item, of, in_words=in_words) for name, item in value.items()}
    return value


def _pascal(name: str) -> str:
    """A name as AWS's SDK for Java has it: executionArn is ExecutionArn, ETag ETag, MD5OfBody Md5OfBody, ARN Arn."""
    capitals = len(name) - len(name.lstrip(string.ascii_uppercase))
    if capitals < 2:
        return name[:1].upper() + name[1:]
    word = capitals if not name[capitals:] or name[capitals].isdigit() else capitals - 1
    return name[:word].capitalize() + name[word:]


def _causes_of_functions() -> None:
    """moto takes the spaces out of the failure of a function whose ARN is the state's resource; AWS leaves its text."""
    from_error = StateTaskLambda._from_error

    def from_error_with_its_text(self: Any, env: Any, ex: Exception) -> Any:
        if isinstance(ex, LambdaFunctionErrorException):
            ex = LambdaFunctionErrorException(ex.function_error, json.dumps(json.loads(ex.payload)))
        return from_error(self, env, ex)

    StateTaskLambda._from_error = from_error_with_its_text


def _listed_objects() -> None:
    """moto gives a Distributed Map the objects of a bucket as boto does, with dates that JSON has no form for."""
    list_objects = ResourceEvalS3._handle_list_objects_v2

    def listed(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
        list_objects(env, resource_runtime_part, state_credentials)
        env.stack.append(
            [
                {
                    "Etag": one["ETag"],
                    "LastModified": int(one["LastModified"].timestamp()),
                    "Key": one["Key"],
                    "Size": one["Size"],
                    "StorageClass": one["StorageClass"],
                }
                for one in env.stack.pop()
            ]
        )

    ResourceEvalS3._handle_list_objects_v2 = staticmethod(listed)


def _error_names() -> None:
    """moto names errors of AWS SDK integrations after the service as the state spells it: s3.NoSuchKeyException."""

    def service_name(name: str) -> str:
        try:
            model = botocore.session.get_session().get_service_model({"sfn": "stepfunctions"}.get(name, name))
        except UnknownServiceError:
            return name
        return "".join(word.capitalize() for word in _WORD.findall(model.service_id))

    StateTaskServiceAwsSdk._normalise_service_error_name = staticmethod(service_name)
