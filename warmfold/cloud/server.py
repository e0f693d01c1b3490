"""The local cloud's one process: one port for every service, until SIGTERM."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import waitress
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.config import default_user_config
from moto.logs.models import logs_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from waitress.channel import HTTPChannel

from warmfold.cloud.events import EventBus
from warmfold.cloud.functions_runtime.pool import Functions
from warmfold.cloud.gate import guarded
from warmfold.cloud.hooks import cloudformation, eventbridge, iam, lambda_, logs, memory, s3, stepfunctions, sts
from warmfold.cloud.hooks.dead_letters import dead_letters
from warmfold.cloud.iam.denial import Denial
from warmfold.cloud.iam.enforcement import RECORD, Enforcer, Recorder, is_on
from warmfold.cloud.iam.policy import Call
from warmfold.cloud.identity import SAGEMAKER_SESSION, STATES_SESSION, Caller, Identities, for_sagemaker
from warmfold.cloud.sagemaker import wire
from warmfold.cloud.sagemaker.service import build_service
from warmfold.cloud.sagemaker.settings import Settings
from warmfold.cloud.shelf import Shelf

logger = logging.getLogger(__name__)

THREADS = 64
FUNCTIONS_AT_ONCE = 32  # each may hold a thread for whoever waits for it, and calls the cloud itself
MAX_BODY_BYTES = 16 * 1024**3
HEALTH = "/_warmfold/health"


class Cloud:
    """All of AWS that there is here, behind one WSGI application."""

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
        logs.install(Shelf(home))
        iam.install()
        cloudformation.install()
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
        )

    def application(self) -> WSGIApplication:
        """Every service on one port: SageMaker is warmfold's own, the rest is moto's."""
        identify = self.identities.caller if self.enforcer is None else self.identities.authenticated
        sagemaker = wire.application(self.sagemaker, for_sagemaker(identify, self.region))
        moto: WSGIApplication = DomainDispatcherApplication(create_backend_app)
        if self.enforcer is not None:
            moto = self.enforcer.application(moto, identify)
        health = json.dumps({"status": "ok", "pid": os.getpid(), "region": self.region}).encode()

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ.get("PATH_INFO") == HEALTH:
                start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(health)))])
                return [health]
            if wire.is_addressed(environ):
                return sagemaker(environ, start_response)
            return moto(environ, start_response)

        return guarded(application)

    def shutdown(self) -> None:
        """Stop everything that runs."""
        self.bus.shutdown()
        self.functions.shutdown()
        self.sagemaker.shutdown()

    def _judge(self, caller: Caller, calls: Iterable[Call]) -> Denial | None:
        return self.enforcer.judge(caller, calls) if self.enforcer is not None else None

    def _authorize(self, operation: str, request: dict[str, Any], identity: Any) -> tuple[str, str] | None:
        return self.enforcer.sagemaker(identity, operation, request) if self.enforcer is not None else None

    def _may_assume(self, service: str) -> Callable[[str | None], bool]:
        def may_assume(role_arn: str | None) -> bool:
            if self.enforcer is None:
                return True
            return role_arn is not None and self.enforcer.is_trusted(role_arn, service)

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


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection; waitress waits for ever for the body of an empty upload that expects to be told to go on."""

    def send_continue(self) -> None:
        """Tell the client to send its body, when there is one to come."""
        if self.request.content_length or self.request.chunked:
            super().send_continue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="warmfold.cloud.server")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--sagemaker", type=json.loads, default={}, help="settings of the local SageMaker, as JSON")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("botocore", "waitress.queue", "werkzeug", "moto.stepfunctions.parser"):
        logging.getLogger(name).setLevel(logging.CRITICAL if name.startswith("moto") else logging.WARNING)
    os.environ |= {
        "MOTO_PORT": str(given.port),
        "AWS_DEFAULT_REGION": given.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    cloud = Cloud(
        given.home,
        given.port,
        given.region,
        given.sagemaker,
        enforce_iam=is_on(os.environ),
        iam_record=Path(os.environ[RECORD]) if RECORD in os.environ else None,
    )
    server = waitress.create_server(
        cloud.application(),
        host="127.0.0.1",
        port=given.port,
        threads=THREADS,
        connection_limit=1000,
        channel_timeout=3600,
        max_request_body_size=MAX_BODY_BYTES,
        asyncore_use_poll=True,
        ident=None,
    )
    server.channel_class = Channel
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())

    def serve() -> None:
        try:
            server.run()
        finally:
            stopping.set()

    threading.Thread(target=serve, name="server", daemon=True).start()
    logger.info("listening on %s", cloud.endpoint)
    stopping.wait()
    logger.info("stopping")
    cloud.shutdown()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # requests that are still being answered, and moto's threads, would keep the process
