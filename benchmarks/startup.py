"""From the start of the process to `ready` (caches filled) and `working` (Lease held, workers begin)."""

from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure
from benchmarks.ground import Ground, ground
from benchmarks.manifests import PLAIN, names, rollout
from benchmarks.options import Options

TARGET_SECONDS = 2.5


async def measure(options: Options) -> list[Figure]:
    """Several starts, on an empty cluster and on one with all the rollouts, and one without Python's .pyc files."""
    async with ground() as here:
        await _start(here)  # warms the file cache
        empty = [await _start(here) for _ in range(options.starts)]
        with TemporaryDirectory() as fresh:
            cold = await _start(here, PYTHONPYCACHEPREFIX=fresh)
        await here.world.apply(rollout(PLAIN, name) for name in names(options.rollouts))
        full = [await _start(here) for _ in range(options.starts)]
    return [
        *_figures("no rollouts", empty),
        *_figures(f"{options.rollouts} new rollouts", full),
        Figure("start to `ready`, nothing compiled yet (no .pyc at all)", f"{cold[0]:.2f} s"),
    ]


async def _start(here: Ground, **environment: str) -> tuple[float, float]:
    async with here.controller(environment=environment) as program:
        ready, _ = await program.said("event=ready")
        working, _ = await program.said("event=working")
        return ready, working


def _figures(what: str, starts: list[tuple[float, float]]) -> list[Figure]:
    readies, workings = zip(*starts, strict=True)
    return [
        Figure(
            f"start to `{name}`, {what}",
            f"{median(moments):.2f} s ({min(moments):.2f} to {max(moments):.2f})",
            f"<= {TARGET_SECONDS} s",
            median(moments) <= TARGET_SECONDS,
        )
        for name, moments in (("ready", readies), ("working", workings))
    ]
