"""Many AnalysisRuns at once: do their measurements keep to their schedule, and what does that cost?

Three metrics a run, answered by a service in a process of its own, which notes when each query came. The runs begin
spread over an interval, then all in one moment, on a real control plane. At last, so many runs that have ended: they
must cost nothing. That is counted on the embedded cluster, which sees every request.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import quantiles

from benchmarks.crowd import CROWD
from benchmarks.engine import CONTROLLER_NAMESPACE, controller_on
from benchmarks.figures import Figure
from benchmarks.ground import Ground, ground
from benchmarks.manifests import PLAIN
from benchmarks.options import Options
from benchmarks.plane import UNDER_TEST, Plane, by_title, plane
from benchmarks.program import Program, running
from benchmarks.tally import without_upkeep
from rollouts.cluster.client import Session
from rollouts.cluster.kinds import ANALYSIS_RUNS
from rollouts.cluster.port import Collection, Json

METRICS = ("errors", "latency", "saturation")
CORE = 1 / 3
"""Share of a core that the runs may cost."""
LATE = 1.0
"""Seconds that the latest of a hundred measurements may be late."""


@dataclass(frozen=True, slots=True)
class Course:
    """What was seen of the runs: requests and CPU of the controller, and how late each measurement came.

    `waited` are seconds in which the controller was ready to run and had no core: so busy were the neighbours.
    """

    title: str
    cpu: float
    seconds: float
    requests: Counter[str]
    queries: int
    late: list[float]
    memory: float
    waited: float


async def measure(options: Options) -> list[Figure]:
    """Spread, ended, and all at once; each with a controller of its own."""
    spread = await _course("spread over an interval", options, options.interval / options.runs)
    burst = await _course("begun at once", options, 0.0)
    return [*_figures(spread, options), *_figures(burst, options), *await _ended(options)]


async def _course(title: str, options: Options, pause: float) -> Course:
    async with _stage() as (here, program, service):
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(options.runs):
            await here.cluster.create(Collection(ANALYSIS_RUNS, CROWD), _run(f"{number:05}", service, options.interval))
            await asyncio.sleep(max(0.0, began + pause * (number + 1) - loop.time()))
        await asyncio.sleep(options.interval)
        here.audit.rest()
        cpu, waited, asked = program.cpu(), program.waited(), await _count(service)
        await asyncio.sleep(options.interval * options.intervals)
        spent, requests = program.cpu() - cpu, [one for one in here.audit.rest() if one.user == UNDER_TEST]
        came = await _came(service)
        queries = sum(map(len, came.values())) - asked
        late = list(lateness(came.values(), options.interval))
        counted = by_title([one for one in requests if one.resource != "leases" and one.verb != "watch"])
        seconds = float(options.interval * options.intervals)
        return Course(title, spent, seconds, counted, queries, late, program.memory()[0], program.waited() - waited)


async def _ended(options: Options) -> list[Figure]:
    """A controller that finds as many runs that have ended."""
    async with ground() as here:
        async with here.controller() as program:
            await program.said("event=working")
            await here.quiet()
            empty = program.memory()[0]
        for number in range(options.runs):
            ended = {**_run(f"{number:05}", "http://nobody", options.interval), "status": _verdict()}
            ended["metadata"]["namespace"] = PLAIN
            await here.world.apply([ended])
        async with here.controller() as program:
            await program.said("event=working")
            await here.quiet()
            before, cpu = here.tally.now(), program.cpu()
            await asyncio.sleep(options.idle)
            counts, spent = without_upkeep(here.tally.since(before)), program.cpu() - cpu
            rounds, memory = await _rounds(here, program), program.memory()[0]
    said = ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"
    title = f"{options.runs} ended runs"
    return [
        Figure(f"{title}: rounds from the start on", str(rounds), "0", rounds == 0),
        Figure(f"{title}: requests in {options.idle:.0f} s", said, "none", not counts),
        Figure(f"{title}: CPU in {options.idle:.0f} s", f"{spent / options.idle:.1%} of a core"),
        Figure(f"{title}: memory for each", f"{(memory - empty) * 1024 / options.runs:.1f} KiB"),
    ]


@asynccontextmanager
async def _stage() -> AsyncIterator[tuple[Plane, Program, str]]:
    """The control plane, a working controller on it, and the address of the metric service."""
    async with (
        plane((CONTROLLER_NAMESPACE, CROWD)) as here,
        running(("-m", "benchmarks.answers"), home=here.folder) as service,
        controller_on(here) as program,
    ):
        _, match = await service.said(r"answering port=(\d+)")
        yield here, program, f"http://127.0.0.1:{match[1]}"


async def _came(service: str) -> dict[str, list[float]]:
    async with Session() as session, session.get(f"{service}/came") as page:
        found: dict[str, list[float]] = json.loads(await page.text())
    return found


async def _count(service: str) -> int:
    return sum(map(len, (await _came(service)).values()))


async def _rounds(here: Ground, program: Program) -> int:
    _, match = await program.said(r"metrics=(\d+)")
    page = await here.scrape(f"http://127.0.0.1:{match[1]}/metrics")
    return round(sum(float(n) for n in re.findall(r"^analysis_run_reconcile_count\{.*\} (\S+)$", page, re.M)))


def lateness(series: Iterable[list[float]], interval: float) -> Iterator[float]:
    """Seconds by which each measurement but the first came after its moment.

    The first comes when the run is seen; the schedule is that of the least late of all, so drift adds up and shows.
    """
    for moments in series:
        offsets = [moment - number * interval for number, moment in enumerate(moments)]
        yield from (offset - min(offsets) for offset in offsets[1:])


def _figures(course: Course, options: Options) -> list[Figure]:
    title = f"{options.runs} runs {course.title}"
    share, rounds = course.cpu / course.seconds, options.runs * options.intervals
    half, most = (quantiles(course.late, n=100)[at] for at in (49, 98))
    each = ", ".join(f"{count / rounds:.2f} {what}" for what, count in sorted(course.requests.items())) or "none"
    span = f"{min(course.late):.2f} to {max(course.late):.2f} s, {len(course.late)} measurements"
    return [
        Figure(f"{title}: late, p50 / p99", f"{half:.2f} / {most:.2f} s ({span})", f"< {LATE:.0f} s", most < LATE),
        Figure(f"{title}: CPU", f"{share:.1%} of a core", f"< {CORE:.0%}", share < CORE),
        Figure(f"{title}: CPU a run and interval", f"{course.cpu / rounds * 1000:.2f} ms"),
        Figure(f"{title}: requests a run and interval", f"{each}; {course.queries / rounds:.2f} queries"),
        Figure(f"{title}: memory", f"{course.memory:.0f} MiB"),
        Figure(f"{title}: ready, but without a core", f"{course.waited / course.seconds:.0%} of the time"),
    ]


def _run(name: str, service: str, interval: int) -> Json:
    metrics = [
        {
            "name": metric,
            "interval": f"{interval}s",
            "successCondition": "len(result) == 0 || result[0] >= 0.95",
            "failureLimit": 3,
            "provider": {"prometheus": {"address": service, "query": f'{metric}{{app="{name}"}}'}},
        }
        for metric in METRICS
    ]
    meta = {"name": f"run-{name}", "labels": {"app": name}}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": meta, "spec": {"metrics": metrics}}


def _verdict() -> Json:
    moment = "2026-01-01T00:00:00Z"
    taken = {"phase": "Successful", "startedAt": moment, "finishedAt": moment, "value": "[0.99]"}
    results = [{"name": name, "phase": "Successful", "count": 10, "measurements": [taken] * 10} for name in METRICS]
    return {"phase": "Successful", "startedAt": moment, "completedAt": moment, "metricResults": results}
