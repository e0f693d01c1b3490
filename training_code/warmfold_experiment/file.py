"""The text of experiment.yaml, read strictly: nothing in it is silently dropped or misread."""

from __future__ import annotations

import re
from typing import Any

import yaml

from warmfold_experiment.errors import ExperimentRuleError

SOURCE = "experiment.yaml"


class _Loader(yaml.SafeLoader):
    """YAML as people write it: `1e-4` is a number, and a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key {key.value} is given twice; keep one", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


# YAML 1.1, which PyYAML follows, takes a float without a point for text
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def parse_value(text: str) -> Any:
    """Return a single value written as YAML; raises ExperimentRuleError for what is not YAML."""
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError) as error:
        problem = error.problem if isinstance(error, yaml.MarkedYAMLError) else error
        raise ExperimentRuleError(f"not valid YAML: {problem}") from error


def parse(text: bytes | None) -> dict[str, Any]:
    """Return the mapping that the file holds, empty for no file or an empty one.

    Raises ExperimentRuleError, with line and column, for what is not UTF-8, not YAML or not a mapping.
    """
    if text is None:
        return {}
    try:
        parsed = yaml.load(text.decode("utf-8-sig"), Loader=_Loader)
    except UnicodeDecodeError as error:
        raise ExperimentRuleError(f"{SOURCE}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ExperimentRuleError(f"{SOURCE}{place}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ExperimentRuleError(f"{SOURCE}: not valid YAML: {error}") from error
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise ExperimentRuleError(
            f"{SOURCE}: it must be a mapping of keys such as `target: price`, not a {type(parsed).__name__}"
        )
    return parsed
