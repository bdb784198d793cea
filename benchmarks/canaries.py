"""Many Canaries with a tick every ten seconds: what do they cost at rest, at a gate and in progress, and are they on
time?

On the embedded cluster, which counts every request of the controller. All begin; all get a new version, spread over an
interval, and wait at a gate of their own, which each tick asks; then some gates open, and those climb by a metric.
Gates and metrics are answered by a process of its own, which notes when each question came.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import quantiles

from benchmarks.analysis import lateness
from benchmarks.figures import Figure
from benchmarks.ground import Ground, ground
from benchmarks.manifests import PLAIN, rollout
from benchmarks.options import Options
from benchmarks.program import Program, running
from benchmarks.tally import is_read, without_upkeep
from rollouts.cluster import kinds
from rollouts.cluster.client import Session
from rollouts.cluster.informers import Cache, Informer
from rollouts.cluster.port import Collection, Json, Patch, PatchType, Target
from rollouts.model.errors import RolloutsError

INTERVAL = 10
INTERVALS = 4
LATE = 1.0
"""Seconds that the latest of a hundred ticks may be late."""
CORE = 1.0
WITHIN = 900.0
FEW = 250
"""Canaries that begin at once: the embedded cluster starts their pods in this very process."""


@dataclass(frozen=True, slots=True)
class Spell:
    """What was seen for some intervals: CPU and requests of the controller, when each question came, how busy the
    machine was."""

    seconds: float
    cpu: float
    waited: float
    requests: Counter[str]
    came: dict[str, list[float]]
    memory: float


async def measure(options: Options) -> list[Figure]:
    """Begin, rest, wait, climb: one world, one controller."""
    async with _stage() as (here, program, service):
        seen = _Phases(here)
        async with seen.followed():
            names = [f"app-{number:04}" for number in range(options.canaries)]
            empty = program.memory()[0]
            began = asyncio.get_running_loop().time()
            await _begin(here, seen, names, service)
            took = asyncio.get_running_loop().time() - began
            await here.quiet()
            rest = await _spell(program, here, service)
            await _release(here, names)
            await seen.all_are(len(names), "Waiting")
            await asyncio.sleep(INTERVAL)
            waiting = await _spell(program, here, service)
            await _open(service, names[: options.moving])
            await seen.all_are(options.moving, "Progressing")
            await asyncio.sleep(INTERVAL)
            climbing = await _spell(program, here, service)
    return [
        Figure(f"{options.canaries} Canaries begin", f"{took:.0f} s"),
        *_at_rest(rest, options, empty),
        *ticking(f"{options.canaries} wait at a gate", waiting, options.canaries),
        *ticking(f"{options.moving} climb, the others wait", climbing, options.canaries),
    ]


@asynccontextmanager
async def _stage() -> AsyncIterator[tuple[Ground, Program, str]]:
    async with (
        ground(requests_per_second=0.0) as here,
        running(("-m", "benchmarks.answers"), home=here.folder) as asked,
    ):
        _, match = await asked.said(r"answering port=(\d+)")
        service = f"http://127.0.0.1:{match[1]}"
        async with here.controller(f"--prometheus={service}", "--qps=0") as program:
            await program.said("event=working")
            yield here, program, service


class _Phases:
    """The Canaries' phases, as a watch brings them."""

    def __init__(self, here: Ground) -> None:
        self._here = here
        self._cache = Cache()
        self._changed = asyncio.Event()
        self._cache.listen(lambda _before, _after: self._changed.set())

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        informer = Informer(self._here.world.cluster, Collection(kinds.CANARIES), self._cache)
        following = asyncio.create_task(informer.run())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    def count(self, phase: str) -> int:
        return sum((one.get("status") or {}).get("phase") == phase for one in self._cache)

    async def all_are(self, count: int, phase: str) -> None:
        try:
            async with asyncio.timeout(WITHIN):
                while self.count(phase) < count:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise RolloutsError(f"only {self.count(phase)} of {count} became {phase} in {WITHIN:.0f} s") from None


async def _begin(here: Ground, seen: _Phases, names: list[str], service: str) -> None:
    """A few after the other."""
    for at in range(0, len(names), FEW):
        for name in names[at : at + FEW]:
            await here.world.apply([_deployment(name), _canary(name, service)])
        await seen.all_are(at, "Initialized")
    await seen.all_are(len(names), "Initialized")


