"""The project file says what the lock files and CI rely on."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_direct_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = (ROOT / "requirements/local.txt").read_text()
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["local"]]:
        name = requirement.split(">")[0].split("=")[0].split("[")[0]
        assert f"\n{name}==" in "\n" + locked
