"""The local cloud: every service wired to the others, and a request's way to them as one list."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.config import default_user_config
from moto.logs.models import logs_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from warmfold.cloud.cross_site import refuse_cross_site
from warmfold.cloud.events import EventBus
from warmfold.cloud.failures import answering
from warmfold.cloud.functions_runtime.pool import Functions
from warmfold.cloud.hooks import (
    absent,
    cloudformation,
    cloudwatch,
    eventbridge,
    iam,
    lambda_,
    logs,
    memory,
    requests,
    s3,
    sns,
    sqs,
    stepfunctions,
    sts,
)
from warmfold.cloud.hooks.dead_letters import dead_letters
from warmfold.cloud.iam.denial import Denial
from warmfold.cloud.iam.enforcement import Enforcer, Recorder
from warmfold.cloud.iam.identity import SAGEMAKER_SESSION, STATES_SESSION, AuthenticationError, Caller, Identities
from warmfold.cloud.iam.policy import Call
from warmfold.cloud.iam.steps import iam_steps
from warmfold.cloud.iam.trust import MayAssume
from warmfold.cloud.middleware import Step
from warmfold.cloud.one_reading import for_moto, read_one_way
from warmfold.cloud.sagemaker import wire
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.service import Service, build_service
from warmfold.cloud.sagemaker.settings import Settings
from warmfold.cloud.shelf import Shelf

FUNCTIONS_AT_ONCE = 32  # each may hold one of the server's threads for whoever waits for it, and call the cloud itself
HEALTH = "/_warmfold/health"


def steps_of(
    region: str, identities: Identities, enforcer: Enforcer | None, sagemaker: Service, moto: WSGIApplication
) -> list[Step]:
    """Every step of a request's way, in order; a fault, a trace or a counter is one more line.

    Without an enforcer everybody may do everything.
    """
    identify = identities.caller if enforcer is None else identities.authenticated
    return [
        refuse_cross_site,
        answer_health(region),
        read_one_way,
        serve_sagemaker(wire.application(sagemaker, for_sagemaker(identify, region))),
        *(iam_steps(enforcer, identify) if enforcer is not None else []),
        serve_moto(moto),
    ]


def answer_health(region: str) -> Step:
    """The step that says that the cloud is up."""
    body = json.dumps({"status": "ok", "pid": os.getpid(), "region": region}).encode()

    def answer_health(
        environ: WSGIEnvironment, start_response: StartResponse, rest: WSGIApplication
    ) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != HEALTH:
            return rest(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return answer_health


def serve_sagemaker(sagemaker: WSGIApplication) -> Step:
    """The step to the local SageMaker, which is warmfold's own."""

    def serve_sagemaker(
        environ: WSGIEnvironment, start_response: StartResponse, rest: WSGIApplication
    ) -> Iterable[bytes]:
        return (sagemaker if wire.is_addressed(environ) else rest)(environ, start_response)

    return serve_sagemaker


def serve_moto(moto: WSGIApplication) -> Step:
    """The last step: every other service is moto's."""
    moto = answering(moto)

    def serve_moto(environ: WSGIEnvironment, start_response: StartResponse, _: WSGIApplication) -> Iterable[bytes]:
        return moto(for_moto(environ), start_response)

    return serve_moto


def moto_application() -> WSGIApplication:
    """All of moto's services on one port."""
    application: WSGIApplication = DomainDispatcherApplication(create_backend_app)
    return application


def for_sagemaker(identify: Callable[[WSGIEnvironment], Caller], region: str) -> Callable[[WSGIEnvironment], Caller]:
    """`identify` for the local SageMaker, which is in one region: it raises ServiceError for whom it does not serve."""

    def identified(environ: WSGIEnvironment) -> Caller:
        try:
            caller = identify(environ)
        except AuthenticationError as error:
            raise ServiceError(error.refusal.code, error.refusal.message) from error
        if caller.region not in (None, region):
            raise ServiceError(
                "InvalidSignatureException",
                f"Credential should be scoped to a valid region, not '{caller.region}': "
                f"the local cloud's SageMaker is in {region} only.",
            )
        return caller

    return identified


