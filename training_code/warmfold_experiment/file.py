"""The text of experiment.yaml, read strictly: nothing in it is silently dropped or misread; and written for that."""

from __future__ import annotations

import re
from typing import Any, Protocol

import yaml

from warmfold_experiment.errors import ExperimentRuleError

SOURCE = "experiment.yaml"
MAX_BYTES = 262_144
"""The longest text; an execution's input can't be longer either."""
MAX_DEPTH = 20
"""How deep mappings and lists may be nested."""
MAX_VALUES = 100_000
"""How many keys and values there may be, those that an alias (`*name`) stands for counted each time."""


class _Loader(yaml.SafeLoader):
    """YAML as people write it: `1e-4` is a number, and a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key {key.value} is given twice; keep one", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            made = super().construct_object(node, deep=deep)
            str(made if isinstance(made, int) else "")  # Python writes no number that has more than 4300 digits
        except (ValueError, LookupError, AttributeError, TypeError, ArithmeticError) as error:
            kind, text = node.tag.rpartition(":")[2], str(node.value)
            told = f"{text if len(text) <= 40 else f'{text[:39]}…'} can't be read as {kind}; quote what is text"
            raise yaml.constructor.ConstructorError(None, None, told, node.start_mark) from error
        return made


# YAML 1.1, which PyYAML follows, takes a float without a point for text
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


class _Dumper(yaml.SafeDumper):
    """Quotes a text that _Loader would take for something else."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

    def represent_text(self, text: str) -> yaml.ScalarNode:
        # PyYAML writes these as they are, and reads them as ends of lines
        style = '"' if set(text) & set("\x85\u2028\u2029") else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


class _Mark(Protocol):
    line: int
    column: int


class _RefusedError(Exception):
    """What is wrong with a text, and where in it."""

    def __init__(self, problem: str, mark: _Mark | None) -> None:
        super().__init__(problem)
        self.place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def to_text(keys: dict[str, Any]) -> bytes:
    """Return the text of a file that `parse` reads the same keys of."""
    text: str = yaml.dump(keys, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text.encode()


def parse_value(text: str) -> Any:
    """Return a single value written as YAML; raises ExperimentRuleError for what is not YAML, or too much of it."""
    try:
        return _load(text)
    except _RefusedError as error:
        raise ExperimentRuleError(str(error)) from error


def parse(text: bytes | None) -> dict[str, Any]:
    """Return the mapping that the file holds, empty for no file or an empty one.

    Raises ExperimentRuleError, with line and column, for what is not UTF-8, not YAML or not a mapping, and for more
    than MAX_BYTES, MAX_DEPTH or MAX_VALUES, before anything is made of it.
    """
    if text is None:
        return {}
    if len(text) > MAX_BYTES:
        raise ExperimentRuleError(f"{SOURCE}: it has more than {MAX_BYTES} bytes; shorten it")
    try:
        parsed = _load(text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ExperimentRuleError(f"{SOURCE}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except _RefusedError as error:
        raise ExperimentRuleError(f"{SOURCE}{error.place}: {error}") from error
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise ExperimentRuleError(
            f"{SOURCE}: it must be a mapping of keys such as `target: price`, not a {type(parsed).__name__}"
        )
    return parsed


def check_depth(value: Any, source: str) -> None:
    """Raise ExperimentRuleError for mappings and lists that are nested deeper than MAX_DEPTH."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    if any(isinstance(inner, dict | list) for inner in level):
        raise ExperimentRuleError(f"{source}: nested deeper than {MAX_DEPTH} levels; no key needs that")


def _load(text: str) -> Any:
    """Return what a text holds; raises _RefusedError."""
    try:
        _check_size(text)
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _RefusedError(f"not valid YAML: {error.problem}", error.problem_mark) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # of a character that there is not, say
        raise _RefusedError(f"not valid YAML: {' '.join(str(error).split())}", None) from error


def _check_size(text: str) -> None:
    """Hold a text against MAX_DEPTH and MAX_VALUES by its events: aliases are not followed, but counted."""
    open_: list[tuple[str | None, int]] = []  # anchor of each open mapping or list, and how many values there were
    values, known = 0, dict[str, int]()
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            open_.append((event.anchor, values))
            values += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_.pop()
            if anchor is not None:
                known[anchor] = values - before
        elif isinstance(event, yaml.ScalarEvent):
            values += 1
            if event.anchor is not None:
                known[event.anchor] = 1
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in (anchor for anchor, _ in open_):
                raise _RefusedError(f"*{event.anchor} stands inside what it stands for", event.start_mark)
            values += known.get(str(event.anchor), 1)
        if len(open_) > MAX_DEPTH:
            raise _RefusedError(f"nested deeper than {MAX_DEPTH} levels; no key needs that", event.start_mark)
        if values > MAX_VALUES:
            problem = (
                f"more than {MAX_VALUES} keys and values, those that aliases stand for counted each time; shorten it"
            )
            raise _RefusedError(problem, event.start_mark)
