"""Many rollouts at once: memory at rest, requests at rest, CPU a round, and that against the bare loop's.

The controller runs without its own limit of requests a second (--qps=0), so that a run is short; that changes when
rounds are made, and hardly what one costs. The bare loop runs in between, on
clusters of its own behind the same server, so that both meet the same neighbours on the machine.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import mean

from benchmarks.figures import Figure
from benchmarks.ground import Ground, ground, is_healthy
from benchmarks.manifests import BARE, PLAIN, ROUTED, names, rollout, surroundings
from benchmarks.options import Options
from benchmarks.program import Program, running
from benchmarks.tally import reads, writes
from rollouts.cluster.port import Json

TARGET_MIB = 110
_WITHIN = 600.0


@dataclass(frozen=True, slots=True)
class Phase:
    """What a phase cost: CPU seconds, rounds made, requests."""

    cpu: float
    rounds: int
    requests: Counter[str]

    @property
    def written(self) -> int:
        """Writes, events too."""
        return writes(self.requests, with_events=True)


async def measure(options: Options) -> list[Figure]:
    """Create, rest, update; the bare loop before, between and after."""
    yardsticks = [await _bare(options)]
    async with ground() as here, here.controller("--qps=0") as program:
        await program.said("event=working")
        await here.quiet()
        memory = [program.memory()]
        create = await _phase(here, program, lambda: _play(here, PLAIN, options, "v1", is_healthy))
        memory.append(program.memory())
        resting = await _rest(here, program, options)
        yardsticks.append(await _bare(options))
        update = await _phase(here, program, lambda: _play(here, PLAIN, options, "v2", is_healthy))
        memory.append(program.memory())
    yardsticks.append(await _bare(options))
    bare = mean(yardsticks)
    routed = await _routed(options)
    return [
        *_memories(memory, options),
        _memory("memory after the same, each with HTTPRoute and two Services", routed),
        *resting,
        *_cpu("create to Healthy", create, options, bare),
        *_cpu("one update", update, options, bare),
        Figure(
            "bare loop: CPU an event and its PATCH", f"{_ms(bare)} ({_ms(min(yardsticks))} to {_ms(max(yardsticks))})"
        ),
    ]


async def _routed(options: Options) -> float:
    """Memory after creating and updating rollouts with all that may stand around them."""
    async with ground() as here, here.controller("--qps=0") as program:
        await program.said("event=working")
        for name in names(options.rollouts):
            await here.world.apply(surroundings(ROUTED, name))
        for tag in ("v1", "v2"):
            await _play(here, ROUTED, options, tag, is_healthy)
        return program.memory()[1]


def _memories(seen: list[tuple[float, float]], options: Options) -> list[Figure]:
    (empty, _), (healthy, _), (updated, peak) = seen
    return [
        Figure("memory (RSS) without rollouts", f"{empty:.0f} MiB"),
        _memory(f"memory with {options.rollouts} rollouts, all Healthy", healthy),
        _memory("memory after an update of them all", updated),
        _memory("memory at its peak", peak),
    ]


def _memory(what: str, mib: float) -> Figure:
    return Figure(what, f"{mib:.0f} MiB", f"< {TARGET_MIB} MiB", mib < TARGET_MIB)


async def _rest(here: Ground, program: Program, options: Options) -> list[Figure]:
    before, cpu = here.tally.now(), program.cpu()
    await asyncio.sleep(options.idle)
    counts = here.tally.since(before)
    said = ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"
    share = (program.cpu() - cpu) / options.idle
    return [
        Figure(f"requests in {options.idle:.0f} s at rest", said),
        Figure("CPU at rest", f"{share:.1%} of a core"),
    ]


async def _phase(here: Ground, program: Program, play: Callable[[], Awaitable[None]]) -> Phase:
    rounds, before, cpu = await _rounds(here, program), here.tally.now(), program.cpu()
    await play()
    spent = program.cpu() - cpu
    return Phase(spent, await _rounds(here, program) - rounds, here.tally.since(before))


async def _rounds(here: Ground, program: Program) -> int:
    """Rounds of rollouts so far, by the controller's own metrics."""
    _, match = await program.said(r"metrics=(\d+)")
    page = await here.scrape(f"http://127.0.0.1:{match[1]}/metrics")
    return round(sum(float(value) for value in re.findall(r"^rollout_reconcile_count\{.*\} (\S+)$", page, re.M)))


async def _play(here: Ground, namespace: str, options: Options, tag: str, is_done: Callable[[Json], bool]) -> None:
    for name in names(options.rollouts):
        await here.world.apply([rollout(namespace, name, tag)])
    await here.all_are(namespace, options.rollouts, is_done, within=_WITHIN)
    await here.quiet()


async def _bare(options: Options) -> float:
    """CPU seconds for one event and its PATCH."""
    async with (
        ground() as here,
        running(("-m", "benchmarks.bare", str(here.kubeconfig), BARE), home=here.folder) as program,
    ):
        await program.said("ready")
        before, cpu = here.tally.now(), program.cpu()
        for tag in ("v1", "v2"):
            await _play(here, BARE, options, tag, _is_written)
        return (program.cpu() - cpu) / here.tally.since(before)["patch rollouts/status"]


def _is_written(obj: Json) -> bool:
    return (obj.get("status") or {}).get("observedGeneration") == str(obj["metadata"]["generation"])


def _cpu(what: str, phase: Phase, options: Options, bare: float) -> list[Figure]:
    each = f"{phase.cpu / options.rollouts * 1000:.1f} ms CPU, {phase.rounds / options.rollouts:.1f} rounds"
    asked = f"{phase.written / options.rollouts:.1f} writes, {reads(phase.requests) / options.rollouts:.1f} reads"
    a_round, a_write = phase.cpu / phase.rounds, phase.cpu / phase.written
    return [
        Figure(f"{what}: a rollout", f"{each}, {asked}"),
        Figure(f"{what}: CPU a round", f"{_ms(a_round)} ({a_round / bare:.1f} x bare loop)"),
        Figure(f"{what}: CPU a write", f"{_ms(a_write)} ({a_write / bare:.1f} x bare loop)"),
    ]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
