"""Authentication: the temporary credentials of roles, and who is behind a request's signature."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import WSGIEnvironment

from moto.iam.models import iam_backends
from moto.settings import MAX_FORM_MEMORY_SIZE
from moto.sts.models import sts_backends
from moto.sts.utils import random_session_token
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from warmfold.cloud.iam.denial import EXPIRED, UNKNOWN_KEY, UNSIGNED, WRONG_TOKEN, Refusal

_SIGNED = re.compile(r"AWS4-[\w-]+\s+Credential=([^,\s]+)")
_SCOPE = re.compile(r"([^/]+)/[^/]+/([a-z]{2,}(?:-[a-z]+)+-\d+)/([\w-]+)/aws4_request")
_MAX_PARTS = 1000  # as moto takes
_SECONDS = 12 * 3600
TEMPORARY = "ASIA"
"""How the ids of temporary keys begin."""
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
    region: str | None = None
    """The region that the request is signed for, where it says one."""


class AuthenticationError(Exception):
    """Nobody can be told to have made a request."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(frozen=True)
class _Session:
    role_arn: str | None
    name: str
    token: str
    ends: datetime | None = None
    """None: its holder is given new credentials in time, which here are the same."""


class Identities:
    """Hands out credentials and knows them again. Thread-safe."""

    def __init__(self, account_id: str, region: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._account_id = account_id
        self._backend = sts_backends[account_id]["aws"]
        self._region = region
        self._now = now
        self._lock = threading.Lock()
        self._credentials: dict[tuple[str, str], dict[str, str]] = {}
        self._sessions: dict[str, _Session] = {}

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
        self._sessions[assumed.access_key_id] = _Session(role_arn, session, assumed.session_token)
        return _keys(assumed.access_key, assumed.session_token)

    def user_session(self, seconds: int = _SECONDS) -> Mapping[str, Any]:
        """Temporary credentials of the user, as GetSessionToken gives them."""
        key: Any = iam_backends[self._account_id]["aws"].create_temp_access_key()
        token, ends = random_session_token(), self._now() + timedelta(seconds=seconds)
        self._sessions[key.access_key_id] = _Session(None, SESSION, token, ends)
        return {**_keys(key, token), "Expiration": ends}

    def user_arn(self, access_key: str | None) -> str:
        """The ARN of the user with an access key, as GetCallerIdentity tells it."""
        arn: str = self._backend.get_caller_identity(access_key, self._region)[1]
        return arn.replace(":sts:", ":iam:")  # moto's own user is no session

    def caller(self, environ: WSGIEnvironment) -> Caller:
        """Who seems to have signed (or presigned) a request; whoever is not known is the user."""
        signed = signature(environ)
        known = self._session(signed.access_key)
        return _caller(signed, known)

    def authenticated(self, environ: WSGIEnvironment) -> Caller:
        """The caller of a request, where AWS would believe it; raises AuthenticationError.

        Static keys are the user's, whatever they are, and no signature is checked.
        """
        signed = signature(environ)
        if not signed.access_key:
            raise AuthenticationError(UNSIGNED)
        known = self._session(signed.access_key)
        if known is None and signed.access_key.startswith(TEMPORARY):
            raise AuthenticationError(UNKNOWN_KEY)
        if signed.token != (known.token if known else None):
            raise AuthenticationError(WRONG_TOKEN if signed.token else UNKNOWN_KEY)
        if known and known.ends and known.ends <= self._now():
            raise AuthenticationError(EXPIRED)
        return _caller(signed, known)

    def _session(self, key: str | None) -> _Session | None:
        if key is None:
            return None
        known = self._sessions.get(key)
        if known is None and key.startswith(TEMPORARY):
            found: Any = self._backend.get_assumed_role_from_access_key(key)
            if found is not None:
                ends = found.expiration.replace(tzinfo=UTC)
                known = _Session(found.role_arn, found.session_name, found.session_token, ends)
                self._sessions[key] = known
        return known


def _caller(signed: Signature, known: _Session | None) -> Caller:
    if known is None:
        return Caller(signed.access_key, None, region=signed.region)
    return Caller(signed.access_key, known.role_arn, known.name, signed.region)


def _keys(key: Any, token: str) -> dict[str, str]:
    return {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key, "SessionToken": token}


@dataclass(frozen=True)
class Signature:
    """What a request's signature says; only S3 has signatures that name no region and no service."""

    access_key: str | None
    region: str | None = None
    service: str | None = None
    token: str | None = None


def signature(environ: WSGIEnvironment) -> Signature:
    """The signature of a request: in its header, in its query (presigned), or in a browser's form for S3."""
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
    header = environ.get("HTTP_AUTHORIZATION", "")
    if header:
        signed = _SIGNED.match(header)
        if signed:
            return _scoped(signed[1], token)
        key = header.removeprefix("AWS ").partition(":")[0] if header.startswith("AWS ") else None
        return Signature(key, token=token)
    given = {name.lower(): values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    if "x-amz-credential" not in given and "awsaccesskeyid" not in given:
        given = _fields(environ)
    token = given.get("x-amz-security-token", token)
    if "x-amz-credential" in given:
        return _scoped(given["x-amz-credential"], token)
    return Signature(given.get("awsaccesskeyid"), token=token)


def _scoped(credential: str, token: str | None) -> Signature:
    scope = _SCOPE.fullmatch(credential)
    return Signature(scope[1], scope[2], scope[3].lower(), token) if scope else Signature(None, token=token)


@dataclass(frozen=True)
class Form:
    """A browser's form for S3: the fields before its file, and the key of the object with the file's name in it."""

    fields: Mapping[str, str]
    """By their names in lower case."""
    key: str
    """Empty where the form does not tell it in one way."""


def form_of(environ: WSGIEnvironment) -> Form | None:
    """The form in a request, read with moto's own parser; None for other requests."""
    if environ.get("REQUEST_METHOD") != "POST" or not is_form(environ):
        return None
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    boundary = parse_options_header(environ["CONTENT_TYPE"])[1].get("boundary", "")
    try:
        fields, file_name, more = _parts(body, boundary.encode("latin-1", "replace"))
    except (ValueError, HTTPException):  # no form, or a larger one than may be
        return Form({}, "")
    names = [name.lower() for name, _ in fields]
    lowered = {name: value for name, (_, value) in reversed([*zip(names, fields, strict=True)])}
    if more or file_name is None or len({*names}) < len(names) or "key" not in dict(fields):
        return Form(lowered, "")
    return Form(lowered, lowered["key"].replace("${filename}", Path(file_name).name))


def _parts(body: bytes, boundary: bytes) -> tuple[list[tuple[str, str]], str | None, bool]:
    """Names and values of the fields before the file, the file's name, and whether more comes after it."""
    decoder = MultipartDecoder(boundary, max_form_memory_size=MAX_FORM_MEMORY_SIZE, max_parts=_MAX_PARTS)
    decoder.receive_data(body)
    decoder.receive_data(None)
    fields: list[tuple[str, str]] = []
    file_name: str | None = None
    value = b""
    name = ""
    while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
        if isinstance(event, Field | File) and file_name is not None:
            return fields, file_name, True
        if isinstance(event, File):
            if event.name != "file":
                raise ValueError(f"the file's field is {event.name!r}")
            file_name = event.filename or ""
        elif isinstance(event, Field):
            name, value = event.name or "", b""
        elif isinstance(event, Data) and file_name is None:
            value += event.data
            if not event.more_data:
                fields.append((name, value.decode("utf-8", "replace")))
    return fields, file_name, False


def is_form(environ: WSGIEnvironment) -> bool:
    """Whether a request is one of those that browsers make of a form with a file."""
    return bool(environ.get("CONTENT_TYPE", "").strip().lower().startswith("multipart/form-data"))


def _fields(environ: WSGIEnvironment) -> dict[str, str]:
    form = form_of(environ)
    return dict(form.fields) if form else {}
