"""Step Functions' roles: a state machine has one that trusts the service, and calls others with its credentials."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from moto.core.exceptions import AWSError
from moto.stepfunctions.models import StepFunctionBackend
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.utils import boto_client

from warmfold.cloud.hooks.stepfunctions.integrations import tell_metadata
from warmfold.cloud.hooks.stepfunctions.rebind import rebind
from warmfold.cloud.iam.trust import MayAssume

SERVICE = "states.amazonaws.com"


class RoleNotTrustingError(AWSError):  # type: ignore[misc]
    """The answer to a state machine whose role is not there, or does not let Step Functions assume it."""

    TYPE = "AccessDeniedException"
    STATUS = 400

    def __init__(self) -> None:
        super().__init__(
            f"Neither the global service principal {SERVICE}, nor the regional one is authorized to assume "
            "the provided role."
        )


def install(endpoint_url: str, credentials: Callable[[str], Mapping[str, str]], may_assume: MayAssume) -> None:
    """Mend what moto makes of roles; each function below says what.

    `credentials` are those of a role (its ARN), `may_assume` says whether it trusts the service.
    """
    _refuse_other_roles(may_assume)
    _call_as_role(endpoint_url, credentials)
    _name_refused_invocations()


def _refuse_other_roles(may_assume: MayAssume) -> None:
    """moto takes any text for a role."""
    create, update = StepFunctionBackend.create_state_machine, StepFunctionBackend.update_state_machine

    @functools.wraps(create)
    def create_checked(self: Any, name: str, definition: str, roleArn: str, *more: Any, **options: Any) -> Any:  # noqa: N803
        arn = f"arn:aws:states:{self.region_name}:{self.account_id}:stateMachine:{name}"
        if not may_assume(roleArn, arn):
            raise RoleNotTrustingError
        return create(self, name, definition, roleArn, *more, **options)

    @functools.wraps(update)
    def update_checked(
        self: Any, arn: str, definition: str | None = None, role_arn: str | None = None, *more: Any, **options: Any
    ) -> Any:
        if role_arn is not None and not may_assume(role_arn, arn):
            raise RoleNotTrustingError
        return update(self, arn, definition, role_arn, *more, **options)

    StepFunctionBackend.create_state_machine = create_checked
    StepFunctionBackend.update_state_machine = update_checked


def _call_as_role(endpoint_url: str, credentials: Callable[[str], Mapping[str, str]]) -> None:
    """moto's interpreter calls services with made-up keys; here it calls as the state machine's role."""

    @functools.lru_cache(maxsize=64)
    def client(service: str, region: str, role_arn: str) -> Any:
        keys = credentials(role_arn)
        session: Any = boto3.Session()
        made = session.client(
            service,
            region_name=region,
            endpoint_url=endpoint_url,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=Config(
                parameter_validation=False,
                retries={"total_max_attempts": 1},
                read_timeout=1000,
                max_pool_connections=50,
            ),
        )
        tell_metadata(made)
        return made

    def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        return client(service, region, state_credentials.role_arn)

    rebind("boto_client_for", boto_client.boto_client_for, client_for)


def _name_refused_invocations() -> None:
    """An invocation that the machine's role may not make fails as Lambda.AWSLambdaException; moto has Lambda's code."""
    describe = StateTaskServiceLambda._error_cause_from_client_error

    def described(client_error: Any) -> tuple[str, str]:
        error, cause = describe(client_error)
        return "Lambda.AWSLambdaException" if error == "Lambda.AccessDeniedException" else error, cause

    StateTaskServiceLambda._error_cause_from_client_error = staticmethod(described)
