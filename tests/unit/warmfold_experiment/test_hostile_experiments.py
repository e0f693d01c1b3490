"""Whatever experiment.yaml holds is used or refused in bounded words, in which nothing controls what shows them."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.long import sampled
from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.file import MAX_BYTES, parse_value
from warmfold_experiment.load import load_experiment
from warmfold_experiment.resolve import resolve

LONGEST = 40_000
"""Characters that are said of one experiment: of fifty things at most, each cut short."""


def said_of(text: bytes | None, overrides: dict[str, Any] | None = None) -> list[str]:
    """What is wrong with an experiment, in any way that it can be told."""
    try:
        experiment = load_experiment(text, overrides)
        for problem in ("classification", "regression"):
            resolve(experiment, target="y", problem=problem, classes=None)
    except ExperimentRuleError as error:
        said = str(error)
    else:
        return []
    assert len(said) <= LONGEST
    assert not [one for one in said if one != "\n" and unicodedata.category(one)[0] == "C"]
    assert not set(said) & set("\u2028\u2029")
    said.encode()
    return said.split("\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &a 1\nb: *a", "*a stands for what &a is; write it out"),
        ("target: &t [*t]", "*t stands for what &t is; write it out"),
        ("search: {<<: {strategy: Random}}", "<< merges one mapping into another; write its keys out"),
        ("metric: " + "[" * 900, "nested deeper than 20 levels"),
        ("search: {max_candidates: 010}", "010 is 8 to YAML; write 10 for the number, or quote it for the text"),
        ("missing_values: [-010]", "-010 is -8 to YAML; write -10 for the number, or quote it for the text"),
        ("missing_values: [1:30]", "1:30 is 90 to YAML; write 90 for the number, or quote it for the text"),
        ("missing_values: [1:30.5]", "1:30.5 is 90.5 to YAML; write 90.5 for the number, or quote it for the text"),
        ("target: !!int 1:30", "1:30 is 90 to YAML"),
        ("target: 1" + ":1" * 30_000, "a number of more than 300 characters; shorten it, or quote it"),
        ("target: " + "9" * 400, "a number of more than 300 characters; shorten it, or quote it"),
        ("target: 0x" + "f" * 5000, "a number of more than 300 characters; shorten it, or quote it"),
        ("target: 0x" + "f" * 298, "a number of more than 300 characters; shorten it, or quote it"),
        ('"\\ud800": 1', "half of a character (\\ud800); write the whole one"),
        ('target: "\\udfff"', "half of a character (\\udfff); write the whole one"),
    ],
)
def test_what_no_experiment_needs_is_refused_with_its_place_and_a_remedy(text: str, told: str) -> None:
    (line,) = said_of(text.encode())
    assert line.startswith("experiment.yaml, line ")
    assert told in line


def test_a_number_of_the_command_line_is_refused_alike() -> None:
    with pytest.raises(ExperimentRuleError, match="1:30 is 90 to YAML"):
        parse_value("1:30")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (10**400, "a number of more than 300 characters"),
        ("\ud800", "half of a character"),
        ({"\ud800": 1}, "half of a character"),
        ({"min": 1, "max": 10**400}, "a number of more than 300 characters"),
    ],
)
def test_an_execution_s_input_is_bounded_alike(value: Any, told: str) -> None:
    for overrides in ({"target": value}, {"search": {"hyperparameters": {"C": value}}}):
        (line,) = said_of(None, overrides)
        assert line.startswith("execution input: ")
        assert told in line


@pytest.mark.parametrize("text", ["{C: 2024-01-01}", "{C: {min: 2024-01-01, max: 3}}", "{C: [{2024-01-01: 1}]}"])
def test_a_date_where_a_number_belongs_is_shown(text: str) -> None:
    assert "2024-01-01" in said_of(f"estimator: linear\nsearch: {{hyperparameters: {text}}}".encode())[0]


def test_a_mapping_with_a_date_for_a_key_is_shown() -> None:
    (line,) = said_of(b"target: {2024-01-01: 1}")
    assert line.startswith('experiment.yaml: target is {"2024-01-01": 1}; it must be ')


def test_byte_order_marks_at_the_start_are_none_of_the_text() -> None:
    assert load_experiment("\ufeff\ufeff\ufefftarget: y".encode(), None).target == "y"


def test_many_things_that_are_wrong_are_counted_where_they_are_not_said() -> None:
    lines = said_of("".join(f"k{n}: 1\n" for n in range(5000)).encode())
    assert len(lines) == 51
    assert lines[-1] == "and 4950 things more"


HOSTILE = ("\x1b]0;title\x07", "\x1b[2J", "a\nb", "\u202ex", "\u2028", "\x85", "[/x]", "[link=http://x]", "\u200b")


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_words_are_shown_escaped(word: str) -> None:
    for keys in (
        {word: 1},
        {"target": [word]},
        {"metric": word},
        {"estimator": word},
        {"search": {word: word}},
        {"search": {"hyperparameters": {word: 1}}},
        {"search": {"hyperparameters": {"max_iter": word}}},
        {"search": {"hyperparameters": {"max_iter": {word: word, "min": 1, "max": 2}}}},
        {"search": {"hyperparameters": {"max_iter": {"min": word, "max": 2}}}},
        {"columns": {word: word}},
        {"dialect": {"delimiter": word * 2}},
        {"cross_validation": {"strategy": word}},
    ):
        for lines in (said_of(yaml.safe_dump(keys, allow_unicode=True).encode()), said_of(None, keys)):
            assert len(lines) == 1, keys


ALPHABET = (
    *"\n\n:-,[]{}&*!|>'\"%@`#?~= \t.01eE+_",
    *("<<", "*a", "&a", "!!int ", "!!float ", "!!binary ", "!!set ", "!!omap ", "!!timestamp ", "0x", "0b1", "1:2"),
    *("!<x> ", "\\ud800", "\\U00110000", "\ud800", "\ufeff", "\x1b", "\x00", "\u202e", "---\n", "...\n", "%YAML 1.1\n"),
    *(".inf", ".nan", "~"),
    *("2024-01-01", "9" * 310, "é", "x" * 5000, "[" * 30, "- " * 30, "{a: " * 8, "null", "yes"),
    *("target", "search", "hyperparameters", "cross_validation", "columns", "min", "max", "values", "max_iter"),
)  # fmt: skip
EXAMPLE = """\
target: price
columns: {id: ignore, day: "%d/%m/%Y"}
missing_values: ["?", -999, 1900-01-01]
estimator: hist_gradient_boosting
cross_validation: {n_splits: 5, repeats: 2, holdout: 0.2}
search:
  max_candidates: 8
  hyperparameters:
    max_iter: {min: 20, max: 150, scaling: Auto}
    learning_rate: {values: [0.1, 1e-2]}
