"""template.yaml as CloudFormation sees it: after SAM, with conditions and references resolved for a deployment."""

from __future__ import annotations

import copy
import functools
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from botocore.session import Session
from samtranslator.translator.transform import transform

from warmfold.cloud.definitions import read_definition
from warmfold.cloud.deploy import package

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
ABSENT: Any = object()
"""What AWS::NoValue stands for."""


class _Uploads:
    """An S3 client that keeps nothing."""

    def create_bucket(self, **_: Any) -> None:
        """Make no bucket."""

    def put_object(self, **_: Any) -> None:
        """Keep no object."""


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


@functools.cache
def _transformed(region: str) -> str:
    packaged = package(_Uploads(), ROOT / "template.yaml")  # type: ignore[arg-type]
    with mock.patch.dict(os.environ, {"AWS_DEFAULT_REGION": region}):
        return json.dumps(transform(packaged, {}, _NoManagedPolicies()))


def transformed(region: str = "us-east-1") -> dict[str, Any]:
    """The template after SAM's transform in a region, with the state machines' definitions in it."""
    template: dict[str, Any] = json.loads(_transformed(region))
    template.pop("Transform", None)
    for machine, uri in (("TuningStateMachine", "tuning"), ("CleanUpStateMachine", "clean_up")):
        properties = template["Resources"][machine]["Properties"]
        del properties["DefinitionS3Location"]
        properties["DefinitionString"] = (ROOT / f"statemachine/{uri}.asl.yaml").read_text()
    return template


class Deployment:
    """The template with parameters, in a region, each resource named `<logical id>-name`."""

    def __init__(self, region: str = "us-east-1", **parameters: str) -> None:
        self.template = transformed(region)
        session = Session()
        partition = session.get_partition_for_region(region)
        resolver = session.get_component("endpoint_resolver")
        defaults = {name: body.get("Default") for name, body in self.template["Parameters"].items()}
        self._values: dict[str, Any] = {
            **{name: _typed(self.template["Parameters"][name], v) for name, v in {**defaults, **parameters}.items()},
            "AWS::Region": region,
            "AWS::Partition": partition,
            "AWS::URLSuffix": resolver.get_partition_dns_suffix(partition),
            "AWS::AccountId": ACCOUNT,
            "AWS::StackName": "stack",
            "AWS::NoValue": ABSENT,
        }
        conditions = {name: self.resolved(body) for name, body in self.template["Conditions"].items()}
        self._conditions = conditions
        self.resources: dict[str, dict[str, Any]] = {
            name: self.resolved(body)
            for name, body in self.template["Resources"].items()
            if conditions.get(body.get("Condition"), True)
        }

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of the resources of a type, by logical id."""
        return {name: body.get("Properties", {}) for name, body in self.resources.items() if body["Type"] == kind}

    def environment(self, function: str) -> dict[str, str]:
        """What a function has in its environment."""
        variables: dict[str, str] = self.of_type("AWS::Lambda::Function")[function]["Environment"]["Variables"]
        return variables

    def definition(self, machine: str) -> dict[str, Any]:
        """A state machine's definition as CloudFormation reads it: with its substitutions made in its text."""
        properties = self.of_type("AWS::StepFunctions::StateMachine")[machine]
        return read_definition(properties["DefinitionString"], properties["DefinitionSubstitutions"])

    def policies(self) -> dict[str, list[dict[str, Any]]]:
        """The identity policies' documents by the logical id of the role or managed policy that has them."""
        found = {name: [p["PolicyDocument"]] for name, p in self.of_type("AWS::IAM::ManagedPolicy").items()}
        for name, role in self.of_type("AWS::IAM::Role").items():
            found[name] = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
        return found

    def resolved(self, value: Any) -> Any:
        """A part of the template with nothing left to resolve."""
        if isinstance(value, list):
            return [item for item in map(self.resolved, value) if item is not ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            function = getattr(self, "_" + name.removeprefix("Fn::").lower(), None)
            if function is not None and (name.startswith("Fn::") or name == "Ref"):
                return function(argument)
        resolved = {key: self.resolved(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not ABSENT}

    def _ref(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        kind, given = self.template["Resources"][name]["Type"], f"{name}-name"
        if kind in ("AWS::Lambda::LayerVersion", "AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"):
            return self._arn(name)
        return (
            self._arn(name)
            if kind == "AWS::IAM::ManagedPolicy"
            else given.lower()
            if kind.startswith("AWS::S3")
            else given
        )

    def _getatt(self, argument: list[str] | str) -> str:
        name, attribute = argument.split(".") if isinstance(argument, str) else argument
        return self._arn(name) if attribute == "Arn" else f"{name}-name"

    def _arn(self, name: str) -> str:
        service, _, resource = self.template["Resources"][name]["Type"].removeprefix("AWS::").partition("::")
        service = {"StepFunctions": "states", "Serverless": "lambda"}.get(service, service.lower())
        form = {
            "Role": "role/{}",
            "ManagedPolicy": "policy/{}",
            "Function": "function:{}",
            "LayerVersion": "layer:{}:1",
            "StateMachine": "stateMachine:{}",
            "Rule": "rule/{}",
            "LogGroup": "log-group:{}:*",
        }.get(resource, "{}")
        region = "" if service == "iam" else self._values["AWS::Region"]
        return f"arn:{self._values['AWS::Partition']}:{service}:{region}:{ACCOUNT}:{form.format(name + '-name')}"

    def _sub(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})
        known: Mapping[str, Any] = {name: self.resolved(value) for name, value in own.items()}

        def value(match: re.Match[str]) -> str:
            name = match[1]
            return str(known[name] if name in known else self._getatt(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([\w:.]+)\}", value, text)

    def _if(self, argument: list[Any]) -> Any:
        return self.resolved(argument[1 if self._conditions[argument[0]] else 2])

    def _join(self, argument: list[Any]) -> str:
        return str(argument[0]).join(self.resolved(argument[1]))

    def _equals(self, argument: list[Any]) -> bool:
        one, other = self.resolved(copy.deepcopy(argument))
        return str(one) == str(other)

    def _not(self, argument: list[Any]) -> bool:
        return not self.resolved(argument[0])

    def _findinmap(self, argument: list[Any]) -> Any:
        name, key, attribute = (self.resolved(part) for part in argument)
        return self.template["Mappings"][name][key][attribute]


def _typed(parameter: dict[str, Any], value: Any) -> Any:
    return [part for part in str(value).split(",") if part] if parameter["Type"] == "CommaDelimitedList" else value
