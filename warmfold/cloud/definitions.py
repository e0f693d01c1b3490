"""Templates and definitions as CloudFormation reads them: a definition is filled in first, and JSON or YAML then."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor


class DefinitionError(Exception):
    """A definition that can't be read, or that CloudFormation would read otherwise; the text says where and why."""


def read_definition(text: str, substitutions: Mapping[str, Any]) -> dict[str, Any]:
    """The definition in a text with the DefinitionSubstitutions made; raises DefinitionError.

    A `${Name}` without a substitution stays as it is.
    """
    filled = _filled(text, substitutions)
    try:
        definition = json.loads(filled)
    except ValueError:
        definition = _from_yaml(filled)
    if not isinstance(definition, dict):
        raise DefinitionError(f"it must be a mapping with StartAt and States, and is {definition!r:.100}")
    return definition


def _filled(text: str, substitutions: Mapping[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        return _text(substitutions[match[1]]) if match[1] in substitutions else match[0]

    return re.sub(r"\$\{([^{}]+)\}", value, text)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _from_yaml(text: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise DefinitionError(f"it is neither JSON nor YAML: {' '.join(str(error).split())}") from error


def without_dates(loader: Any) -> dict[str, list[tuple[str, Any]]]:
    """The implicit resolvers of a YAML loader but that of dates, which CloudFormation leaves as text."""
    return {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in loader.yaml_implicit_resolvers.items()
    }


class _TemplateLoader(yaml.SafeLoader):
    yaml_implicit_resolvers = without_dates(yaml.SafeLoader)


_TemplateLoader.add_multi_constructor("!", intrinsics_multi_constructor)


def read_template(text: str) -> Any:
    """A template's text, JSON or YAML with CloudFormation's tags, as plain values; raises yaml.YAMLError."""
    return json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _TemplateLoader)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = without_dates(yaml.SafeLoader)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            alias: yaml.AliasEvent = self.peek_event()  # type: ignore[no-untyped-call]
            line = alias.start_mark.line + 1 if alias.start_mark else "?"
            raise DefinitionError(
                f"line {line} has the YAML alias *{alias.anchor}, which CloudFormation takes for "
                f"the text {alias.anchor!r}; write out what it stands for, or put it in with DefinitionSubstitutions"
            )
        return super().compose_node(parent, index)
