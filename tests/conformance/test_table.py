"""docs/reference/conformance.md says what is there: every operation, no other, each with a test that exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from botocore import xform_name

from tests.conformance.endpoint import KINDS, Endpoint, refusal
from tests.conformance.table import PAGE, renewed

STATES = ("supported", "differs", "refused")
REST = "every other operation"
REQUESTS = {"training": {"training", "scripted"}}
"""Kind of job to the functions that make its requests, where they are not of its own name only."""


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of the table below a heading: what its first cell says to the other cells."""
    section = PAGE.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({row[0] for row in cells}) == len(cells), "a row is there twice"
    return {row[0]: row[1:] for row in cells}


@cache
def definitions(file: str) -> dict[str, list[ast.AST]]:
    """What a file of tests defines, and what an Endpoint does: name to its sources."""
    found: dict[str, list[ast.AST]] = {}
    own, common = (ast.parse((Path(__file__).parent / name).read_text("utf-8")).body for name in (file, "endpoint.py"))
    (endpoint,) = (node for node in common if isinstance(node, ast.ClassDef) and node.name == Endpoint.__name__)
    for node in [*own, *endpoint.body]:
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node)
    return found


def words_of(test: str, defined: dict[str, list[ast.AST]]) -> set[str]:
    """The names and texts in a test, and in what it uses of these definitions: helpers, fixtures, constants."""
    words, left = {test}, [test]
    while left:
        new = {word for node in defined[left.pop()] for word in _words(node)} - words
        words |= new
        left += new & defined.keys()
    return words


def _words(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.arg):
            yield part.arg
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def sends(words: set[str], operation: str) -> bool:
    """Whether a test with these words names the operation: as boto3 does, or as an Endpoint does and the job's kind."""
    verb, _, rest = xform_name(operation).partition("_")
    of_kind = {word for kind, noun in KINDS.items() if xform_name(noun) == rest for word in REQUESTS.get(kind, {kind})}
    return xform_name(operation) in words or (f"{verb}_" in words and bool(words & of_kind))


def test_every_operation_has_its_row_and_no_other_has(endpoint: Endpoint) -> None:
    _, message = refusal(endpoint.unchecked.list_pipelines)
    there = set(message.partition("; it has ")[2].split(", "))
    assert set(rows("Operations")) - {REST} == there


@pytest.mark.parametrize("heading", ["Operations", "Behaviour"])
def test_every_row_has_a_state_and_a_test_that_exists(heading: str) -> None:
    table = rows(heading)
    assert len(table) > 30
    for what, (state, differs, shown) in table.items():
        assert state in STATES, what
        assert state != "differs" or differs, f"{what}: how does it differ?"
        found = re.fullmatch(r"`(test_\w+\.py)::(test_\w+)`", shown)
        assert found, f"{what}: {shown}"
        assert found[2] in definitions(found[1]), f"{what}: {shown} is not there"


def test_the_test_of_an_operation_sends_it() -> None:
    table = {what: cells[2] for what, cells in rows("Operations").items() if what != REST}
    for operation, shown in table.items():
        file, _, test = shown.strip("`").partition("::")
        assert sends(words_of(test, definitions(file)), operation), f"{operation}: {shown} does not send it"


def test_a_test_that_sends_something_else_would_be_noticed() -> None:
    words = words_of("test_versions_count_up_within_their_group", definitions("test_registry.py"))
    assert sends(words, "ListModelPackages")
    assert not sends(words, "DeleteModelPackage")
    assert not sends(words, "StopTrainingJob")


def test_every_file_of_tests_is_named_by_a_row() -> None:
    named = set(re.findall(r"`(test_\w+\.py)::", PAGE.read_text("utf-8")))
    files = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    assert named == files


def test_the_members_are_those_that_the_code_refuses_and_takes() -> None:
    page = PAGE.read_text("utf-8")
    assert page == renewed(page), "run: python -m tests.conformance.table"
