"""What people feel: how long a command of the plugin takes, as a whole process, beside kubectl's own.

Pairs in turn, so that whatever else the machine does meets both; the ratio is that of the medians. The server is warm,
and so are the file cache and kubectl's cache of what the server serves.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

from benchmarks.figures import Figure
from benchmarks.ground import Ground, ground
from benchmarks.manifests import PLAIN, names, rollout
from benchmarks.options import Options
from rollouts.model.errors import RolloutsError

PAIRS_A_START = 3
VERSION_SECONDS = 0.150
MOST_TIMES_KUBECTL = 2.0
COMPLETION_SECONDS = 0.300
FIRST_LINE_SECONDS = 1.0
MOST_MIB = 120
BIN = Path(sys.executable).parent
PLUGIN, KUBECTL = str(BIN / "kubectl-sluice"), str(BIN / "kubectl")


async def measure(options: Options) -> list[Figure]:
    """`version`, `get rollout`, completion and `list rollouts -A`, with as many pairs as three times the starts."""
    pairs = options.starts * PAIRS_A_START
    async with ground() as here:
        await here.world.apply([rollout(PLAIN, "web")])
        version = await _versus(here, pairs, [PLUGIN, "version", "--client"], [KUBECTL, "version", "--client"])
        get = [PLUGIN, "get", "rollout", "web", "-n", PLAIN]
        got = await _versus(here, pairs, get, [KUBECTL, "get", "rollouts.argoproj.io", "web", "-n", PLAIN])
        asked = [await _seconds(here, [PLUGIN, "__complete", "get", "rollout", "-n", PLAIN, "w"]) for _ in range(pairs)]
        await here.world.apply(rollout(PLAIN, name) for name in names(options.listed))
        listing = await _listed(here)
    return [
        Figure(
            "`version --client`",
            f"{_span(version[0])}; kubectl {_span(version[1])}",
            f"<= {VERSION_SECONDS * 1000:.0f} ms",
            median(version[0]) <= VERSION_SECONDS,
        ),
        Figure(
            "`get rollout`",
            f"{_span(got[0])}; `kubectl get` {_span(got[1])}",
        ),
        Figure(
            "`get rollout`, times `kubectl get` (ratio of the medians)",
            f"{median(got[0]) / median(got[1]):.2f}",
            f"<= {MOST_TIMES_KUBECTL}",
            median(got[0]) <= MOST_TIMES_KUBECTL * median(got[1]),
        ),
        Figure(
            "completion of a rollout's name",
            _span(asked),
            f"<= {COMPLETION_SECONDS * 1000:.0f} ms",
            median(asked) <= COMPLETION_SECONDS,
        ),
        *_of_listing(f"`list rollouts -A` of {options.listed} rollouts", listing),
    ]


class Listing(NamedTuple):
    """Seconds to the first line and to the last; the most memory that it had."""

    first: float
    last: float
    mib: float


def _of_listing(what: str, found: Listing) -> list[Figure]:
    target = f"<= {FIRST_LINE_SECONDS} s"
    return [
        Figure(f"{what}: first line", f"{found.first:.2f} s", target, found.first <= FIRST_LINE_SECONDS),
        Figure(f"{what}: last line", f"{found.last:.2f} s"),
        Figure(f"{what}: resident memory", f"{found.mib:.0f} MiB", f"< {MOST_MIB} MiB", found.mib < MOST_MIB),
    ]


async def _versus(
    here: Ground, pairs: int, ours: Sequence[str], theirs: Sequence[str]
) -> tuple[list[float], list[float]]:
    """Seconds of each run, ours and theirs."""
    for words in (ours, theirs):
        await _seconds(here, words)  # warms the caches
    taken = [(await _seconds(here, ours), await _seconds(here, theirs)) for _ in range(pairs)]
    return [one for one, _ in taken], [other for _, other in taken]


async def _seconds(here: Ground, words: Sequence[str]) -> float:
    begun = perf_counter()
    process = await _started(here, words)
    _, said = await process.communicate()
    if process.returncode:
        raise RolloutsError(f"{' '.join(words)}: {said.decode()}")
    return perf_counter() - begun


async def _listed(here: Ground) -> Listing:
    begun = perf_counter()
    process = await _started(here, [PLUGIN, "list", "rollouts", "-A"])
    if process.stdout is None:
        raise RolloutsError("the listing has no output")
    await process.stdout.readline()
    first, mib = perf_counter() - begun, 0.0
    while await process.stdout.read(1 << 16):
        mib = max(mib, _peak_mib(process.pid))
    await process.communicate()
    return Listing(first, perf_counter() - begun, mib)


async def _started(here: Ground, words: Sequence[str]) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*words, env=_environment(here), stdout=pipe, stderr=pipe)


def _environment(here: Ground) -> Mapping[str, str]:
    own = {"KUBECONFIG": str(here.kubeconfig), "HOME": str(here.folder), "KUBECACHEDIR": str(here.folder / "cache")}
    return {**os.environ, **own}


def _span(taken: Sequence[float]) -> str:
    return f"{median(taken) * 1000:.0f} ms ({min(taken) * 1000:.0f} to {max(taken) * 1000:.0f})"


def _peak_mib(pid: int) -> float:
    """The most memory that the process has had until now; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0.0)