async def _release(here: Ground, names: list[str]) -> None:
    """A new version of each, spread over an interval."""
    body = {"spec": {"template": rollout(PLAIN, "", "v2")["spec"]["template"]}}
    del body["spec"]["template"]["metadata"]
    for name in names:
        target = Target(kinds.DEPLOYMENTS, name, PLAIN)
        await here.world.cluster.patch(target, Patch(PatchType.MERGE, body))
        await asyncio.sleep(INTERVAL / len(names))


async def _open(service: str, names: list[str]) -> None:
    async with Session() as session:
        for name in names:
            async with session.post(f"{service}/open/{name}") as answer:
                answer.raise_for_status()


async def _spell(program: Program, here: Ground, service: str) -> Spell:
    """Watch for some intervals."""
    before, cpu, waited, asked = here.tally.now(), program.cpu(), program.waited(), await _came(service)
    seconds = float(INTERVAL * INTERVALS)
    await asyncio.sleep(seconds)
    spent, requests = program.cpu() - cpu, without_upkeep(here.tally.since(before))
    came = {what: moments[len(asked.get(what, ())) :] for what, moments in (await _came(service)).items()}
    return Spell(seconds, spent, program.waited() - waited, requests, came, program.memory()[0])


async def _came(service: str) -> dict[str, list[float]]:
    async with Session() as session, session.get(f"{service}/came") as page:
        found: dict[str, list[float]] = json.loads(await page.text())
    return found


def _at_rest(rest: Spell, options: Options, empty: float) -> list[Figure]:
    title = f"{options.canaries} at rest"
    writes = _writes(rest)
    each = (rest.memory - empty) * 1024 / options.canaries
    return [
        Figure(f"{title}: writes in {rest.seconds:.0f} s", str(writes), "0", writes == 0),
        Figure(f"{title}: CPU", f"{rest.cpu / rest.seconds:.1%} of a core"),
        Figure(f"{title}: memory", f"{rest.memory:.0f} MiB, {empty:.0f} without any: {each:.0f} KiB each"),
    ]


def ticking(title: str, spell: Spell, count: int) -> list[Figure]:
    """Figures of ticks: punctuality, requests, CPU. Where only gates are asked, nothing may be written."""
    late = list(lateness((moments for moments in spell.came.values() if moments), INTERVAL))
    half, most = (quantiles(late, n=100)[at] for at in (49, 98))
    due, ticks = count * spell.seconds / INTERVAL, max(sum(map(len, spell.came.values())), 1)
    share = spell.cpu / spell.seconds
    told = ", ".join(f"{number / ticks:.3f} {what}" for what, number in sorted(spell.requests.items())) or "none"
    is_idle = not any(not what.startswith("gate ") for what, moments in spell.came.items() if moments)
    writes = _writes(spell)
    return [
        Figure(f"{title}: ticks late, p50 / p99", f"{half:.2f} / {most:.2f} s", f"< {LATE:.0f} s", most < LATE),
        Figure(f"{title}: ticks, of those that were due", f"{ticks} of {due:.0f}"),
        Figure(f"{title}: requests a tick", told, "none" if is_idle else "", not is_idle or not writes),
        Figure(
            f"{title}: CPU", f"{share:.0%} of a core, {spell.cpu / ticks * 1000:.1f} ms a tick", "< 1", share < CORE
        ),
        Figure(f"{title}: memory", f"{spell.memory:.0f} MiB"),
        Figure(f"{title}: ready, but without a core", f"{spell.waited / spell.seconds:.0%} of the time"),
    ]


def _writes(spell: Spell) -> int:
    return sum(number for what, number in spell.requests.items() if not is_read(what))


def _deployment(name: str) -> Json:
    spec = rollout(PLAIN, name)["spec"]
    body = {"replicas": 1, "selector": spec["selector"], "template": spec["template"]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": PLAIN}, "spec": body}


def _canary(name: str, service: str) -> Json:
    metric = {"name": "errors", "interval": "1m", "query": f'errors{{app="{name}"}}', "thresholdRange": {"max": 1}}
    gate = {"name": "ask", "type": "confirm-rollout", "url": f"{service}/gate/{name}"}
    analysis = {"interval": f"{INTERVAL}s", "threshold": 5, "stepWeight": 5, "metrics": [metric], "webhooks": [gate]}
    spec = {
        "provider": "gatewayapi:v1",
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "service": {"port": 80, "targetPort": "http", "gatewayRefs": [{"name": "web"}]},
        "analysis": analysis,
    }
    meta = {"name": name, "namespace": PLAIN}
    return {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": meta, "spec": spec}
