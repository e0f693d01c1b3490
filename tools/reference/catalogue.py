"""The page on the catalogue."""

from __future__ import annotations

from typing import get_args

from tools.reference.markdown import code, flow, item, paragraphs, prose
from warmfold_catalogue.estimators import DEFAULT_ESTIMATOR, ESTIMATORS, Estimator, Preprocessing, load_estimator
from warmfold_catalogue.metrics import METRICS, load_metric
from warmfold_catalogue.splitters import SPLITTERS, load_splitter
from warmfold_run.experiment import Problem

PROBLEMS: tuple[str, ...] = get_args(Problem)
_TASKS = {"binary": "two classes", "multiclass": "three classes or more", "regression": "numbers"}


def page() -> str:
    """Return catalogue.md."""
    return paragraphs(
        "# Catalogue",
        prose("What experiment.yaml can choose by name. An own entry is a file and a line in its kind's table."),
        "## Estimators",
        prose("`estimator` names one. `search.hyperparameters` may set or tune those listed, and nothing else."),
        prose(
            "Before every estimator dates become days, their parts that vary and the days between them; texts of more "
            "than 30 values become hashed words or letters; infinities are missing. "
            "[Decision 17](../decisions/0017-what-a-column-becomes.md) says what and why."
        ),
        *(block for name in ESTIMATORS for block in _estimator(load_estimator(name))),
        "## Metrics",
        prose("`metric` names one. They are scikit-learn's scorers of these names, and greater is always better."),
        "\n".join(item(_metric(name)) for name in METRICS),
        "## Splitters",
        prose("`cross_validation.strategy` names one."),
        "\n".join(item(_splitter(name)) for name in SPLITTERS),
    )


def _estimator(estimator: Estimator) -> list[str]:
    default = " It is taken when the experiment names none." if estimator.name == DEFAULT_ESTIMATOR else ""
    searched = [item("Searched unless the experiment says otherwise:")]
    by_problem = {problem: estimator.default_search_space(problem) for problem in estimator.problems}
    same = all(space == by_problem[estimator.problems[0]] for space in by_problem.values())
    for problem, space in by_problem.items():
        if same and problem != estimator.problems[0]:
            continue
        where = "" if same else f" ({problem})"
        searched += [item(f"`{name}: {flow(entry)}`{where}", level=1) for name, entry in space.items()]
    allowed = [item(line, level=1) for line in _hyperparameters(estimator)]
    return [
        f"### {estimator.name}",
        prose(f"{estimator.summary} For {' and '.join(estimator.problems)}.{default}"),
        "\n".join([item(_preprocessing(estimator.preprocessing)), *searched, item("Hyperparameters:"), *allowed]),
    ]


def _hyperparameters(estimator: Estimator) -> list[str]:
    by_problem = {problem: estimator.hyperparameters(problem) for problem in estimator.problems}
    lines = []
    for name in dict.fromkeys(name for domains in by_problem.values() for name in domains):
        said = {problem: str(domains[name]) for problem, domains in by_problem.items() if name in domains}
        if len(said) == len(by_problem) and len(set(said.values())) == 1:
            lines.append(f"`{name}`: {next(iter(said.values()))}")
        else:
            lines += [f"`{name}` ({problem}): {text}" for problem, text in said.items()]
    return lines


def _preprocessing(done: Preprocessing) -> str:
    median = "missing numbers become the median, with a column that says where"
    missing = median if done.impute else "missing numbers stay missing"
    twice = "heavy-tailed ones come a second time, as the normal distribution has their ranks"
    scaled = f"; numbers get mean 0 and standard deviation 1; {twice}" if done.scale else ""
    text = "a column for each category" if done.text == "one_hot" else "one column of whole numbers"
    most = f"at most {done.max_categories}"
    most += f", or `{done.max_categories_from}` where that is set" if done.max_categories_from else ""
    return f"Before it: {missing}{scaled}; a text column becomes {text} ({most}; rarer ones become one)."


def _metric(name: str) -> str:
    metric = load_metric(name)
    default = [_TASKS[task] for task in metric.default_for]
    bound = "" if metric.best_possible is None else f" A perfect model has {code(metric.best_possible)}."
    taken = f" Taken for {' and '.join(default)} when the experiment names none." if default else ""
    return f"`{name}`: {metric.summary} For {', '.join(_TASKS[task] for task in metric.tasks)}.{bound}{taken}"


def _splitter(name: str) -> str:
    splitter = load_splitter(name)
    taken = f" Taken for {' and '.join(splitter.default_for)} when the experiment names none."
    return f"`{name}`: {splitter.summary} For {' and '.join(splitter.problems)}.{taken if splitter.default_for else ''}"
