"""Local clouds for the benchmark, started by the command that a user types."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warmfold.cloud.local import LocalCloud


@dataclass(frozen=True)
class Started:
    """A local cloud that is up, and how many seconds `warmfold local up` took from its start to its exit."""

    cloud: LocalCloud
    seconds: float

    def client(self, service: str) -> Any:
        """A client of it."""
        session: Any = self.cloud.session()  # its types know services by literals only
        return session.client(service)

    def cpu_seconds(self) -> float:
        """What the server and every process under it, ended ones included, have had of the cores so far."""
        children: dict[int, list[int]] = {}
        used: dict[int, int] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it has ended
                fields = path.read_text().rpartition(")")[2].split()
                pid = int(path.parent.name)
                children.setdefault(int(fields[1]), []).append(pid)
                used[pid] = sum(map(int, fields[11:15]))  # utime, stime, and those of children that were waited for
        ticks, found = 0, [self.cloud.pid]
        while found:
            pid = found.pop()
            ticks += used.get(pid, 0)
            found += children.get(pid, [])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """The resident bytes of the server's process."""
        status = Path(f"/proc/{self.cloud.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024


@contextlib.contextmanager
def local_cloud() -> Iterator[Started]:
    """A local cloud with warmfold's stack, in a home and on a port of its own."""
    command = [str(Path(sys.executable).with_name("warmfold")), "local"]
    with tempfile.TemporaryDirectory(prefix="warmfold-benchmark-") as home:
        environment = os.environ | {"WARMFOLD_HOME": home}
        started = time.perf_counter()
        up = [*command, "up", "--port", str(_free_port()), "--json"]
        said = subprocess.run(up, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
        seconds = time.perf_counter() - started
        info = json.loads(said)
        try:
            yield Started(LocalCloud(info["endpoint"], info["pid"]), seconds)
        finally:
            subprocess.run([*command, "down"], env=environment, check=True, stdout=subprocess.DEVNULL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
