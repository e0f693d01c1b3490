"""Lambda's functions, run as processes."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction, LayerVersion, lambda_backends
from moto.core.common_models import CloudFormationModel

from warmfold.cloud.events import Deliver, EventBus
from warmfold.cloud.functions_runtime.pool import Functions, FunctionSpec, TooManyInvocationsError
from warmfold.cloud.hooks.cloudformation.resources import Properties, Setting, add, around
from warmfold.cloud.iam.trust import MayAssume, anybody


class FunctionFailedError(Exception):
    """A function that nobody waits for failed; `payload` is its answer as JSON text."""

    def __init__(self, function_name: str, payload: str) -> None:
        super().__init__(f"{function_name}: {payload}")
        self.payload = payload


class TooManyRequestsError(LambdaClientError):  # type: ignore[misc]
    """The answer to an invocation when as many functions are running as may."""

    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


def install(functions: Functions, bus: EventBus, may_assume: MayAssume = anybody) -> None:
    """Run functions in `functions` (those that nobody waits for by way of `bus`), and mend what moto makes of them.

    `may_assume` says whether a role (its ARN) trusts Lambda.

    moto runs functions in Docker only, answers an asynchronous invocation when the function has ended, calls an
    uncaught exception Handled, and its CloudFormation drops Layers, LoggingConfig and TracingConfig. A layer version
    without a physical id makes UpdateStack crash and `!Ref` give its name.
    """

    def keep(function: Any, properties: Properties, _: str) -> None:
        function.layers = function._get_layers_data(properties.get("Layers", []))
        function.tracing_config = properties.get("TracingConfig", function.tracing_config)
        function.logs_group_name = properties.get("LoggingConfig", {}).get("LogGroup", function.logs_group_name)

    def invoke_lambda(function: Any, event: Any = None) -> tuple[str, bool, str]:
        try:
            done = functions.invoke(spec_of(function), json.dumps(event))
        except TooManyInvocationsError as error:
            raise TooManyRequestsError from error
        return done.payload, done.failed, done.log

    invoke = LambdaFunction.invoke

    @functools.wraps(invoke)
    def invoke_as_asked(function: Any, body: Any, request_headers: Any, response_headers: Any) -> Any:
        if request_headers.get("x-amz-invocation-type") == "Event":
            bus.deliver({"Arn": function.function_arn}, body or "{}")
            return ""
        answer = invoke(function, body or "{}", request_headers, response_headers)
        response_headers["x-amz-executed-version"] = function.version
        if "x-amz-function-error" in response_headers:
            response_headers["x-amz-function-error"] = "Unhandled"
        return answer

    around(LambdaFunction, after=keep)
    add(EventInvokeConfig)
    _refuse_other_runtimes(may_assume)
    _end_with_the_function(functions)
    LambdaFunction._invoke_lambda = invoke_lambda
    LambdaFunction.invoke = invoke_as_asked
    LayerVersion.physical_resource_id = property(lambda layer: layer.arn)
    LayerVersion.delete = _delete_layer


class EventInvokeConfig(Setting, CloudFormationModel):  # type: ignore[misc]
    """What becomes of a function's asynchronous invocations that fail."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type in a template."""
        return "AWS::Lambda::EventInvokeConfig"

    def put(self, properties: Properties, account_id: str, region: str) -> None:
        """Set it; moto would keep the one before and give that."""
        names = ("DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts")
        backend = lambda_backends[account_id][region]
        backend.get_function(properties["FunctionName"]).event_invoke_config = []
        backend.put_function_event_invoke_config(
            properties["FunctionName"], {name: properties[name] for name in names if name in properties}
        )

    def remove(self, properties: Properties, account_id: str, region: str) -> None:
        """Leave the function without one."""
        backend = lambda_backends[account_id][region]
        for function in backend.list_functions():
            if properties["FunctionName"] in (function.function_name, function.function_arn):
                function.event_invoke_config = []


