"""Who calls: the temporary credentials of roles, and the role behind an access key."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import WSGIEnvironment

from moto.sts.models import sts_backends

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(?:[^/,\s]+/[^/,\s]+/([^/,\s]+)/)?")
_SECONDS = 12 * 3600
SESSION = "warmfold-local"
SAGEMAKER_SESSION = "SageMaker"
STATES_SESSION = "StepFunctions"  # AWS has 32 letters here, new ones for each execution
EVENTS_SESSION = "EventBridge"  # AWS has 32 letters and digits


@dataclass(frozen=True)
class Caller:
    """Whoever signed a request; `role_arn` is None for the user's own credentials, `session` names a role's session."""

    access_key: str | None
    role_arn: str | None
    session: str = SESSION


class Identities:
    """Hands out each role's credentials and knows them again. Thread-safe."""

    def __init__(self, account_id: str, region: str) -> None:
        self._backend = sts_backends[account_id]["aws"]
        self._region = region
        self._lock = threading.Lock()
        self._credentials: dict[tuple[str, str], dict[str, str]] = {}
        self._sessions: dict[str, tuple[str, str]] = {}

    def credentials(self, role_arn: str, session: str = SESSION) -> Mapping[str, str]:
        """AccessKeyId, SecretAccessKey and SessionToken of a role's session; the same ones while the cloud is up."""
        with self._lock:
            found = self._credentials.get((role_arn, session))
            if found is None:
                found = self._credentials[role_arn, session] = self._assume(role_arn, session)
            return found

    def _assume(self, role_arn: str, session: str) -> dict[str, str]:
        assumed: Any = self._backend.assume_role(
            region_name=self._region,
            role_session_name=session,
            role_arn=role_arn,
            policy=None,
            duration=_SECONDS,
            external_id=None,
        )
        self._sessions[assumed.access_key_id] = (role_arn, session)
        return {
            "AccessKeyId": assumed.access_key_id,
            "SecretAccessKey": assumed.secret_access_key,
            "SessionToken": assumed.session_token,
        }

    def caller(self, environ: WSGIEnvironment) -> Caller:
        """The caller of a signed (or presigned) request."""
        key = access_key(environ)
        known = self._session(key) if key else None
        return Caller(key, *known) if known else Caller(key, None)

    def _session(self, key: str) -> tuple[str, str] | None:
        known = self._sessions.get(key)
        if known is None and key.startswith("ASIA"):
            assumed = self._backend.get_assumed_role_from_access_key(key)
            if assumed is not None:
                known = self._sessions[key] = (assumed.role_arn, assumed.session_name)
        return known


def access_key(environ: WSGIEnvironment) -> str | None:
    """The access key id that a request is signed with, in its header or (presigned) in its query."""
    return _credential(environ)[0]


def credential_scope(environ: WSGIEnvironment) -> str | None:
    """The service that a request is signed for; only S3 has signatures that do not say."""
    service = _credential(environ)[1]
    return service.lower() if service else None


def _credential(environ: WSGIEnvironment) -> tuple[str | None, str | None]:
    header = environ.get("HTTP_AUTHORIZATION", "")
    match = _CREDENTIAL.search(header)
    if match:
        return match[1], match[2]
    if header.startswith("AWS "):
        return header.removeprefix("AWS ").partition(":")[0], None
    query = parse_qs(environ.get("QUERY_STRING", ""))
    signed = _CREDENTIAL.search(f"Credential={query['X-Amz-Credential'][0]}/") if "X-Amz-Credential" in query else None
    if signed:
        return signed[1], signed[2]
    return query.get("AWSAccessKeyId", [None])[0], None
