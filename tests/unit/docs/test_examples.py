"""The experiments that pages show are ones that a run would take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.load import load_experiment
from warmfold_experiment.resolve import resolve

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def experiments() -> Iterator[tuple[str, str]]:
    """Every YAML block of every page, with the page and the line where it begins."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for block in re.finditer(r"^( *)```yaml\n(.*?)^ *```", text, re.M | re.S):
            line = text.count("\n", 0, block.start()) + 1
            yield f"{page.relative_to(ROOT)}:{line}", block[2]


def accepted(text: str) -> None:
    """Raise ExperimentRuleError for an experiment that fits no problem: two classes, more, or a number."""
    asked = load_experiment(text.encode(), None)
    refusals = []
    for problem, classes in (("classification", 2), ("classification", 3), ("regression", None)):
        if asked.problem in (None, problem):
            try:
                resolve(asked, target=asked.target or "target", problem=problem, classes=classes)
            except ExperimentRuleError as error:
                refusals.append(str(error))
            else:
                return
    raise ExperimentRuleError("; ".join(refusals))


@pytest.mark.parametrize(("place", "text"), list(experiments()), ids=lambda value: value if "\n" not in value else "")
def test_an_experiment_that_a_page_shows_is_accepted(place: str, text: str) -> None:  # noqa: ARG001 - its id
    accepted(text)


@pytest.mark.parametrize("wrong", ["searches: {}", "metric: r3", "problem: regression\nmetric: f1"])
def test_one_that_would_be_refused_would_be_noticed(wrong: str) -> None:
    with pytest.raises(ExperimentRuleError):
        accepted(wrong)


def test_pages_show_experiments() -> None:
    assert len(list(experiments())) >= 8