def _delete_layer(version: Any, account_id: str, region_name: str) -> None:
    """Delete a layer version with its stack, which moto does not; functions that have it go on with it."""
    backend = lambda_backends[account_id][region_name]
    for function in backend.list_functions():
        if version.arn in {layer["Arn"] for layer in function.layers}:
            vars(function).setdefault("deleted_layers", {})[version.arn] = version.code_bytes
    backend.delete_layer_version(version.name, str(version.version))


def _layer_archive(function: Any, arn: str) -> bytes:
    deleted: bytes | None = getattr(function, "deleted_layers", {}).get(arn)
    backend = lambda_backends[function.account_id][function.region]
    return bytes(backend.layers_versions_by_arn(arn).code_bytes) if deleted is None else deleted


def _refuse_other_runtimes(may_assume: MayAssume) -> None:
    """moto takes functions of every runtime and role; run as Python they would do something else, or nothing."""
    create, configure = LambdaBackend.create_function, LambdaFunction.update_configuration

    def check(name: str, wanted: Mapping[str, Any]) -> None:
        what = wanted.get("Runtime") if wanted.get("PackageType", "Zip") == "Zip" else "package type Image"
        if not str(what).startswith("python3."):
            raise InvalidParameterValueException(
                f"the local cloud runs functions of the python3.x runtimes only; {name} has {what or 'no runtime'}"
            )

    def check_role(role_arn: str | None, function_arn: str) -> None:
        if not may_assume(role_arn, function_arn):
            raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")

    def create_checked(self: Any, spec: Any) -> Any:
        check(spec.get("FunctionName"), spec)
        region, account, name = self.region_name, self.account_id, spec.get("FunctionName")
        check_role(spec.get("Role"), f"arn:aws:lambda:{region}:{account}:function:{name}")
        return create(self, spec)

    def configure_checked(self: Any, config_updates: Any) -> Any:
        if "Runtime" in config_updates:
            check(self.function_name, config_updates)
        if "Role" in config_updates:
            check_role(config_updates["Role"], self.function_arn)
        return configure(self, config_updates)

    LambdaBackend.create_function = create_checked
    LambdaFunction.update_configuration = configure_checked


def _end_with_the_function(functions: Functions) -> None:
    """A deleted function's processes end."""
    delete = LambdaBackend.delete_function

    def delete_and_end(self: Any, function_name: str, qualifier: str | None = None) -> None:
        arn = self.get_function(function_name, qualifier).function_arn
        delete(self, function_name, qualifier)
        functions.forget(arn)

    LambdaBackend.delete_function = delete_and_end


def spec_of(function: Any) -> FunctionSpec:
    """A function of moto's as what the runtime needs to run it."""
    layers = tuple(_layer_archive(function, layer["Arn"]) for layer in function.layers)
    settings = {
        "handler": function.handler,
        "role": function.role,
        "environment": function.environment_vars,
        "memory": function.memory_size,
        "timeout": function.timeout,
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for archive in (function.code_bytes, *layers):
        digest.update(hashlib.sha256(archive).digest())
    return FunctionSpec(
        name=function.function_name,
        arn=function.function_arn,
        handler=function.handler,
        role_arn=function.role,
        timeout_seconds=float(function.timeout),
        memory_mb=int(function.memory_size),
        log_group=function.logs_group_name,
        digest=digest.hexdigest(),
        environment={name: str(value) for name, value in function.environment_vars.items()},
        code=function.code_bytes,
        layers=layers,
        runtime=str(function.run_time),
    )


def invoke_from_event(functions: Functions, account_id: str, region: str) -> Deliver:
    """How EventBridge invokes a function; waits until it may run."""

    def deliver(target: Mapping[str, Any], text: str) -> None:
        function = lambda_backends[account_id][region].get_function(target["Arn"])
        done = functions.invoke(spec_of(function), text, wait=True)
        if done.failed:
            raise FunctionFailedError(function.function_name, done.payload)

    return deliver
