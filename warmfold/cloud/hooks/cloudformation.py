"""CloudFormation: the SAM transform, and what moto leaves out of the resources."""

from __future__ import annotations

import copy
import functools
import json
import logging
import re
from typing import Any

from moto.cloudformation import exceptions, parsing
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
from moto.cloudformation.parsing import ResourceMap, get_model_map
from moto.core.exceptions import ServiceException
from moto.iam.models import ManagedPolicy, Role, iam_backends
from moto.logs.models import LogGroup
from moto.s3.models import FakeBucket, s3_backends
from moto.s3.utils import bucket_and_name_from_url
from moto.sns.models import Topic, sns_backends
from moto.stepfunctions import models as stepfunctions_models
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from warmfold.cloud.definitions import DefinitionError, read_definition
from warmfold.cloud.hooks import change_sets, resources
from warmfold.cloud.hooks.resources import Properties, around

logger = logging.getLogger(__name__)

SAM = "AWS::Serverless-2016-10-31"
LEFT_OUT = {
    f"AWS::{name}"
    for name in (
        "ApplicationInsights::Application",
        "Budgets::Budget",
        "CDK::Metadata",
        "CloudFormation::WaitCondition",
        "CloudFormation::WaitConditionHandle",
        "CloudWatch::CompositeAlarm",
        "Events::EventBusPolicy",
        "Lambda::LayerVersionPermission",
        "Logs::MetricFilter",
        "Logs::QueryDefinition",
        "ResourceGroups::Group",
        "S3::BucketPolicy",
        "SNS::TopicInlinePolicy",
        "SQS::QueueInlinePolicy",
        "XRay::Group",
    )
}
"""What only AWS needs: it watches, permits or groups, and nothing would come of it here."""
_SUBSTITUTED = re.compile(r"\$\{(\w+)")


class _NoManagedPolicies:
    """SAM asks for AWS's managed policies when a function names one of its policy templates; moto has its own list."""

    def load(self) -> dict[str, str]:
        return {}


def install() -> None:
    """Mend moto's CloudFormation; each function below says what."""
    resources.install()
    _transform_templates()
    _absent_values()
    _changed_conditions()
    _deleted_policies()
    _log_groups()
    _topics()
    _say_what_is_left_out()
    _resources_that_are_not_there()
    _roll_back()
    _say_what_failed()
    _changed_parameters()
    change_sets.install(_transformed)
    _buckets()
    _state_machines()


@functools.lru_cache(maxsize=32)
def _transformed(text: str) -> dict[str, Any]:
    template = json.loads(text) if text.lstrip().startswith("{") else yaml_parse(text)
    transforms = template.get("Transform", [])
    if SAM not in ([transforms] if isinstance(transforms, str) else transforms):
        return dict(template)
    result = transform(template, {}, _NoManagedPolicies())
    result.pop("Transform", None)
    return dict(result)


def _transform_templates() -> None:
    """moto does not know the SAM transform, and creates nothing for a type that it does not have, in silence."""

    def parse_template(self: Any) -> None:
        self.template_dict = copy.deepcopy(_transformed(self.template)) if self.template else {}
        types = {str(body.get("Type")) for body in self.template_dict.get("Resources", {}).values()}
        unknown = sorted(kind for kind in types if not _is_known(kind))
        if unknown:
            message = f"Unrecognized resource types: [{', '.join(unknown)}]; the local cloud has none such"
            raise exceptions.ValidationError(message=f"Template format error: {message}")

    Stack._parse_template = parse_template
    ChangeSet._parse_template = parse_template


def _is_known(kind: str) -> bool:
    if kind.startswith("AWS::SageMaker::"):  # moto would make it in its own SageMaker, which nobody sees
        return False
    return kind in LEFT_OUT or kind in get_model_map() or kind.startswith("Custom::")


def _say_what_is_left_out() -> None:
    """The end of a stack's creation or update names the resources that were left out."""
    add = Stack._add_stack_event

    def add_with_reason(self: Any, resource_status: str, *args: Any, **kwargs: Any) -> None:
        resources = self.template_dict.get("Resources", {}).items()
        left_out = [f"{name} ({body['Type']})" for name, body in resources if body.get("Type") in LEFT_OUT]
        if left_out and resource_status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            kwargs["resource_status_reason"] = f"the local cloud leaves out {', '.join(left_out)}"
            logger.warning("stack %s: %s", self.name, kwargs["resource_status_reason"])
        add(self, resource_status, *args, **kwargs)

    Stack._add_stack_event = add_with_reason