class Cloud:
    """All of AWS that there is here; `steps` is the way of every request to it."""

    def __init__(
        self,
        home: Path,
        port: int,
        region: str,
        sagemaker_settings: dict[str, Any],
        *,
        enforce_iam: bool,
        iam_record: Path | None,
    ) -> None:
        self.endpoint = f"http://localhost:{port}"
        self.region = region
        self._log_lock = threading.Lock()
        account = DEFAULT_ACCOUNT_ID
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        self.identities = Identities(account, region)
        record = Recorder(iam_record) if iam_record else lambda _: None
        enforcer = Enforcer(
            account, region, lambda role_arn: iam.role_of(account, role_arn), record, self.identities.user_arn
        )
        self.enforcer = enforcer if enforce_iam else None
        self.functions = Functions(
            home / "functions",
            environment=self._function_environment,
            log_sink=self._put_log_events,
            concurrency=FUNCTIONS_AT_ONCE,
        )
        invoke = lambda_.invoke_from_event(self.functions, account, region)
        self.bus = EventBus(
            account,
            region,
            targets=lambda event: eventbridge.targets_of(account, region, event),
            deliver=eventbridge.ways(account, region, invoke, self._judge, self._may_assume(eventbridge.SERVICE)),
            give_up=dead_letters(account, region, self._judge),
        )
        settings = Settings(
            base_dir=home / "sagemaker",
            account_id=account,
            region=region,
            endpoint_url=self.endpoint,
            **sagemaker_settings,
        )
        self.sagemaker = build_service(
            settings,
            credentials=lambda role_arn: self.identities.credentials(role_arn, SAGEMAKER_SESSION),
            log_sink=self._put_log_events,
            event_sink=lambda detail_type, detail, resources: self.bus.put(
                "aws.sagemaker", detail_type, detail, resources
            ),
            authorize=self._authorize,
        )
        memory.install()
        requests.install()
        absent.install()
        logs.install(Shelf(home))
        iam.install()
        cloudformation.install()
        cloudwatch.install()
        sns.install()
        sqs.install()
        lambda_.install(self.functions, self.bus, self._may_assume("lambda.amazonaws.com"))
        s3.install(self.bus)
        eventbridge.install(self.bus, needs_roles=enforce_iam)
        if enforce_iam:
            sts.install(self.identities.user_session)
        stepfunctions.install(
            self.bus,
            endpoint_url=self.endpoint,
            credentials=lambda role_arn: self.identities.credentials(role_arn, STATES_SESSION),
            service=lambda: self.sagemaker,
            may_assume=self._may_assume(stepfunctions.roles.SERVICE),
            log_sink=self._put_log_events,
        )
        self.steps = steps_of(region, self.identities, self.enforcer, self.sagemaker, moto_application())

    def shutdown(self) -> None:
        """Stop everything that runs."""
        self.bus.shutdown()
        self.functions.shutdown()
        self.sagemaker.shutdown()

    def _judge(self, caller: Caller, calls: Iterable[Call]) -> Denial | None:
        return self.enforcer.judge(caller, calls) if self.enforcer is not None else None

    def _authorize(self, operation: str, request: dict[str, Any], identity: Any) -> tuple[str, str] | None:
        return self.enforcer.sagemaker(identity, operation, request) if self.enforcer is not None else None

    def _may_assume(self, service: str) -> MayAssume:
        def may_assume(role_arn: str | None, source_arn: str | None = None) -> bool:
            if self.enforcer is None:
                return True
            return role_arn is not None and self.enforcer.is_trusted(role_arn, service, source_arn)

        return may_assume

    def _function_environment(self, role_arn: str, name: str) -> dict[str, str]:
        keys = self.identities.credentials(role_arn, name)
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "POWERTOOLS_TRACE_DISABLED": "true",
        }

    def _put_log_events(self, group: str, stream: str, events: Sequence[tuple[int, str]]) -> None:
        backend = logs_backends[DEFAULT_ACCOUNT_ID][self.region]
        with self._log_lock:
            backend.ensure_log_group(group)
            if stream not in backend.groups[group].streams:
                backend.create_log_stream(group, stream)
            messages = [{"timestamp": at, "message": line} for at, line in events if line]
            if messages:
                backend.put_log_events(group, stream, messages)
