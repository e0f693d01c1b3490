"""AWS's words for a call that is not allowed, in each service's own form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from warmfold.cloud.iam.policy import Call, Decision

JSON_FORMS = ("json", "rpc")
_SPELLING = {"sns": "SNS"}
_QUERY_CODES = {"sns": "AuthorizationError"}


@dataclass(frozen=True)
class Denial:
    """A refused call: who made it (an assumed role's ARN), and how it was decided."""

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

    def response(self, protocol: str, request_id: str) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status, headers and body in a service's protocol: `json`, `rpc`, `rest`, `query` or `s3`."""
        if protocol == "s3":
            body = (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>'
                f"<Message>{escape(self.message)}</Message><RequestId>{request_id}</RequestId></Error>"
            )
            return "403 Forbidden", [("Content-Type", "application/xml")], body.encode()
        if protocol == "query":
            code = _QUERY_CODES.get(self.call.action.partition(":")[0], "AccessDenied")
            body = (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(self.message)}</Message>"
                f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
            )
            return "403 Forbidden", [("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)], body.encode()
        code = "AccessDeniedException"
        headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", request_id), ("x-amzn-ErrorType", code)]
        if protocol == "rest":
            return "403 Forbidden", headers, json.dumps({"Message": self.message}).encode()
        return "400 Bad Request", headers, json.dumps({"__type": code, "message": self.message}).encode()
