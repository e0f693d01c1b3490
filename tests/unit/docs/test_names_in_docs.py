"""What the pages name is there: files, modules, functions, identifiers, commands, make targets, and links' ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from warmfold.cli import app
from warmfold_experiment.schema import SECTIONS

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
HISTORY = {"CHANGELOG.md"}
"""Pages whose names may be gone: they tell what was."""
OURSELVES = "tests/unit/docs/"
"""What names wrong things on purpose."""
GENERATED_FOLDERS = {"demo-output", "results", "build", "dist"}
SOURCES = {".py", ".yaml", ".yml", ".toml", ".in", ".j2", ".json", ""}
"""Suffixes of what an identifier is looked for in."""
ELSEWHERE = {
    # a key of the data bucket, below a dataset's folder
    "data/_SUCCESS",
    # AWS, its clients and scikit-learn have these; no line of ours does
    "request-service-quota-increase",
    "list-service-quotas",
    "update-assume-role-policy",
}
FILE = re.compile(r"[\w.-]+\.(py|yaml|toml|json|md|j2|svg|png|txt|in|html)")
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
SPOKEN = re.compile(r"[a-z]+|[A-Z]?[a-z]+|[A-Z]+|\d+")
"""What may be a plain word, so that nothing says that code has it."""


@cache
def files() -> frozenset[str]:
    """Every file of the repository, as a path from its root."""
    tops = [top for top in ROOT.iterdir() if not top.name.startswith(".") and top.name not in GENERATED_FOLDERS]
    found = [path for top in tops for path in (top.rglob("*") if top.is_dir() else [top])]
    return frozenset(str(path.relative_to(ROOT)) for path in found if path.is_file() and path.suffix != ".pyc")


@cache
def folders() -> frozenset[str]:
    """Every folder that has a file."""
    return frozenset(str(parent) for file in files() for parent in Path(file).parents)


@cache
def words() -> frozenset[str]:
    """Every word of the code: Python, template, state machines, settings, tests."""
    sources = [file for file in files() if Path(file).suffix in SOURCES and not file.startswith(OURSELVES)]
    return frozenset(word for file in sources for word in re.findall(r"[A-Za-z0-9_]+", read(file)))


@cache
def read(file: str) -> str:
    return (ROOT / file).read_text("utf-8", errors="replace")


@cache
def targets() -> frozenset[str]:
    """What make can make."""
    return frozenset(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))


@cache
def commands() -> dict[str, frozenset[str]]:
    """The options of every command: `run`, `local up`, and so on."""
    found: dict[str, frozenset[str]] = {}

    def enter(name: str, command: object) -> None:
        found[name] = frozenset(o for p in getattr(command, "params", []) for o in (*p.opts, *p.secondary_opts))
        for inner, subcommand in getattr(command, "commands", {}).items():
            enter(f"{name} {inner}".strip(), subcommand)

    enter("", get_command(app))
    return found


def is_there(path: str) -> bool:
    """Whether a file or folder ends in this path; each part must be whole."""
    place = path.rstrip("/").removeprefix("./")
    known = folders() if path.endswith("/") else files() | folders()
    return any(one == place or one.endswith(f"/{place}") for one in known)


def is_ours(path: str) -> bool:
    """Whether a path looks like one in this repository: it begins with a folder of it."""
    first = path.removeprefix("./").partition("/")[0]
    return any(first in Path(folder).parts for folder in folders()) and first != ".."


def defined(dotted: str) -> bool:
    """Whether `module.name`, or `module.Class.method`, is in the module; a package has what its modules have."""
    module, *names = dotted.split(".")
    places = [f for f in files() if f.endswith(".py") and module in {Path(f).stem, Path(f).parent.name}]
    return any(all(re.search(rf"\b{name}\b", read(f) + f) for name in names) for f in places)


def unknown_names(text: str) -> Iterator[str]:
    """Everything that a page names and that is not there."""
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)
    for span in re.findall(r"`([^`\n]+)`", prose):
        if not is_known(span.strip()):
            yield f"`{span}`"
    for line in re.findall(r"^ *```\n(.*?)^ *```", text, flags=re.M | re.S):
        for command in re.findall(r"^(?:\.venv/bin/)?(make [a-z][^#\n]*|warmfold [a-z][^#\n]*)", line, flags=re.M):
            if not is_known(command.strip()):
                yield command
    for target in re.findall(r"\bmake ([a-z]+-[a-z-]+)\b", prose):
        if target not in targets():
            yield f"make {target}"


def is_known(span: str) -> bool:
    """Whether what stands in backticks is there, as far as it looks like something of ours."""
    if span in ELSEWHERE or any(sign in span for sign in "<>…*${}|"):
        return True
    first, *rest = span.removeprefix(".venv/bin/").split()
    if first == "make" and rest:
        return all(word in targets() for word in rest[:1] if "=" not in word)
    if first == "warmfold" and rest:
        return knows_command(rest)
    if "::" in span:
        file, _, test = span.partition("::")
        return is_there(file) and any(test in read(one) for one in files() if one.endswith(file))
    if rest:
        return True
    if "/" in span:
        return not is_ours(span) or is_there(span)
    if FILE.fullmatch(span):
        first = re.split(r"[.-]", span)[0]  # of one of a run's files, such as fold-0.json or a leaderboard's entry
        return is_there(span) or first in words() or re.fullmatch(r"[0-9a-f]{16}", first) is not None
    name, called, _ = span.partition("(")
    if "." in name:
        parts = name.split(".")
        if not all(IDENTIFIER.fullmatch(part) for part in parts):
            return True
        modules = {Path(file).stem for file in files() if file.endswith(".py")} | {Path(f).name for f in folders()}
        return defined(name) if parts[0] in modules - set(SECTIONS) else all(part in words() for part in parts)
    if IDENTIFIER.fullmatch(name) and (called or not SPOKEN.fullmatch(name)):
        return name in words()
    return True


def knows_command(arguments: list[str]) -> bool:
    """Whether `warmfold` takes these arguments, as far as command and options go."""
    name = " ".join(arguments[: 2 if arguments[0] == "local" else 1])
    options = {argument.partition("=")[0] for argument in arguments if argument.startswith("-")}
    return name in commands() and options <= commands()[name] | {"--help", "-h"}


def broken_links(page: Path, text: str) -> Iterator[str]:
    """The links of a page to files, or headings of them, that are not there."""
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        place, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", place):
            continue
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            yield link


def anchors(text: str) -> set[str]:
    """What a page's headings are called in links."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    if page.name not in HISTORY:
        assert list(unknown_names(page.read_text("utf-8"))) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_s_links_lead_somewhere(page: Path) -> None:
    assert list(broken_links(page, page.read_text("utf-8"))) == []


