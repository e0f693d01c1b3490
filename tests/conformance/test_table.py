"""docs/conformance.md says what is there: every operation, no other, each with a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.conformance.endpoint import Endpoint, refusal
from tests.conformance.table import PAGE, renewed

STATES = ("supported", "differs", "refused")
REST = "every other operation"


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of the table below a heading: what its first cell says to the other cells."""
    section = PAGE.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({row[0] for row in cells}) == len(cells), "a row is there twice"
    return {row[0]: row[1:] for row in cells}


def names_in(file: str) -> set[str]:
    tree = ast.parse((Path(__file__).parent / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


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
        assert found[2] in names_in(found[1]), f"{what}: {shown} is not there"


def test_every_file_of_tests_is_named_by_a_row() -> None:
    named = set(re.findall(r"`(test_\w+\.py)::", PAGE.read_text("utf-8")))
    files = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    assert named == files


def test_the_members_are_those_that_the_code_refuses_and_takes() -> None:
    page = PAGE.read_text("utf-8")
    assert page == renewed(page), "run: python -m tests.conformance.table"
