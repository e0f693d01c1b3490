"""IAM: roles and policies with all that their template gives them."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.exceptions import InvalidInput, NotFoundException
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy, Role, iam_backends
from moto.iam.responses import IamResponse

from warmfold.cloud.hooks.cloudformation.resources import Properties, around, changed_by
from warmfold.cloud.iam import enforcement, simulation
from warmfold.cloud.iam.policy import PolicyError


def install() -> None:
    """Mend moto's IAM; each function below says what."""
    _aws_managed_policies()
    _roles()
    _managed_policies()
    _deleted_policies()
    _simulation()
    _roles_by_name()


def _roles_by_name() -> None:
    """moto's Batch finds its service role by ARN only; AWS takes the role's name too, which is what Ref gives."""
    by_arn = IAMBackend.get_role_by_arn

    def by_arn_or_name(self: Any, arn: str) -> Any:
        return by_arn(self, arn) if arn.startswith("arn:") else self.get_role(arn)

    IAMBackend.get_role_by_arn = by_arn_or_name


def _aws_managed_policies() -> None:
    """moto has all of AWS's managed policies or none, and all take half a second; here each comes when asked for."""
    policies = functools.cache(lambda: dict(json.loads(aws_managed_policies_data)))
    attach, get = IAMBackend.attach_role_policy, IAMBackend.get_policy

    def load(backend: Any, arn: str) -> None:
        name = arn.rpartition("/")[2]
        if arn.split(":")[4:5] == ["aws"] and arn not in backend.managed_policies and name in policies():
            policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, policies()[name])
            backend.managed_policies[policy.arn] = policy

    def attach_loaded(self: Any, policy_arn: str, role_name: str) -> None:
        load(self, policy_arn)
        attach(self, policy_arn, role_name)

    def get_loaded(self: Any, policy_arn: str) -> Any:
        load(self, policy_arn)
        return get(self, policy_arn)

    IAMBackend.attach_role_policy = attach_loaded
    IAMBackend.get_policy = get_loaded


def _roles() -> None:
    """moto's roles ignore ManagedPolicyArns, keep inline policies in a form that no client can read, and never change.

    What an AWS::IAM::Policy or a client has given a role stays when its stack is updated.
    """

    def give(role: Any, properties: Properties, _: str) -> None:
        role.assume_role_policy_document = _text(properties["AssumeRolePolicyDocument"])
        role.max_session_duration = properties.get("MaxSessionDuration", 3600)
        _give_policies(role, properties)

    around(Role, after=give)


def _give_policies(role: Any, properties: Mapping[str, Any]) -> None:
    backend = iam_backends[role.account_id][role.partition]
    inline = {policy["PolicyName"]: _text(policy["PolicyDocument"]) for policy in properties.get("Policies", [])}
    managed = set(properties.get("ManagedPolicyArns", []))
    before_inline, before_managed = getattr(role, "warmfold_policies", (set(), set()))
    for name in before_inline - set(inline):
        role.policies.pop(name, None)
    for arn in (before_managed - managed) & set(role.managed_policies):
        role.managed_policies[arn].detach_from(role)
    for arn in managed - set(role.managed_policies):
        backend.attach_role_policy(arn, role.name)
    role.policies |= inline
    role.warmfold_policies = (set(inline), managed)


def _managed_policies() -> None:
    """moto has no update of a managed policy: UpdateStack crashes on a changed one."""

    def change(policy: Any, properties: Properties, account_id: str, _: str) -> None:
        backend = iam_backends[account_id][policy.partition]
        for version in [version for version in policy.versions if not version.is_default]:
            backend.delete_policy_version(policy.arn, version.version_id)
        backend.create_policy_version(policy.arn, _text(properties["PolicyDocument"]), "true")

    changed_by(ManagedPolicy, change)


def _deleted_policies() -> None:
    """moto deletes no managed policy with its stack, nor a role that has one attached."""
    delete = Role.delete_from_cloudformation_json.__func__

    def delete_role(cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str) -> None:
        backend = iam_backends[account_id]["aws"]
        for arn in list(backend.get_role(resource_name).managed_policies):
            backend.detach_role_policy(arn, resource_name)
        delete(cls, resource_name, cloudformation_json, account_id, region_name)

    def delete_policy(
        cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        backend = iam_backends[account_id]["aws"]
        policy = backend.managed_policies[resource_name]
        for entity in (*backend.roles.values(), *backend.users.values(), *backend.groups.values()):
            if policy.arn in entity.managed_policies:
                policy.detach_from(entity)
        del backend.managed_policies[policy.arn]

    Role.delete_from_cloudformation_json = classmethod(delete_role)
    ManagedPolicy.delete_from_cloudformation_json = classmethod(delete_policy)


def _simulation() -> None:
    """moto has no SimulatePrincipalPolicy, by which SDKs look whether a role will do: roles are judged as calls are."""

    def simulate_principal_policy(self: Any) -> ActionResult:
        unknown = [name for name in simulation.NOT_SIMULATED if self._get_param(name)]
        if unknown:
            raise InvalidInput(f"{unknown[0]} is not built in the local cloud: leave it out.")
        arn = self._get_param("PolicySourceArn")
        role = role_of(self.current_account, arn)
        if role is None:
            raise NotFoundException(f"The role {arn} cannot be found; the local cloud simulates roles only.")
        try:
            results = simulation.simulated(role, self.params)
        except PolicyError as error:
            raise InvalidInput(str(error)) from error
        return ActionResult({"EvaluationResults": results, "IsTruncated": False})

    IamResponse.simulate_principal_policy = simulate_principal_policy


def role_of(account_id: str, role_arn: str) -> enforcement.Role | None:
    """A role of moto's as it is now, for the judgement of its calls."""
    backend = iam_backends[account_id]["aws"]
    try:
        role = backend.get_role_by_arn(role_arn)
    except NotFoundException:
        return None
    managed = {arn: _document(policy) for arn, policy in role.managed_policies.items()}
    inline = {name: _text(document) for name, document in role.policies.items()}
    boundary = role.permissions_boundary_arn
    return enforcement.Role(
        inline | managed,
        _text(role.assume_role_policy_document),
        (boundary, _document(backend.get_policy(boundary))) if boundary else None,
    )


def _document(policy: Any) -> str:
    version = next(version for version in policy.versions if version.is_default)
    return _text(version.document)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)
