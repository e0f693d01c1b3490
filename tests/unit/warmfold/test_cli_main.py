"""The command as a whole: every part of it is explained, and what the user got wrong is one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore.exceptions import NoCredentialsError
from typer.testing import CliRunner

from warmfold.cli import app, main, runs
from warmfold.cloud.local import LocalCloudError
from warmfold.errors import CommandError


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


ALL = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", ALL)
def test_every_command_says_what_it_is_for_and_so_does_each_of_its_options(path: tuple[str, ...]) -> None:
    command = ALL[path]
    assert command.help
    for parameter in command.params:
        explained = getattr(parameter, "help", None)
        assert explained or parameter.name in ("install_completion", "show_completion"), parameter.name
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert command.help.splitlines()[0] in shown.stdout


def test_the_commands_are_these() -> None:
    assert {" ".join(path) for path in ALL} >= {
        "local up",
        "local down",
        "local status",
        "run",
        "watch",
        "stop",
        "demo",
    }


def failed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    """Exit code and the one line on stderr."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    output = capsys.readouterr()
    assert output.out == ""
    (line,) = output.err.splitlines()
    return ended.value.code, line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], ["nonsense", "`warmfold --help`"]),
        (["local"], ["Missing command", "`warmfold local --help`"]),
        (["run"], ["'data'", "`warmfold run --help`"]),
        (["run", "no-such-file.csv"], ["no-such-file.csv", "does not exist"]),
        (["run", __file__, "--experiment", "none.yaml"], ["none.yaml", "does not exist"]),
        (["run", __file__, "--predict"], ["--predict"]),
        (["run", __file__, "another.csv"], ["another.csv"]),
        (["watch", "--colour"], ["--colour"]),
        (["stop"], ["'run'"]),
        (["local", "up", "--port", "99999"], ["--port", "65535"]),
        (["local", "up", "--port", "many"], ["--port", "integer"]),
    ],
)
def test_a_wrong_use_is_one_line_with_the_way_to_help(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: list[str]
) -> None:
    code, line = failed(capsys, *arguments)
    assert code == 2
    assert line.startswith("warmfold: ")
    for word in words:
        assert word in line
    assert "--help" in line


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CommandError("no cloud; get one"), "no cloud; get one"),
        (LocalCloudError("port taken; give another"), "port taken; give another"),
        (NoCredentialsError(), "no usable AWS credentials"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fail(_: str) -> None:
        raise error

    monkeypatch.setattr(runs, "open_stack", fail)
    code, line = failed(capsys, "watch")
    assert code == 1
    assert words in line


def test_a_bad_dataset_name_is_refused_before_a_cloud_is_looked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "my data.csv").touch()
    code, line = failed(capsys, "run", str(tmp_path / "my data.csv"))
    assert code == 1
    assert "'my data'" in line
    assert "--dataset" in line
    code, line = failed(capsys, "run", str(tmp_path / "my data.csv"), "--dataset", "")
    assert "''" in line


def test_the_bare_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    assert "local" in capsys.readouterr().out
