"""Step Functions: moto's interpreter, mended where it does otherwise than AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from warmfold.cloud.events import EventBus
from warmfold.cloud.hooks.stepfunctions import (
    activities,
    aliases,
    errors,
    evaluation,
    executions,
    integrations,
    interpreter,
    jsonata,
    machines,
    refusals,
    reports,
    roles,
    sagemaker,
    starting,
    state_machines,
    trials,
)
from warmfold.cloud.hooks.stepfunctions.logs import LogSink
from warmfold.cloud.iam.trust import MayAssume
from warmfold.cloud.sagemaker.service import Service


def install(
    bus: EventBus,
    *,
    endpoint_url: str,
    credentials: Callable[[str], Mapping[str, str]],
    service: Callable[[], Service],
    may_assume: MayAssume,
    log_sink: LogSink,
) -> None:
    """Mend moto's Step Functions; each module says what.

    State machines call with the `credentials` of their role (its ARN), and SageMaker by way of `service`; `may_assume`
    says whether a role trusts Step Functions; executions log to `log_sink`.
    """
    refusals.install()
    interpreter.install()
    machines.install()
    aliases.install()
    activities.install()
    starting.install(log_sink)
    reports.install()
    trials.install(may_assume)
    state_machines.install()
    roles.install(endpoint_url, credentials, may_assume)
    jsonata.install()
    evaluation.install()
    errors.install()
    integrations.install()
    sagemaker.install(service)
    executions.install(bus)
