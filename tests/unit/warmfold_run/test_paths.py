"""A name from outside becomes a file below the folder it was to go to, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmfold_run.paths import OutsideError, inside

HOSTILE = ["../x", "a/../../x", "/etc/x", "//x", "..", ".", "", "a/..", "a/../..", "x\0y", "link/x"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(OutsideError):
        inside(folder, name)


@pytest.mark.parametrize("name", ["x", "a/b/c", "..x", "a..b/c..", "a b\n", "~", "$HOME", "a/../b"])
def test_every_other_name_is_that_of_a_file_below(tmp_path: Path, name: str) -> None:
    assert inside(tmp_path, name).is_relative_to(tmp_path.resolve())


@given(st.text("ab/.\\ ~", max_size=20))
def test_no_name_leads_out(name: str) -> None:
    folder = Path("/nowhere/at/all")
    try:
        path = inside(folder, name)
    except OutsideError:
        return
    assert folder in path.parents
