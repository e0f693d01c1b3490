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

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/")
_SECONDS = 12 * 3600


@dataclass(frozen=True)
class Caller:
    """Whoever signed a request; `role_arn` is None for the user's own credentials."""

    access_key: str | None
    role_arn: str | None


class Identities:
    """Hands out each role's credentials and knows them again. Thread-safe."""

    def __init__(self, account_id: str, region: str) -> None:
        self._backend = sts_backends[account_id]["aws"]
        self._region = region
        self._lock = threading.Lock()
        self._credentials: dict[str, dict[str, str]] = {}
        self._roles: dict[str, str] = {}

    def credentials(self, role_arn: str) -> Mapping[str, str]:
        """A role's AccessKeyId, SecretAccessKey and SessionToken; the same ones for as long as the cloud is up."""
        with self._lock:
            found = self._credentials.get(role_arn)
            if found is None:
                found = self._credentials[role_arn] = self._assume(role_arn)
            return found

    def _assume(self, role_arn: str) -> dict[str, str]:
        assumed: Any = self._backend.assume_role(
            region_name=self._region,
            role_session_name="warmfold-local",
            role_arn=role_arn,
            policy=None,
            duration=_SECONDS,
            external_id=None,
        )
        self._roles[assumed.access_key_id] = role_arn
        return {
            "AccessKeyId": assumed.access_key_id,
            "SecretAccessKey": assumed.secret_access_key,
            "SessionToken": assumed.session_token,
        }

    def caller(self, environ: WSGIEnvironment) -> Caller:
        """The caller of a signed (or presigned) request."""
        key = access_key(environ)
        return Caller(key, self._role(key) if key else None)

    def _role(self, key: str) -> str | None:
        known = self._roles.get(key)
        if known is None and key.startswith("ASIA"):
            assumed = self._backend.get_assumed_role_from_access_key(key)
            if assumed is not None:
                known = self._roles[key] = assumed.role_arn
        return known


def access_key(environ: WSGIEnvironment) -> str | None:
    """The access key id that a request is signed with, in its header or (presigned) in its query."""
    match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if match:
        return match[1]
    credential = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential")
    return credential[0].split("/")[0] if credential else None
