"""What is wrong with a state machine's definition, in the codes and words of AWS: pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SCHEMA = "SCHEMA_VALIDATION_FAILED"
TARGET = "MISSING_TRANSITION_TARGET"
TYPES = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")
REQUIRED = {"Task": ["Resource"], "Choice": ["Choices"], "Parallel": ["Branches"]}
TERMINAL = ("Succeed", "Fail")
NOT_EXPRESS = {".sync": "'.sync'", ".sync:2": "'.sync'", ".waitForTaskToken": "'.waitForTaskToken'"}

_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")


@dataclass(frozen=True)
class Diagnostic:
    """One thing that is wrong; `location` is a path such as /States/A/Next, or empty where AWS gives none."""

    code: str
    message: str
    location: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" at {self.location}" if self.location else "")


def diagnose(text: str, *, express: bool = False) -> list[Diagnostic]:
    """Everything wrong with a definition (JSON text) of a Standard, or an Express, workflow, as far as it is known."""
    if not text.strip():
        return [Diagnostic(SCHEMA, "Definition must be a valid JSON object")]
    try:
        definition = json.loads(text)
    except ValueError as error:
        return [_not_json(text, error)]
    if not isinstance(definition, dict):
        return [Diagnostic(SCHEMA, "Definition must be a valid JSON object")]
    found = [*_machine(definition, "", definition.get("QueryLanguage"), express)]
    return found or [*_transitions(definition, "")]


def _not_json(text: str, error: ValueError) -> Diagnostic:
    word = re.match(r"\s*([A-Za-z_]\w*)", text)
    if word is None:
        return Diagnostic("INVALID_JSON_DESCRIPTION", str(error))
    location = f'[Source: (String)"{text}"; line: 1, column: {word.end() + 1}]'
    expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    message = f"Unrecognized token '{word[1]}': was expecting {expected}\n at {location}"
    return Diagnostic("INVALID_JSON_DESCRIPTION", message, location)


def _machine(body: Mapping[str, Any], path: str, language: str | None, express: bool) -> Iterator[Diagnostic]:
    yield from _required(body, ["States", "StartAt"], path or "/")
    states = body.get("States")
    if not isinstance(body.get("StartAt", ""), str):
        yield Diagnostic(SCHEMA, "Expected value of type String", f"{path}/StartAt")
    if not isinstance(states, dict):
        if "States" in body:
            yield Diagnostic(SCHEMA, "Expected value of type Object", f"{path}/States")
        return
    for name, state in states.items():
        if isinstance(state, dict):
            yield from _state(state, f"{path}/States/{name}", language, express)


def _required(body: Mapping[str, Any], names: list[str], path: str) -> Iterator[Diagnostic]:
    missing = [name for name in names if name not in body]
    if missing:
        yield Diagnostic(SCHEMA, f"These fields are required: [{', '.join(missing)}]", path)


def _state(state: Mapping[str, Any], path: str, language: str | None, express: bool) -> Iterator[Diagnostic]:
    kind = state.get("Type")
    if language == "JSONata" and state.get("QueryLanguage") == "JSONPath":
        words = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
        yield Diagnostic(SCHEMA, words, path)
    if kind is None:
        yield from _required(state, ["Type"], path)
        return
    if kind not in TYPES:
        message = f"The field 'Type' should have one of these values: [{', '.join(TYPES)}]"
        yield Diagnostic(SCHEMA, message, f"{path}/Type")
        return
    yield from _required(state, REQUIRED.get(kind, []), path)
    if kind not in (*TERMINAL, "Choice") and not {"Next", "End"} & set(state):
        yield Diagnostic(SCHEMA, "Exactly one of these fields is required: [End, Next]", path)
    if kind == "Task":
        yield from _task(state, path, express)
    for index, rule in enumerate(_listed(state.get("Choices"))):
        yield from _required(rule, ["Next"], f"{path}/Choices[{index}]")
    stamp = state.get("Timestamp")
    if kind == "Wait" and isinstance(stamp, str) and not stamp.startswith("{%") and not _is_timestamp(stamp):
        yield Diagnostic(SCHEMA, "String does not match RFC3339 timestamp", f"{path}/Timestamp")
    if state.get("Branches") == []:
        yield Diagnostic(SCHEMA, "Value cannot be empty", f"{path}/Branches")
    for body, place in _inner(state, path):
        yield from _machine(body, place, language, express)


def _task(state: Mapping[str, Any], path: str, express: bool) -> Iterator[Diagnostic]:
    resource = state.get("Resource")
    if express and isinstance(resource, str):
        place = f"{path}/Resource"
        if ":activity:" in resource:
            yield Diagnostic(SCHEMA, "Express state machine does not support Activity ARN", place)
        for ending, words in NOT_EXPRESS.items():
            if resource.endswith(ending):
                space = " " if "Token" in words else ""  # AWS's own
                message = f"Express state machine does not support {words} service integration{space}"
                yield Diagnostic(SCHEMA, message, place)
    credentials = state.get("Credentials")
    if isinstance(credentials, dict) and not {"RoleArn", "RoleArn.$"} & set(credentials):
        yield Diagnostic(SCHEMA, "The field 'RoleArn' is required but was missing", f"{path}/Credentials")


def _is_timestamp(text: str) -> bool:
    if not _TIMESTAMP.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _inner(state: Mapping[str, Any], path: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The state machines within a state, with their places."""
    for index, branch in enumerate(_listed(state.get("Branches"))):
        yield branch, f"{path}/Branches[{index}]"
    for name in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(name), dict):
            yield state[name], f"{path}/{name}"


def _listed(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _transitions(body: Mapping[str, Any], path: str) -> Iterator[Diagnostic]:
    """Targets that are not there, states that nothing leads to, and a machine that never ends."""
    states: dict[str, Any] = {name: state for name, state in body["States"].items() if isinstance(state, dict)}
    targets = [(body["StartAt"], f"{path}/StartAt")]
    for name, state in states.items():
        targets += _targets(state, f"{path}/States/{name}")
    for target, place in targets:
        if target not in states:
            yield Diagnostic(TARGET, f"Missing 'Next' target: {target}", place)
    if any(state["Type"] in TERMINAL or state.get("End") is True for state in states.values()):
        reached = _reached(body["StartAt"], states)
        for name in states:
            if name not in reached:
                yield Diagnostic(TARGET, f'State "{name}" is not reachable.', f"{path}/States/{name}")
    else:
        yield Diagnostic("MISSING_END_STATE", "Workflow has no terminal state")
    for name, state in states.items():
        for inner, place in _inner(state, f"{path}/States/{name}"):
            yield from _transitions(inner, place)


def _targets(state: Mapping[str, Any], path: str) -> list[tuple[str, str]]:
    found = [(state[field], f"{path}/{field}") for field in ("Next", "Default") if isinstance(state.get(field), str)]
    for field in ("Choices", "Catch"):
        for index, rule in enumerate(_listed(state.get(field))):
            if isinstance(rule.get("Next"), str):
                found.append((rule["Next"], f"{path}/{field}[{index}]/Next"))
    return found


def _reached(start: str, states: Mapping[str, Any]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in states and name not in reached:
            reached.add(name)
            waiting += [target for target, _ in _targets(states[name], "")]
    return reached
