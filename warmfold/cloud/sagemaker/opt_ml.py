"""A job's folder as `/opt/ml` itself: a mount namespace of its own, on Linux and where the system permits one.

`python opt_ml.py <folder>` tries it and exits with 0 when it works. It needs the standard library only.
"""

import contextlib
import ctypes
import errno
import os
import sys
from pathlib import Path

OPT = "/opt"
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18


def enter(opt: Path) -> None:
    """From now on this process and those that it starts see `opt` as /opt, with what else is in /opt as before.

    Nobody else sees a difference, and nothing is written into the machine's own /opt. Raises OSError where the system
    does not permit it. The process must have one thread.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    try:
        _checked(libc.unshare(CLONE_NEWNS), "unshare")
    except PermissionError:  # nor root with its rights taken away may: then in a namespace of users, as oneself
        _checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", name).write_text(text)

    def mount(source: str | None, target: str, flags: int) -> None:
        paths = [None if path is None else os.fsencode(path) for path in (source, target)]
        _checked(libc.mount(*paths, None, ctypes.c_ulong(flags), None), target)

    mount(None, "/", MS_REC | MS_PRIVATE)
    with os.scandir(OPT) as entries:
        for entry in entries:
            beside = opt / entry.name
            if entry.name == "ml":
                continue
            if entry.is_symlink():
                with contextlib.suppress(FileExistsError):
                    beside.symlink_to(Path(entry.path).readlink())
                continue
            if entry.is_dir():
                beside.mkdir(exist_ok=True)
            else:
                beside.touch()
            mount(entry.path, str(beside), MS_BIND | MS_REC)
    mount(str(opt), OPT, MS_BIND | MS_REC)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno() or errno.EPERM
        raise OSError(number, os.strerror(number), what)


def main(folder: Path) -> int:
    """Whether `enter` does what it says, as an exit code; `folder` is empty."""
    sign = folder / "opt" / "ml" / "sign"
    sign.parent.mkdir(parents=True)
    sign.touch()
    try:
        enter(folder / "opt")
    except (OSError, AttributeError) as error:  # AttributeError: a system whose C library has no such call
        print(f"jobs cannot have /opt/ml as a mount of their own: {error}", file=sys.stderr)
        return 1
    return 0 if Path(OPT, "ml", "sign").exists() else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