def test_every_page_is_in_the_index_or_in_a_folder_that_is() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in re.findall(r"\]\(([^)#\s]+)\)", index.read_text("utf-8"))}
    pages = {page for page in PAGES if page.parent != ROOT and page != index}
    assert {page for page in pages if page not in linked and page.parent not in linked} == set()


@pytest.mark.parametrize(
    "wrong",
    [
        "`functions/plan_walk.py`",
        "`pipeline/planning/plannner.py`",
        "`warmfold_jobs/fan_in/`",
        "`calls_of_old.py`",
        "`names.old_fold_job`",
        "`cross_invalidate(plan)`",
        "`quota_patience_hours`",
        "`NoSuchThingError`",
        "`make cake`",
        "run make test-cakes",
        "`warmfold bake`",
        "`warmfold run --cake`",
        "`warmfold local sideways`",
        "```\nmake cake\n```\n",
        "```\n.venv/bin/warmfold bake --hot\n```\n",
        "`test_names.py::test_nothing_of_the_kind`",
    ],
)
def test_a_name_that_is_not_there_would_be_noticed(wrong: str) -> None:
    assert list(unknown_names(f"As said in {wrong}." if "\n" not in wrong else wrong))


@pytest.mark.parametrize(
    "right",
    [
        "`training_code/warmfold_run/names.py`",
        "`warmfold_run/names.py`",
        "`statemachine/`",
        "`names.fold_job`",
        "`parse_fold_job(job)`",
        "`quota_patience_seconds`",
        "`make demo PORT=4567`",
        "`warmfold local up --port 4567`",
        "`warmfold run churn.csv --output results`",
        "`runs/<run>/plan.json`",
        "`plan.json`",
    ],
)
def test_a_name_that_is_there_is_left_in_peace(right: str) -> None:
    assert list(unknown_names(right)) == []


@pytest.mark.parametrize("link", ["nowhere.md", "../README.md#no-such-heading", "#not-here"])
def test_a_link_to_nothing_would_be_noticed(link: str) -> None:
    assert list(broken_links(ROOT / "docs" / "README.md", f"# Here\n[text]({link})")) == [link]
