"""What a container's toolkit gives to pip before it runs a script: requirements.txt, and code with a setup.py.

Run in a job by its own interpreter: `needs.py <folder> <code> <module> <program> [argument …]`. Requirements that are
nothing but names and versions are installed once for all jobs that have the same, in an environment below the folder;
others, which may be files of the code, into the job's own. Then the process becomes the program: `python <program>`,
or `python -m <module>` where the code is a package. It needs the standard library only.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

REQUIREMENTS = "requirements.txt"
SETUP = "setup.py"
PLAIN = re.compile(r"\s*([A-Za-z0-9][\w.-]*(\[[\w.,\s-]*\])?\s*([<>=!~][^@/\\]*)?)?(;[^@/\\]*)?(\s#.*|#.*)?\s*")
"""A line that means the same wherever it is read."""


def has_needs(code: Path) -> bool:
    """Whether there is anything to install in the code."""
    return any((code / name).is_file() for name in (REQUIREMENTS, SETUP))


def install(shared: Path, code: Path) -> None:
    """Install it; raises CalledProcessError, pip having said why."""
    requirements = code / REQUIREMENTS
    if (code / SETUP).is_file():
        _pip(sys.executable, code, ".", *(["-r", REQUIREMENTS] if requirements.is_file() else []))
    elif all(PLAIN.fullmatch(line) for line in requirements.read_text("utf-8", "replace").splitlines()):
        _use(_installed(shared, code))
    else:
        _pip(sys.executable, code, "-r", REQUIREMENTS)


def _installed(shared: Path, code: Path) -> Path:
    """The environment that has the plain requirements, made by the first job that asks while others wait for it."""
    text = (code / REQUIREMENTS).read_bytes()
    folder = shared / hashlib.sha256(text).hexdigest()[:16]
    shared.mkdir(parents=True, exist_ok=True)
    whole = folder / "whole"
    with folder.with_suffix(".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if whole.exists():
            print(f"warmfold: {REQUIREMENTS} is installed already", flush=True)
            return folder
        shutil.rmtree(folder, ignore_errors=True)  # what a job left that was ended here
        shutil.copytree(sys.prefix, folder, symlinks=True)
        _pip(str(folder / "bin" / "python"), code, "-r", REQUIREMENTS)
        whole.touch()
    return folder


def _use(folder: Path) -> None:
    """Have this job's interpreter find what is in another environment, before what it finds anyway."""
    added = folder / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    link = Path(sysconfig.get_path("purelib"), "of_requirements.pth")  # read before of_the_local_cloud.pth
    link.write_text(f"import site; site.addsitedir({str(added)!r})\n", "utf-8")
    own = f"{sys.prefix}/bin"
    os.environ["PATH"] = os.environ["PATH"].replace(own, f"{own}{os.pathsep}{folder / 'bin'}", 1)


def _pip(python: str, code: Path, *what: str) -> None:
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", *what]
    subprocess.run(command, cwd=code, check=True)


def main(shared: str, code: str, module: str, *program: str) -> None:
    """Install, and become the program."""
    try:
        install(Path(shared), Path(code))
    except subprocess.CalledProcessError as error:
        sys.exit(f"InstallRequirementsError: pip ended with exit code {error.returncode}")
    packaged = module and (Path(code) / SETUP).is_file()
    arguments = ["-m", module, *program[1:]] if packaged else list(program)
    os.execv(sys.executable, [sys.executable, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
