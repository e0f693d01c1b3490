"""What is installed, here and in Lambda, is what the lock files say, byte for byte."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted([*ROOT.glob("requirements/*.txt"), ROOT / "functions/requirements.txt"])


def test_every_direct_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = (ROOT / "requirements/local.txt").read_text()
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["local"]]:
        assert f"\n{called(requirement)}==" in "\n" + locked


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.relative_to(ROOT).as_posix())
def test_every_package_has_one_version_and_hashes(lock: Path) -> None:
    entries = re.sub(r" *#.*", "", lock.read_text()).replace("\\\n", " ").split("\n")
    for entry in filter(str.strip, entries):
        assert re.fullmatch(r"[\w.\[\],-]+==\S+( ; [^-]*?)?( +--hash=sha256:[0-9a-f]{64})+ *", entry), entry[:80]
    assert "://" not in lock.read_text()


@pytest.mark.parametrize("name", ["benchmark", "container", "functions", "sam"])
def test_what_an_input_asks_for_is_in_its_lock(name: str) -> None:
    lock = ROOT / ("functions/requirements.txt" if name == "functions" else f"requirements/{name}.txt")
    asked = [line for line in (ROOT / f"requirements/{name}.in").read_text().splitlines() if not line.startswith("-")]
    assert {one for one in map(called, asked) if f"\n{one}==" not in "\n" + lock.read_text()} == set()


def test_functions_have_the_versions_that_their_tests_have() -> None:
    versions = {lock: dict(re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text(), re.M)) for lock in LOCKS}
    theirs, tested = versions[ROOT / "functions/requirements.txt"], versions[ROOT / "requirements/local.txt"]
    assert {name: version for name, version in theirs.items() if tested.get(name, version) != version} == {}


def called(requirement: str) -> str:
    """The name of a requirement."""
    return re.split(r"[<>=\[;]", requirement)[0].strip()
