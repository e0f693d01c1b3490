"""Authorization: every call of a role is held against its policies."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from warmfold.cloud.iam import sagemaker, services, trust
from warmfold.cloud.iam.denial import Denial, Refusal, access_denied
from warmfold.cloud.iam.identity import Caller
from warmfold.cloud.iam.patterns import Context
from warmfold.cloud.iam.policy import Call, decide, statements_of

SWITCH = "WARMFOLD_IAM"
"""Environment variable: `on` (the default), or `off` to let every role do everything."""
RECORD = "WARMFOLD_IAM_RECORD"
"""Environment variable: a file that gets every new verdict as a line of JSON."""
ASSUME_ROLE = "sts:AssumeRole"
FOR_LONG_TERM_KEYS = ("GetSessionToken", "GetFederationToken")
"""STS's operations that AWS answers to no session."""
WITH_FOREIGN_IDENTITY = ("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML")
"""STS's operations that believe another identity provider, which the local cloud can't ask; nobody signs them."""


def is_on(environment: Mapping[str, str]) -> bool:
    """Whether policies are enforced; raises ValueError for a switch that says neither."""
    value = environment.get(SWITCH, "on")
    if value not in ("on", "off"):
        raise ValueError(f"{SWITCH} is {value!r}; it must be on or off")
    return value == "on"


@dataclass(frozen=True)
class Role:
    """A role as its calls are judged by: policy documents (JSON text) by name, its boundary's and its trust policy."""

    policies: Mapping[str, str]
    trust: str
    boundary: tuple[str, str] | None = None


@dataclass(frozen=True)
class Verdict:
    """One judged call, for whoever records them; `by` is the policy and the number of the statement that decided."""

    role_arn: str
    action: str
    resource: str
    context: Context
    allowed: bool
    by: tuple[str, int] | None