def _resources_that_are_not_there() -> None:
    """moto describes a resource whose type is left out or whose condition is false as one without a name, or fails."""
    Stack.stack_resources = property(lambda stack: [made for made in stack.resource_map.values() if made is not None])


def _roll_back() -> None:
    """moto keeps the stack whose creation failed, with what it has of it, and can't describe its stacks any more."""
    create, execute = CloudFormationBackend.create_stack, CloudFormationBackend.execute_change_set

    def discard(backend: Any, stack: Any) -> None:
        backend.stacks.pop(stack.stack_id, None)
        stack.resource_map.delete()

    @functools.wraps(create)
    def create_whole(self: Any, *args: Any, **kwargs: Any) -> Any:
        known = set(self.stacks)
        try:
            return create(self, *args, **kwargs)
        except Exception:
            for stack in [stack for stack_id, stack in self.stacks.items() if stack_id not in known]:
                discard(self, stack)
            raise

    @functools.wraps(execute)
    def execute_whole(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        try:
            execute(self, change_set_name, stack_name)
        except Exception:
            made = [
                one for one in self.change_sets.values() if change_set_name in (one.change_set_id, one.change_set_name)
            ]
            for change_set in made:
                stack = self.stacks.get(change_set.stack_id)
                if (
                    stack is not None
                    and change_set.change_set_type == "CREATE"
                    and not stack.status.endswith("_COMPLETE")
                ):
                    discard(self, stack)
            raise

    CloudFormationBackend.create_stack = create_whole
    CloudFormationBackend.execute_change_set = execute_whole


def _say_what_failed() -> None:
    """moto answers with a bare 500, or in another service's protocol, when a template or resource is wrong."""

    def saying(operation: Any) -> Any:
        @functools.wraps(operation)
        def operate(*args: Any, **kwargs: Any) -> Any:
            try:
                return operation(*args, **kwargs)
            except Exception as error:
                if isinstance(error, ServiceException) and type(error).__module__ == exceptions.__name__:
                    raise
                logger.exception("%s failed", operation.__name__)
                causes = [cause.message for cause in getattr(error, "causes", ())]  # SAM's: all that it found
                reason = " ".join("; ".join(causes or [str(getattr(error, "message", error))]).split())
                raise exceptions.ValidationError(message=f"{type(error).__name__}: {reason}") from error

        return operate

    for name in ("create_stack", "update_stack", "create_change_set", "execute_change_set"):
        setattr(CloudFormationBackend, name, saying(getattr(CloudFormationBackend, name)))


def _changed_parameters() -> None:
    """moto's UpdateStack leaves a resource as it was when a changed parameter reaches it by Fn::Sub or a condition."""
    build = ResourceMap.build_resource_diff

    def build_with_all(self: Any, other_template: Any, parameters: Any = None) -> Any:
        actions = build(self, other_template, parameters)
        changed = {name for name, value in (parameters or {}).items() if self.input_parameters.get(name) != value}
        for name, condition in other_template.get("Conditions", {}).items():
            if changed & _names_in(condition):
                changed.add(name)
        decided = {name for names in actions.values() for name in names}
        resources = other_template["Resources"].items()
        actions["Modify"] += [name for name, body in resources if name not in decided and changed & _names_in(body)]
        return actions

    ResourceMap.build_resource_diff = build_with_all


def _names_in(value: Any) -> set[str]:
    """The names of parameters, resources and conditions that a part of a template mentions (and some other words)."""
    if isinstance(value, dict):
        return set().union(*(_names_in(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(_names_in(item) for item in value))
    return {value, *_SUBSTITUTED.findall(value)} if isinstance(value, str) else set()


def _absent_values() -> None:
    """moto leaves None in a list where the template has AWS::NoValue."""
    clean = parsing.clean_json

    def clean_without(resource_json: Any, resources_map: Any) -> Any:
        if isinstance(resource_json, list):
            values = (clean_without(value, resources_map) for value in resource_json)
            return [value for value in values if value is not None]
        return clean(resource_json, resources_map)

    parsing.clean_json = clean_without


def _changed_conditions() -> None:
    """moto's UpdateStack changes a resource whose condition has changed, be it there or not.

    It also forgets one whose kind it has no update for.
    """
    change = parsing.parse_and_update_resource

    def change_or_create(
        logical_id: str, resource_json: Any, resources_map: Any, account_id: str, region_name: str
    ) -> Any:
        there = resources_map._parsed_resources.get(logical_id)
        condition = resource_json.get("Condition")
        wanted = condition is None or resources_map.lazy_condition_map[condition]
        if wanted and there is not None:
            return change(logical_id, resource_json, resources_map, account_id, region_name) or there
        if wanted:
            return parsing.parse_and_create_resource(logical_id, resource_json, resources_map, account_id, region_name)
        if there is not None:
            resources_map._delete_resource(there, resource_json)
        return None

    parsing.parse_and_update_resource = change_or_create


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


def _log_groups() -> None:
    """moto has no update of a log group."""

    def update(
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        original_resource.set_retention_policy(cloudformation_json["Properties"].get("RetentionInDays"))
        return original_resource

    LogGroup.update_from_cloudformation_json = classmethod(update)


def _topics() -> None:
    """moto replaces a topic that has no name of its own when it changes, and with it loses its subscribers."""

    def update(
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        backend = sns_backends[account_id][region_name]
        known = {
            (one.protocol, one.endpoint) for one in backend.subscriptions.values() if one.topic is original_resource
        }
        for one in cloudformation_json["Properties"].get("Subscription", []):
            if (one["Protocol"], one["Endpoint"]) not in known:
                backend.subscribe(original_resource.arn, one["Endpoint"], one["Protocol"])
        return original_resource

    Topic.update_from_cloudformation_json = classmethod(update)


def _buckets() -> None:
    """moto's buckets ignore VersioningConfiguration, NotificationConfiguration and LifecycleConfiguration."""

    def name(_: str, properties: Properties, __: str, original: Any) -> None:
        if original is not None:  # moto looks the bucket up by a name that the template need not give
            properties.setdefault("BucketName", original.name)

    def configure(bucket: Any, properties: Properties, account_id: str) -> None:
        backend = s3_backends[account_id]["aws"]
        versioning = properties.get("VersioningConfiguration", {}).get("Status")
        if versioning:
            backend.put_bucket_versioning(bucket.name, versioning)
        events = properties.get("NotificationConfiguration", {}).get("EventBridgeConfiguration", {})
        if str(events.get("EventBridgeEnabled", "false")).lower() == "true":
            backend.put_bucket_notification_configuration(bucket.name, {"EventBridgeConfiguration": {}})
        rules = properties.get("LifecycleConfiguration", {}).get("Rules", [])
        backend.put_bucket_lifecycle(bucket.name, [_lifecycle_rule(rule) for rule in rules])

    around(FakeBucket, before=name, after=configure)


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    """A template's lifecycle rule in the API's form, which is another."""
    made: dict[str, Any] = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": rule["ExpirationInDays"]}
    same = ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration")
    return made | {name: rule[name] for name in same if name in rule}


def _state_machines() -> None:
    """moto's state machines ignore DefinitionS3Location and DefinitionSubstitutions, share names and do nothing."""
    around(StateMachine, before=_define)
    stepfunctions_models.stepfunctions_backends = stepfunctions_parser_backends


def _define(name: str, properties: Properties, account_id: str, original: StateMachine | None) -> None:
    for backend in stepfunctions_parser_backends[account_id].values():
        for machine in backend.state_machines:
            if machine.name == properties.get("StateMachineName") and original is None:
                raise exceptions.ValidationError(message=f"State Machine Already Exists: '{machine.arn}'")
    try:
        definition = read_definition(_definition(properties, account_id), properties.get("DefinitionSubstitutions", {}))
    except DefinitionError as error:
        raise exceptions.ValidationError(message=f"Invalid State Machine Definition of {name}: {error}") from error
    properties["DefinitionString"] = json.dumps(definition)


def _definition(properties: Properties, account_id: str) -> str:
    """The definition's text, from wherever the properties have it."""
    location = properties.get("DefinitionS3Location")
    if location:
        if isinstance(location, str):
            bucket, key = bucket_and_name_from_url(location)
            location = {"Bucket": bucket, "Key": key}
        found = s3_backends[account_id]["aws"].get_object(location["Bucket"], location["Key"], location.get("Version"))
        return str(found.value.decode())
    given = properties.get("Definition") or properties.get("DefinitionString") or "{}"
    return given if isinstance(given, str) else json.dumps(given)
