"""AccessDenied in AWS's words: how a refusal reads in each service's own form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from warmfold.cloud.iam.policy import Call, Decision

_SPELLING = {"sns": "SNS"}
_QUERY_CODES = {"sns": "AuthorizationError"}
_STATUS = {400: "400 Bad Request", 403: "403 Forbidden"}


@dataclass(frozen=True)
class Refusal:
    """AWS's code and sentence; S3 and the query protocol may have their own of both, and S3 its own HTTP status."""

    code: str
    message: str
    s3: tuple[str, str, int] | None = None
    query: tuple[str, str] | None = None
    status: int = 403
    """Of the protocols that have a status of their own for each error."""

    def response(self, protocol: str, request_id: str) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status, headers and body in a service's protocol: `json`, `rpc`, `rest`, `query` or `s3`."""
        if protocol == "s3":
            code, message, status = self.s3 or (self.code, self.message, 403)
            body = (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
                f"<Message>{escape(message)}</Message><RequestId>{request_id}</RequestId></Error>"
            )
            return _STATUS[status], [("Content-Type", "application/xml")], body.encode()
        if protocol == "query":
            code, message = self.query or (self.code, self.message)
            body = (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
                f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
            )
            return _STATUS[self.status], [("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)], body.encode()
        headers = [
            ("Content-Type", "application/json"),
            ("x-amzn-RequestId", request_id),
            ("x-amzn-ErrorType", self.code),
        ]
        if protocol == "rest":
            return _STATUS[self.status], headers, json.dumps({"Message": self.message}).encode()
        return _STATUS[400], headers, json.dumps({"__type": self.code, "message": self.message}).encode()


_NO_SIGNATURE = "Missing Authentication Token"
_NO_SUCH_KEY = "The security token included in the request is invalid."
_OVER = "The security token included in the request is expired"
UNSIGNED = Refusal(
    "MissingAuthenticationTokenException",
    _NO_SIGNATURE,
    s3=("AccessDenied", "Access Denied", 403),
    query=("MissingAuthenticationToken", "Request is missing Authentication Token"),
)
UNKNOWN_KEY = Refusal(
    "UnrecognizedClientException",
    _NO_SUCH_KEY,
    s3=("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403),
    query=("InvalidClientTokenId", _NO_SUCH_KEY),
)
WRONG_TOKEN = Refusal(
    "UnrecognizedClientException",
    _NO_SUCH_KEY,
    s3=("InvalidToken", "The provided token is malformed or otherwise invalid.", 400),
    query=("InvalidClientTokenId", _NO_SUCH_KEY),
)
EXPIRED = Refusal(
    "ExpiredTokenException",
    _OVER,
    s3=("ExpiredToken", "The provided token has expired.", 400),
    query=("ExpiredToken", _OVER),
)
_MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema"
MALFORMED_XML = Refusal("MalformedXML", _MALFORMED, s3=("MalformedXML", _MALFORMED, 400))


def access_denied(message: str, service: str = "") -> Refusal:
    """A refusal of what somebody known may not do."""
    query = (_QUERY_CODES.get(service, "AccessDenied"), message)
    return Refusal("AccessDeniedException", message, s3=("AccessDenied", message, 403), query=query)


@dataclass(frozen=True)
class Denial:
    """A call that policies do not allow: who made it (an ARN), and how it was decided."""

    caller_arn: str
    call: Call
    decision: Decision
    policy_type: str = "identity-based policy"
    """Or `permissions boundary`."""

    @property
    def message(self) -> str:
        """AWS's sentence."""
        service, _, name = self.call.action.partition(":")
        action = f"{_SPELLING.get(service, service)}:{name}"
        resource = f'"{self.call.resource}"' if service == "s3" else self.call.resource
        article = "a" if self.policy_type.startswith("p") else "an"
        reason = (
            f"with an explicit deny in {article} {self.policy_type}"
            if self.decision.by is not None
            else f"because no {self.policy_type} allows the {action} action"
        )
        return f"User: {self.caller_arn} is not authorized to perform: {action} on resource: {resource} {reason}"

    @property
    def refusal(self) -> Refusal:
        """The answer."""
        return access_denied(self.message, self.call.action.partition(":")[0])