class Enforcer:
    """Judges calls. Thread-safe; `role` gives a role as it is now (None when there is no such role).

    `user_arn` tells whose an access key is that is no role's.
    """

    def __init__(
        self,
        account_id: str,
        region: str,
        role: Callable[[str], Role | None],
        record: Callable[[Verdict], None] = lambda _: None,
        user_arn: Callable[[str | None], str] | None = None,
    ) -> None:
        self._account_id = account_id
        self._region = region
        self._role = role
        self._record = record
        self._user_arn = user_arn or (lambda _: f"arn:aws:iam::{account_id}:user/local")

    def judge(self, caller: Caller, calls: Iterable[Call]) -> Denial | None:
        """The first refusal among the calls, in their order; the user's own calls are never refused."""
        if caller.role_arn is None:
            return None
        role = self._role(caller.role_arn) or Role({}, "{}")
        for call in calls:
            denial = self._judge_one(caller, caller.role_arn, role, call)
            if denial is not None:
                return denial
        return None

    def _judge_one(self, caller: Caller, role_arn: str, role: Role, call: Call) -> Denial | None:
        whole = Call(call.action, call.resource, {**self._about(caller), **call.context})
        policies = [statement for name, text in role.policies.items() for statement in statements_of(name, text)]
        decision = decide(policies, whole)
        kind = "identity-based policy"
        if role.boundary is not None and decision.allowed:
            bounded = decide(statements_of(*role.boundary), whole)
            if not bounded.allowed:
                decision, kind = bounded, "permissions boundary"
        by = (decision.by.policy, decision.by.index) if decision.by else None
        self._record(Verdict(role_arn, call.action, call.resource, whole.context, decision.allowed, by))
        return None if decision.allowed else Denial(self._arn(caller), call, decision, kind)

    def _about(self, caller: Caller) -> Context:
        return {
            "aws:principalarn": caller.role_arn or self._arn(caller),
            "aws:principalaccount": self._account_id,
            "aws:principaltype": "AssumedRole" if caller.role_arn else "User",
            "aws:principalisawsservice": "false",
            "aws:requestedregion": caller.region or self._region,
            "aws:securetransport": "true",  # the endpoint stands for AWS's, which is HTTPS
            "aws:viaawsservice": "false",
        }

    def _arn(self, caller: Caller) -> str:
        if caller.role_arn is None:
            return self._user_arn(caller.access_key)
        name = caller.role_arn.rpartition("/")[2]
        return f"arn:aws:sts::{self._account_id}:assumed-role/{name}/{caller.session}"

    def sagemaker(self, caller: Caller, operation: str, request: dict[str, Any]) -> tuple[str, str] | None:
        """The error code and message for a request to SageMaker, or None; roles must trust SageMaker, whoever calls."""
        region = caller.region or self._region
        denial = self.judge(caller, sagemaker.calls(operation, request, self._account_id, region))
        if denial is not None:
            return "AccessDeniedException", denial.message
        for role_arn in sagemaker.passed_roles(operation, request):
            if not self.is_trusted(role_arn, sagemaker.SERVICE):
                return (
                    "ValidationException",
                    f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
                    f"'{sagemaker.SERVICE}' to assume the role.",
                )
        return None

    def operation(self, caller: Caller, operation: services.Operation) -> Refusal | None:
        """Why a caller may not have an operation of a service other than SageMaker and S3, or None."""
        if operation.protocol == services.CONTRADICTION:
            return access_denied(
                "The request names more than one operation, or a member of one more than once.", operation.service
            )
        if operation.service == "sts":
            if operation.name in WITH_FOREIGN_IDENTITY:
                return foreign_identity(operation)
            if operation.name in FOR_LONG_TERM_KEYS and caller.role_arn is not None:
                return access_denied(f"Cannot call {operation.name} with session credentials")
            if operation.action == ASSUME_ROLE and operation.members.get("RoleArn"):
                return self.assume_role(caller, str(operation.members["RoleArn"]), operation.members.get("ExternalId"))
        denial = self.judge(caller, services.calls(operation, self._account_id, caller.region or self._region))
        return denial.refusal if denial is not None else None

    def is_trusted(self, role_arn: str, service: str, source_arn: str | None = None) -> bool:
        """Whether there is such a role, and it lets a service such as `states.amazonaws.com` assume it.

        `source_arn` is the resource for which the service does it, or None when that is not known here.
        """
        role = self._role(role_arn)
        names = {service, f"{service.partition('.')[0]}.{self._region}.amazonaws.com"}
        context: Context = {
            "aws:sourceaccount": self._account_id,
            "aws:sourcearn": source_arn,
            "aws:principalisawsservice": "true",
        }
        return role is not None and trust.trusts(role.trust, trust.SERVICE, names, context)

    def assume_role(self, caller: Caller, role_arn: str, external_id: str | None = None) -> Refusal | None:
        """Why a caller may not assume a role, or None: the role is there, trusts it, and its own policies allow it.

        A role that is trusted by its own name, not with its whole account, needs no policy that allows it.
        """
        own = {self._arn(caller)} | ({caller.role_arn} if caller.role_arn else set())
        account = {self._account_id, f"arn:aws:iam::{self._account_id}:root"}
        denial = self.judge(caller, [Call(ASSUME_ROLE, role_arn)])
        if denial is not None:
            explicit = denial.decision.by is not None or denial.policy_type == "permissions boundary"
            if explicit or not self._trusts(caller, role_arn, own, external_id):
                return denial.refusal
        if not self._trusts(caller, role_arn, own | account, external_id):
            return access_denied(
                f"User: {self._arn(caller)} is not authorized to perform: {ASSUME_ROLE} on resource: {role_arn}"
            )
        return None

    def _trusts(self, caller: Caller, role_arn: str, names: Collection[str], external_id: str | None) -> bool:
        role = self._role(role_arn)
        context = {**self._about(caller), **({} if external_id is None else {"sts:externalid": external_id})}
        return role is not None and trust.trusts(role.trust, trust.AWS, names, context)


class Recorder:
    """Writes every new verdict to a file, as a line of JSON. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: set[str] = set()

    def __call__(self, verdict: Verdict) -> None:
        """Write a verdict unless the same was written before."""
        line = json.dumps(asdict(verdict), sort_keys=True)
        with self._lock:
            if line not in self._seen:
                self._seen.add(line)
                with self._path.open("a") as file:
                    file.write(line + "\n")


def foreign_identity(operation: services.Operation) -> Refusal:
    """The refusal of an operation WITH_FOREIGN_IDENTITY."""
    return access_denied(f"Not authorized to perform sts:{operation.name}")
