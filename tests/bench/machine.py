"""The machine under measurement: which core a program runs on, and what it has cost so far.

CPU time is user plus system time of a whole process tree, threads and ended children included, as the kernel accounts
it in /proc/<pid>/stat. The kernel keeps the sum exact and only estimates how it divides, so one number is used.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TICKS_PER_S: int = os.sysconf("SC_CLK_TCK")


class NotEnoughCoresError(Exception):
    """The machine cannot keep the measured program away from what drives it."""


class Cores(NamedTuple):
    """The core that the measured program has for itself, and the one for everything else."""

    measured: int
    others: int


def choose_cores() -> Cores:
    """Return two cores that this process may use. Raises NotEnoughCoresError."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise NotEnoughCoresError("the benchmark needs two cores: one for the gateway, one for wrk and the upstream")
    return Cores(usable[-1], usable[0])


@contextlib.contextmanager
def pinned(core: int) -> Iterator[None]:
    """Let every program that is started meanwhile run on `core` only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Cpu(NamedTuple):
    """CPU time in seconds, by where it was spent."""

    user: float
    system: float

    @property
    def total(self) -> float:
        """Both together: what the kernel knows exactly."""
        return self.user + self.system

    def since(self, before: "Cpu") -> "Cpu":
        """Return what was used after `before` was measured."""
        return Cpu(self.user - before.user, self.system - before.system)

    def scaled(self, factor: float) -> "Cpu":
        """Return both parts times `factor`."""
        return Cpu(self.user * factor, self.system * factor)


def measure_cpu(pid: int) -> Cpu:
    """Return the CPU time that `pid` and its descendants have used since they started."""
    used = [_stat(each)[11:15] for each in _tree(pid)]
    ticks = [[int(field) for field in fields] for fields in used if fields]
    user = sum(own + children for own, _, children, _ in ticks)
    system = sum(own + children for _, own, _, children in ticks)
    return Cpu(user / TICKS_PER_S, system / TICKS_PER_S)


def _stat(pid: int) -> list[str]:
    """The fields after the program's name, which may itself hold spaces: state, ppid, …, utime is the 12th."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(") ")[2].split()


def _tree(root: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found
