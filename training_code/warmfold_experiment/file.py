"""The text of experiment.yaml, read strictly: nothing in it is silently dropped or misread; and written for that."""

from __future__ import annotations

import re
from typing import Any, Protocol

import yaml

from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.wording import shown_key
from warmfold_run.understanding import printable

SOURCE = "experiment.yaml"
MAX_BYTES = 65_536
"""The longest text."""
MAX_DEPTH = 20
"""How deep mappings and lists may be nested."""
MAX_DIGITS = 300
"""Characters of a number, which so is a finite one."""
_MERGE, _NUMBERS = "tag:yaml.org,2002:merge", ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_LONG = f"a number of more than {MAX_DIGITS} characters; shorten it, or quote it"
_DEEP = f"nested deeper than {MAX_DEPTH} levels; no key needs that"
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_HALF = re.compile("[\ud800-\udfff]")
_NOT_A_VALUE = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)


class _Loader(yaml.SafeLoader):
    """YAML as people write it: `1e-4` is a number, a key given twice is an error, and so is what reads otherwise."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if key.tag == _MERGE:
                raise _refused("<< merges one mapping into another; write its keys out", key)
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _refused(f"key {shown_key(key.value)} is given twice; keep one", key)
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        is_number = isinstance(node, yaml.ScalarNode) and node.tag in _NUMBERS
        if is_number and len(node.value) > MAX_DIGITS:
            raise _refused(_LONG, node)
        try:
            made = super().construct_object(node, deep=deep)
        except _NOT_A_VALUE as error:
            kind = shown_key(node.tag.rpartition(":")[2])
            written = shown_key(node.value) if isinstance(node, yaml.ScalarNode) else "what is nested"
            raise _refused(f"{written} can't be read as {kind}; quote what is text", node) from error
        if (unfit := _unfit(made)) is not None:
            raise _refused(unfit, node)
        if is_number and (":" in node.value or _OCTAL.fullmatch(node.value)):
            sign = node.value[0] if node.value[0] in "+-" else ""
            meant = made if ":" in node.value else sign + (node.value.lstrip("+-0_").replace("_", "") or "0")
            read = f"{node.value} is {made} to YAML; write {meant} for the number, or quote it for the text"
            raise _refused(read, node)
        return made


def _refused(problem: str, node: yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _unfit(value: Any) -> str | None:
    """Return what is wrong with a single value, whatever it is for."""
    if isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:
        return _LONG
    if isinstance(value, str) and (half := _HALF.search(value)):
        return f"half of a character ({shown_key(half[0])}); write the whole one"
    return None


# YAML 1.1, which PyYAML follows, takes a float without a point for text
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


class _Dumper(yaml.SafeDumper):
    """Quotes a text that _Loader would take for something else."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True

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
    if len(text) > MAX_BYTES:
        raise ExperimentRuleError(f"more than {MAX_BYTES} characters; shorten it")
    try:
        return _load(text)
    except _RefusedError as error:
        raise ExperimentRuleError(str(error)) from error


def check_size(size: int) -> None:
    """Raise ExperimentRuleError for a file of more than MAX_BYTES."""
    if size > MAX_BYTES:
        raise ExperimentRuleError(f"{SOURCE}: it has more than {MAX_BYTES} bytes; shorten it")


def parse(text: bytes | None) -> dict[str, Any]:
    """Return the mapping that the file holds, empty for no file or an empty one.

    Raises ExperimentRuleError, with line and column, for what is not UTF-8, not YAML or not a mapping, and, before
    anything is made of it, for more than MAX_BYTES or MAX_DEPTH and for aliases.
    """
    if text is None:
        return {}
    check_size(len(text))
    try:
        parsed = _load(text.decode().lstrip("\ufeff"))
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


def check_bounds(value: Any, source: str) -> None:
    """Raise ExperimentRuleError for a value that `parse` would refuse in a file: too deep, or a part of it unfit."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += [*one, *one.values()]
            elif isinstance(one, list):
                inner += one
            elif (unfit := _unfit(one)) is not None:
                raise ExperimentRuleError(f"{source}: {unfit}")
        level = inner
    if any(isinstance(one, dict | list) for one in level):
        raise ExperimentRuleError(f"{source}: {_DEEP}")


def _load(text: str) -> Any:
    """Return what a text holds; raises _RefusedError."""
    try:
        _check_shape(text)
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _RefusedError(f"not valid YAML: {_cut(str(error.problem))}", error.problem_mark) from error
    except (yaml.YAMLError, RecursionError, *_NOT_A_VALUE) as error:  # of a character that there is not, say
        raise _RefusedError(f"not valid YAML: {_cut(' '.join(str(error).split()))}", None) from error


def _cut(problem: str) -> str:
    """Return what PyYAML says, which may hold much of the text."""
    text = printable(problem[: MAX_DIGITS + 1])
    return text if len(text) <= MAX_DIGITS else f"{text[: MAX_DIGITS - 3]}..."


def _check_shape(text: str) -> None:
    """Refuse what is nested deeper than MAX_DEPTH and what stands for something else, by a text's events alone."""
    open_ = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            name = shown_key(event.anchor)
            raise _RefusedError(f"*{name} stands for what &{name} is; write it out", event.start_mark)
        open_ += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if open_ > MAX_DEPTH:
            raise _RefusedError(_DEEP, event.start_mark)
