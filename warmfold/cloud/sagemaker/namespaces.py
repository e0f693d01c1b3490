"""What a container has for itself, on Linux and where the system permits it: `/opt/ml`, and no network.

`python namespaces.py <folder>` tries it and exits with 0 when it works. It needs the standard library only.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

OPT = "/opt"
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18


def enter(opt: Path, offline: bool = False) -> None:
    """From now on this process and those that it starts see `opt` as /opt, with what else is in /opt as before.

    Where `offline`, they have no network but their own loopback. Nobody else sees a difference, and nothing is written
    into the machine's own /opt. Raises OSError where the system does not permit it. The process must have one thread.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    wanted = CLONE_NEWNS | (CLONE_NEWNET if offline else 0)
    try:
        _checked(libc.unshare(wanted), "unshare")
    except PermissionError:  # nor root with its rights taken away may: then in a namespace of users, as oneself
        _checked(libc.unshare(CLONE_NEWUSER | wanted), "unshare")
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", name).write_text(text)
    if offline:
        _bring_up_loopback()

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


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


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
        enter(folder / "opt", offline=True)
    except (OSError, AttributeError) as error:  # AttributeError: a system whose C library has no such call
        print(f"jobs cannot have mounts and networks of their own: {error}", file=sys.stderr)
        return 1
    return 0 if Path(OPT, "ml", "sign").exists() else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
