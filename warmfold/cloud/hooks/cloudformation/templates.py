"""CloudFormation's templates: the SAM transform, and the types of resources that there are here."""

from __future__ import annotations

import copy
import functools
import logging
from typing import Any

import yaml
from moto.cloudformation import exceptions
from moto.cloudformation.models import ChangeSet, Stack
from moto.cloudformation.parsing import get_model_map
from samtranslator.translator.transform import transform

from warmfold.cloud.definitions import read_template, without_dates

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


class _NoManagedPolicies:
    """SAM asks for AWS's managed policies when a function names one of its policy templates; moto has its own list."""

    def load(self) -> dict[str, str]:
        return {}


def install() -> None:
    """Mend what moto makes of templates; each function below says what."""
    _dates_are_text()
    _transform_templates()
    _say_what_is_left_out()


@functools.lru_cache(maxsize=32)
def transformed(text: str) -> dict[str, Any]:
    """A template (its text) without the SAM transform: leave it as it is, for others have the same one."""
    template = read_template(text)
    transforms = template.get("Transform", [])
    if SAM not in ([transforms] if isinstance(transforms, str) else transforms):
        return dict(template)
    result = transform(template, {}, _NoManagedPolicies())
    result.pop("Transform", None)
    return dict(result)


def _dates_are_text() -> None:
    """moto's and SAM's loaders make a date of `Version: 2012-10-17`; CloudFormation leaves it as text."""
    for loader in (yaml.SafeLoader, yaml.Loader):
        loader.yaml_implicit_resolvers = without_dates(loader)


def _transform_templates() -> None:
    """moto does not know the SAM transform, and creates nothing for a type that it does not have, in silence."""

    def parse_template(self: Any) -> None:
        self.template_dict = copy.deepcopy(transformed(self.template)) if self.template else {}
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