quality_gate: {min_score: 0.5, suspicious: hold}
"""


def generated(chance: random.Random) -> str:
    return "".join(chance.choice(ALPHABET) for _ in range(chance.randrange(1, 40)))


def mutated(chance: random.Random) -> str:
    text = EXAMPLE
    for _ in range(chance.randrange(1, 6)):
        start = chance.randrange(len(text))
        text = text[:start] + generated(chance)[:30] + text[start + chance.randrange(12) :]
    return text


def replaced(chance: random.Random) -> str:
    """An example in which a value is another one: it is read, and what is made of it matters."""
    lines = EXAMPLE.splitlines()
    place = chance.randrange(len(lines))
    key = lines[place].partition(":")[0]
    lines[place] = f"{key}: {''.join(chance.choice(ALPHABET) for _ in range(chance.randrange(1, 4)))}"
    return "\n".join(lines)


@pytest.mark.parametrize("make", [generated, mutated, replaced])
@pytest.mark.parametrize("seed", sampled(range(20), 10))
def test_no_text_ends_in_another_way_or_in_much_work(
    seed: int, make: Callable[[random.Random], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    compose = yaml.composer.Composer.compose_node

    def counted(self: Any, parent: Any, index: Any) -> Any:
        nonlocal made
        made += 1
        return compose(self, parent, index)

    monkeypatch.setattr(yaml.composer.Composer, "compose_node", counted)
    chance = random.Random(f"{make.__name__} {seed}")
    for _ in range(34):
        text = make(chance)
        made = 0
        raw = text.encode("utf-8", "surrogatepass")
        said_of(raw)
        assert made <= len(raw) + 1


@pytest.mark.parametrize(
    "piece",
    sampled(
        ["k{}: 1\n", "- ", "[", "{{", "? ", "x{}.y: [1]\n", "search: {{}}\n", "a: &a [x]\n", "1:", "'", '"', "!x "], 6
    ),
)
def test_no_text_of_the_longest_ends_in_another_way(piece: str) -> None:
    pieces = [piece.format(n) for n in range(MAX_BYTES // len(piece))]
    said_of("".join(pieces).encode()[:MAX_BYTES])
    said_of(("search:\n hyperparameters:\n" + "".join(f"  {one}" for one in pieces)).encode()[:MAX_BYTES])
