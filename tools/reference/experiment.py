"""The page on experiment.yaml."""

from __future__ import annotations

import yaml

from tools.reference.keys import Key, keys
from tools.reference.markdown import code, item, paragraphs, prose, sentence
from warmfold_experiment.hyperparameters import MAX_CATEGORIES, MAX_CATEGORY_CHARACTERS, MAX_VALUE_CHARACTERS, SCALINGS
from warmfold_experiment.schema import SECTIONS, Experiment

_INTRODUCTION = """\
What a run tunes, and how: `datasets/<name>/experiment.yaml` beside the data, which may be left out, as may every key of
it. A key that is not here is refused, as is a value of another kind, and everything that is wrong is said at once,
before anything is started. `experiment` in the execution's input has the same keys and wins key by key. Instance types
that neither says are those of the stack's parameters."""
_EDITORS = """\
Editors with a YAML language server complete and check the file once its first line says where the schema is, as a URL
or a path from the file:"""
_EDITORS_LINE = "# yaml-language-server: $schema=../warmfold/docs/reference/experiment.schema.json"
_FORMS = {
    "`max_iter: 200`": (
        f"a fixed value: null, true, false, a number or text of at most {MAX_VALUE_CHARACTERS} characters"
    ),
    "`solver: {values: [lbfgs, sag]}`": (
        f"one of a list of different plain values, at most {MAX_CATEGORIES}, each at most {MAX_CATEGORY_CHARACTERS} "
        "characters long"
    ),
    "`learning_rate: {min: 0.01, max: 0.5, scaling: Logarithmic}`": (
        "a range, both ends included. `type` is `integer` or `continuous`, and without it what the estimator takes; "
        "where it takes both, `integer` if both ends are whole numbers. `scaling` is SageMaker's: "
        f"{', '.join(code(scaling) for scaling in SCALINGS)}, and `{SCALINGS[0]}` without it. `Logarithmic` wants a "
        "`min` greater than 0, `ReverseLogarithmic` a continuous range within [0, 1)"
    ),
}


def page() -> str:
    """Return experiment.md."""
    every = list(keys())
    blocks = ["\n".join(_key(key) for key in every if "." not in key.path)]
    for section, model in SECTIONS.items():
        own = [_key(key) for key in every if key.path.startswith(f"{section}.")]
        blocks += [f"## {section}", prose(model.__doc__ or ""), "\n".join(own)]
    return paragraphs(
        "# experiment.yaml",
        prose(_INTRODUCTION),
        prose(_EDITORS),
        f"```yaml\n{_EDITORS_LINE}\n```",
        "## Top level",
        *blocks,
        "## The forms of a hyperparameter",
        prose(
            "What an estimator has, and what each hyperparameter takes, is in the [catalogue](catalogue.md); at least "
            "one must be tuned. An entry below `search.hyperparameters` is"
        ),
        "\n".join(item(f"{example}: {text}.") for example, text in _FORMS.items()),
        "## All defaults",
        f"```yaml\n{yaml.safe_dump(Experiment().model_dump(), sort_keys=False)}```",
    )


def _key(key: Key) -> str:
    null = f" Null stands for {key.null}." if key.null else ""
    not_built = f" Not built yet: {key.not_built}." if key.not_built else ""
    name = key.path.rpartition(".")[2]
    return item(f"`{name}`: {key.takes}; {code(key.default)} by default. {sentence(key.means)}{null}{not_built}")
