"""Step Functions: moto's interpreter, mended where it does otherwise than AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from warmfold.cloud.events import EventBus
from warmfold.cloud.hooks.stepfunctions import errors, executions, jsonata, roles, sagemaker, state_machines
from warmfold.cloud.sagemaker.service import Service


def install(
    bus: EventBus,
    *,
    endpoint_url: str,
    credentials: Callable[[str], Mapping[str, str]],
    service: Callable[[], Service],
    may_assume: Callable[[str | None], bool],
) -> None:
    """Mend moto's Step Functions; each module says what.

    State machines call with the `credentials` of their role (its ARN), and SageMaker by way of `service`; `may_assume`
    says whether a role (its ARN) trusts Step Functions.
    """
    state_machines.install()
    roles.install(endpoint_url, credentials, may_assume)
    jsonata.install()
    errors.install()
    sagemaker.install(service)
    executions.install(bus)
