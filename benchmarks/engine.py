"""The engine on a real control plane: create, rest, update, abort; N rollouts at once.

Requests are counted in the API server's audit log, by the user that the controller logs in as; CPU and memory are the
kernel's figures of its process. The floor (plain ReplicaSets) and the bare loop run on the same control plane.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles

from benchmarks.aborts import aborts
from benchmarks.crowd import CROWD, FLOOR, create, created, floor, plain_rollout, updated, watched
from benchmarks.manifests import BARE, ROUTED, names
from benchmarks.options import Options
from benchmarks.plane import UNDER_TEST, Plane, Request, by_title, plane
from benchmarks.program import SLUICE, Program, running
from rollouts.cluster import kinds
from rollouts.cluster.client import Session
from rollouts.cluster.port import Json, Target

CONTROLLER_NAMESPACE = "argo-rollouts"
_WRITES = ("create", "patch", "update", "delete")
_QUIET_SECONDS = 2.5


@dataclass(frozen=True, slots=True)
class Phase:
    """What one phase cost. `all_requests` are everybody's."""

    wall: float
    cpu: float
    rounds: int
    memory: float
    all_requests: list[Request]

    @property
    def requests(self) -> Counter[str]:
        """The controller's own, without the Lease."""
        own = [request for request in self.all_requests if request.user == UNDER_TEST]
        return by_title([request for request in own if request.resource != "leases"])


@dataclass(slots=True)
class Run:
    """All that was measured with N rollouts."""

    count: int
    floor: float = 0.0
    memory: float = 0.0
    phases: dict[str, Phase] = field(default_factory=dict)
    quiet_aborts: list[float] = field(default_factory=list)
    aborts: list[float] = field(default_factory=list)
    bare: float = 0.0


async def run(count: int, options: Options) -> Run:
    """Everything, with this number of rollouts."""
    done, crowd = Run(count), names(count)
    async with plane((CONTROLLER_NAMESPACE, FLOOR, CROWD, ROUTED, BARE)) as here:
        done.floor = await floor(here, crowd)
        async with controller_on(here) as program:
            await asyncio.sleep(_QUIET_SECONDS)
            done.memory = program.memory()[0]
            if here.has_routes:
                done.quiet_aborts = await aborts(here, "alone", options.samples)
                await _away(here, "alone")
            done.phases["create"] = await _phase(here, program, created(here, crowd))
            done.phases["rest"] = await _phase(here, program, asyncio.sleep(options.rest, options.rest))
            done.phases["update"] = await _phase(here, program, updated(here, crowd, "v2"))
            if here.has_routes:
                done.aborts = await aborts(here, "beside", options.samples)
        done.bare = await _bare(here, crowd)
    return done


@asynccontextmanager
async def controller_on(here: Plane, *flags: str) -> AsyncIterator[Program]:
    """The controller against this control plane, at work."""
    arguments = (
        "controller",
        f"--kubeconfig={here.kubeconfig}",
        f"--leader-election-namespace={CONTROLLER_NAMESPACE}",
        "--healthzPort=0",
        "--metricsPort=0",
        "--logformat=logfmt",
        *flags,
    )
    async with running((*SLUICE, *arguments), home=here.folder) as program:
        await program.said("event=working")
        yield program


async def _phase(here: Plane, program: Program, doing: Awaitable[float]) -> Phase:
    here.audit.rest()
    rounds, cpu = await _rounds(program), program.cpu()
    wall = await doing
    await asyncio.sleep(_QUIET_SECONDS)  # what it has yet to tell belongs to it
    spent = program.cpu() - cpu
    rounds = await _rounds(program) - rounds
    return Phase(wall, spent, rounds, program.memory()[0], here.audit.rest())


async def _rounds(program: Program) -> int:
    _, match = await program.said(r"metrics=(\d+)")
    async with Session() as session, session.get(f"http://127.0.0.1:{match[1]}/metrics") as page:
        text = await page.text()
    return round(sum(float(value) for value in re.findall(r"^rollout_reconcile_count\{.*\} (\S+)$", text, re.M)))


async def _away(here: Plane, name: str) -> None:
    async with watched(here, kinds.REPLICA_SETS, ROUTED) as seen:
        await here.cluster.delete(Target(kinds.ROLLOUTS, name, ROUTED))
        await seen.none()


async def _bare(here: Plane, crowd: list[str]) -> float:
    """CPU seconds of the bare loop for one event and its PATCH."""
    arguments = ("-m", "benchmarks.bare", str(here.kubeconfig), BARE)
    async with running(arguments, home=here.folder) as program:
        await program.said("ready")
        cpu = program.cpu()
        async with watched(here, kinds.ROLLOUTS, BARE) as seen:
            bodies = [_bare_rollout(name) for name in crowd]
            await create(here, kinds.ROLLOUTS, BARE, bodies)
            await seen.all_are(len(crowd), lambda obj: bool(obj.get("status")))
        return (program.cpu() - cpu) / len(crowd)


def _bare_rollout(name: str) -> Json:
    body = plain_rollout(name, "v1")
    body["metadata"]["namespace"] = BARE
    return body


def latencies(phase: Phase) -> list[float]:
    """Milliseconds from each pod's readiness to the controller's next write about its rollout, by the audit log."""
    ready: dict[str, Request] = {}
    for request in phase.all_requests:
        if request.user == "kwok" and request.title == "patch pods/status" and request.namespace == CROWD:
            ready[request.name] = request
    writes = [r for r in phase.all_requests if r.user == UNDER_TEST and r.verb in _WRITES and r.resource != "events"]
    found = []
    for pod, moment in ready.items():
        owner = pod.rsplit("-", 2)[0]
        own = [w.came for w in writes if w.name == owner or w.name.startswith(f"{owner}-")]
        after = [came for came in own if came >= moment.came]
        if after:
            found.append((min(after) - moment.came).total_seconds() * 1000)
    return found


def spread(values: list[float]) -> tuple[float, float]:
    """Median and 99th percentile."""
    return (median(values), quantiles(values, n=100)[98]) if len(values) > 1 else (0.0, 0.0)
