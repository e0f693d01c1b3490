"""A source archive is unpacked anew for every job, and compiled once."""

from __future__ import annotations

import io
import py_compile
import tarfile
from pathlib import Path
from typing import Any

import pytest

from warmfold.cloud.sagemaker.code_cache import KEPT, CodeCache
from warmfold.cloud.sagemaker.data import DataError


def archive(path: Path, **modules: str) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in modules.items():
            member = tarfile.TarInfo(f"{name}.py")
            member.size, member.mtime = len(text), 1_700_000_000
            tar.addfile(member, io.BytesIO(text.encode()))
    return path


def test_a_job_gets_the_archive_s_files_and_their_bytecode(tmp_path: Path) -> None:
    CodeCache(tmp_path / "cache").unpack(archive(tmp_path / "a.tar.gz", train="print(1)\n"), tmp_path / "job")
    assert (tmp_path / "job" / "train.py").read_text() == "print(1)\n"
    assert (tmp_path / "job" / "train.py").stat().st_mtime == 1_700_000_000  # or Python would not take the bytecode
    assert [path.suffix for path in (tmp_path / "job" / "__pycache__").iterdir()] == [".pyc"]


def test_packages_are_compiled_too(tmp_path: Path) -> None:
    modules = {"train": "import package.sub.model\n", "package/sub/model": "SIZE = 1\n"}
    CodeCache(tmp_path / "cache").unpack(archive(tmp_path / "a.tar.gz", **modules), tmp_path / "job")
    assert [path.suffix for path in (tmp_path / "job/package/sub/__pycache__").iterdir()] == [".pyc"]


def test_what_a_job_does_to_its_files_does_not_reach_the_next(tmp_path: Path) -> None:
    cache, source = CodeCache(tmp_path / "cache"), archive(tmp_path / "a.tar.gz", train="print(1)\n")
    cache.unpack(source, tmp_path / "one")
    (tmp_path / "one" / "train.py").write_text("broken")
    cache.unpack(source, tmp_path / "two")
    assert (tmp_path / "two" / "train.py").read_text() == "print(1)\n"


def test_an_archive_is_compiled_once_and_one_of_other_content_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    compile_one = py_compile.compile

    def counted(file: str, *rest: Any, **options: Any) -> Any:
        compiled.append(file)
        return compile_one(file, *rest, **options)

    monkeypatch.setattr(py_compile, "compile", counted)
    cache, source = CodeCache(tmp_path / "cache"), archive(tmp_path / "a.tar.gz", train="print(1)\n")
    for job in range(3):
        cache.unpack(source, tmp_path / f"job-{job}")
    cache.unpack(archive(tmp_path / "a.tar.gz", train="print(2)\n"), tmp_path / "other")
    assert len(compiled) == 2
    assert (tmp_path / "other" / "train.py").read_text() == "print(2)\n"


def test_only_the_archives_used_last_are_kept(tmp_path: Path) -> None:
    cache = CodeCache(tmp_path / "cache")
    for number in range(KEPT + 3):
        cache.unpack(archive(tmp_path / "a.tar.gz", train=f"print({number})\n"), tmp_path / f"job-{number}")
    assert len(list((tmp_path / "cache").iterdir())) == KEPT


def test_a_module_that_does_not_compile_is_the_job_s_own_affair(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = archive(tmp_path / "a.tar.gz", train="print(1)\n", broken="def\n")
    CodeCache(tmp_path / "cache").unpack(source, tmp_path / "job")
    assert (tmp_path / "job" / "broken.py").read_text() == "def\n"
    assert capfd.readouterr() == ("", "")


def test_an_archive_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"a\.tar\.gz could not be unpacked"):
        CodeCache(tmp_path / "cache").unpack(tmp_path / "a.tar.gz", tmp_path / "job")
