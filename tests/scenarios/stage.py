"""The stage of a scenario: one namespace of a cluster, what users do in it, and waiting for what comes of it.

The same over the embedded cluster and a real one; tests/scenarios/__init__.py tells how it is used.
"""

import asyncio
import copy
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from rollouts.cluster import kinds
from rollouts.cluster.informers import version_of
from rollouts.cluster.port import Cluster, Collection, DeleteOptions, Json, Patch, PatchType, Query, Resource, Target
from rollouts.controller.clock import Clock
from tests.scenarios.hooks import Heard, Hooks
from tests.scenarios.picture import picture
from tests.scenarios.sight import WATCHED, Shelves, Sight, Told
from tests.scenarios.statuses import faults_of

T = TypeVar("T")
MANAGER = "user"
QUIET_SECONDS = 2.0


@dataclass(frozen=True)
class House:
    """What differs between the two clusters.

    `command` runs a line of Sluice's own CLI in a namespace, `kubectl` the real kubectl (or says why it cannot).
    `turn` tells the load tester at `load_tester` something about a gate.
    `patience` stretches every limit: a real cluster shares two cores with nine other scenarios. `moment` is how far the
    watch of one kind may be behind that of another: what led to a state is asked for once it has come, too.
    """

    cluster: Cluster
    shelves: Shelves
    clock: Clock
    command: Callable[[str, Sequence[str]], Awaitable[None]]
    kubectl: Callable[[str, Sequence[str]], Awaitable[str]]
    log: Callable[[], Sequence[str]]
    answers: dict[str, float]
    hooks: Hooks
    turn: Callable[[str, Json], Awaitable[None]]
    load_tester: str = "http://stub.test"
    patience: float = 1.0
    moment: float = 0.0


@dataclass
class Stage:
    """One scenario's part of the world."""

    house: House
    namespace: str
    resources: dict[tuple[str, str], Resource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = Sight(self.house.shelves, self.namespace)
        self._looks: list[Callable[[], None]] = []
        self._broken: list[Exception] = []
        self._read: dict[str, int] = {}
        self.house.shelves.listen(self.namespace, self._changed)

    # What users do.

    async def apply(self, *objects: Json) -> None:
        """As `kubectl apply --server-side --force-conflicts`, one after the other."""
        for obj in objects:
            resource = await self._resource(obj)
            body = copy.deepcopy(obj)
            if resource.is_namespaced:
                body["metadata"]["namespace"] = self.namespace
            target = self._target(resource, body["metadata"]["name"])
            await self._write(target, Patch(PatchType.APPLY, body, MANAGER, is_forced=True))

    async def patch(
        self, body: Json, *, name: str = "web", resource: Resource = kinds.ROLLOUTS, subresource: str = ""
    ) -> Json:
        """Merge into an object."""
        return await self._write(self._target(resource, name, subresource), Patch(PatchType.MERGE, body, MANAGER))

    async def edit(self, *operations: Json, name: str = "web", resource: Resource = kinds.ROLLOUTS) -> Json:
        """JSON-patch an object."""
        return await self._write(self._target(resource, name), Patch(PatchType.JSON, list(operations)))

    async def get(self, resource: Resource, name: str = "web") -> Json:
        """An object as the API server has it now (the `world` may be a moment behind)."""
        return await self.house.cluster.get(self._target(resource, name))

    async def listed(self, resource: Resource) -> tuple[Json, ...]:
        """All objects of any kind in the namespace, now."""
        return (await self.house.cluster.list(Collection(resource, self.namespace), Query())).items

    async def delete(self, resource: Resource, name: str = "web", propagation: str = "Background") -> None:
        """As `kubectl delete --cascade=…`, without waiting."""
        await self.house.cluster.delete(self._target(resource, name), DeleteOptions(propagation))

    async def set_image(self, image: str, name: str = "web") -> None:
        """As `kubectl argo rollouts set image`: the first container's."""
        await self.edit({"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}, name=name)

    async def release(self, image: str, name: str = "web") -> None:
        """As `kubectl set image deployment`: the first container's."""
        body = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}
        await self.edit(body, name=name, resource=kinds.DEPLOYMENTS)

    async def scale(self, replicas: int, name: str = "web") -> None:
        """As `kubectl scale` and an HPA do it: through the scale subresource."""
        await self.patch({"spec": {"replicas": replicas}}, name=name, subresource="scale")

    async def promote(self, name: str = "web", *, full: bool = False) -> None:
        """As `kubectl argo rollouts promote [--full]`."""
        await self.argo("promote", name, *(["--full"] if full else []))

    async def abort(self, name: str = "web") -> None:
        """As `kubectl argo rollouts abort`."""
        await self.argo("abort", name)

    async def retry(self, name: str = "web") -> None:
        """As `kubectl argo rollouts retry rollout`."""
        await self.argo("retry", "rollout", name)

    async def pause(self, name: str = "web") -> None:
        """As `kubectl argo rollouts pause`: by spec.paused; promote goes on."""
        await self.argo("pause", name)

    async def undo(self, name: str = "web", to_revision: int = 0) -> None:
        """As `kubectl argo rollouts undo [--to-revision]`."""
        await self.argo("undo", name, f"--to-revision={to_revision}")

    async def restart(self, name: str = "web", *, after: float = 0.0) -> str:
        """As `kubectl argo rollouts restart [--in]`; the moment that was asked for."""
        moment = (self.house.clock() + timedelta(seconds=after)).strftime("%Y-%m-%dT%H:%M:%SZ")
        await self.patch({"spec": {"restartAt": moment}}, name=name)
        return moment

    async def open_gates(self, gate: str, *, image: str = "", value: str = "True", most: int | None = None) -> None:
        """Set a readiness gate's condition on (so many) pods of this image, as a load balancer's controller does."""
        body = {"status": {"conditions": [{"type": gate, "status": value}]}}
        for pod in self.world.pods(image)[:most]:
            target = self._target(kinds.PODS, pod["metadata"]["name"], "status")
            await self._write(target, Patch(PatchType.STRATEGIC, body))

    async def argo(self, *words: str) -> None:
        """A line of our CLI in this namespace; an error of the command fails the scenario."""
        await self.house.command(self.namespace, words)
        await self._caught_up(kinds.ROLLOUTS, kinds.CANARIES)

    async def kubectl(self, *words: str) -> str:
        """The real kubectl; what it printed. On the embedded cluster only in scenarios that are `served`."""
        return await self.house.kubectl(self.namespace, words)

    def says(self, query: str, value: float) -> str:
        """From now on Prometheus answers this query of ours by `value`; the text to put into a template."""
        own = f"{self.namespace}/{query}"
        self.house.answers[own] = value
        return own

    def hook(self, name: str, status: int = 200, text: str = "") -> str:
        """From now on a webhook or chat of ours answers so; its address to put into a manifest."""
        path = f"/{self.namespace}/{name}"
        self.house.hooks.replies[path] = status, text
        return f"{self.house.hooks.address}{path}"

    def heard(self, name: str) -> list[Heard]:
        """What that webhook or chat has been told."""
        return [body for path, body in self.house.hooks.heard if path == f"/{self.namespace}/{name}"]

    def counts(self, series: str, value: float) -> None:
        """From now on Prometheus answers whatever is made of this series of our namespace by `value`."""
        self.house.answers[f'{series} "{self.namespace}"'] = value

    def gate(self, path: str) -> str:
        """An address of the load tester, as `gate/check`."""
        return f"{self.house.load_tester}/{path}"

    async def turn(self, path: str, name: str = "web") -> None:
        """Open or close a gate of the load tester, as `gate/open`."""
        await self.house.turn(f"/{path}", {"name": name, "namespace": self.namespace})

    # Waiting.

    async def seconds(self, count: float) -> None:
        """Let time pass: virtual on the embedded cluster, true on a real one."""
        await asyncio.sleep(count)

    async def until(self, is_so: Callable[[Sight], T], *, within: float = 60.0, what: str = "") -> T:
        """Wait until this is so, looking at each single change; what it gave. Fails with a picture of the world."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[T] = loop.create_future()

        def look() -> None:
            if found.done():
                return
            try:
                if so := is_so(self.world):
                    found.set_result(so)
            except Exception as error:  # it would be the watch's otherwise
                found.set_exception(error)

        look()
        self._looks.append(look)
        try:
            async with asyncio.timeout(within * self.house.patience):
                value = await found
            if self.house.moment:
                await asyncio.sleep(self.house.moment)
            return value
        except TimeoutError:
            awaited = what or _told(is_so)
        finally:
            self._looks.remove(look)
        raise AssertionError(f"not within {within:g} s: {awaited}\n{self.picture()}")

    async def phase(self, phase: str, *, name: str = "web", step: int | None = None, within: float = 60.0) -> None:
        """Until the rollout is in this phase (and at this step index)."""
        at = "" if step is None else f" at step {step}"
        await self.until(
            lambda world: world.phase(name) == phase and step in (None, world.step(name)),
            within=within,
            what=f"{name} is {phase}{at}",
        )
        await self._caught_up()

    async def healthy(self, name: str = "web", *, image: str = "", within: float = 60.0) -> None:
        """Until the rollout is Healthy (and all its pods are of this image)."""
        await self.until(
            lambda world: world.phase(name) == "Healthy" and _is_only(world, name, image),
            within=within,
            what=f"{name} is Healthy{' with ' + image if image else ''}",
        )
        await self._caught_up()

    async def paused(self, name: str = "web", *, step: int | None = None, within: float = 60.0) -> None:
        """Until the rollout is Paused (at this step index)."""
        await self.phase("Paused", name=name, step=step, within=within)

    async def degraded(self, name: str = "web", *, within: float = 60.0) -> None:
        """Until the rollout is Degraded."""
        await self.phase("Degraded", name=name, within=within)

    async def canary_phase(self, phase: str, *, name: str = "web", within: float = 90.0) -> None:
        """Until the Canary is in this phase."""
        await self.until(
            lambda world: world.canary_phase(name) == phase, within=within, what=f"Canary {name} is {phase}"
        )
        await self._caught_up()

    async def told(self, event: Told, *, name: str = "web", within: float = 30.0) -> None:
        """Until this is among the events about an object."""
        await self.until(lambda world: event in world.events(name), within=within, what=f"{name} tells {event}")

    async def expect_events(
        self, *expected: str | tuple[str, str] | Told, name: str = "web", since: int = 0, within: float = 30.0
    ) -> None:
        """All events about an object (but the first `since`) in order: a reason, (reason, message) or all three."""
        wanted = list(expected)
        told = lambda world: len(world.events(name)) >= since + len(wanted)  # noqa: E731  # its own name in the failure
        await self.until(told, within=within, what=f"{len(wanted)} events about {name}: {wanted}")
        await self.quiet()
        found = self.world.events(name)[since:]
        met = [_as(one, event) for one, event in zip(wanted, found, strict=False)]
        met += [reason for _, reason, _ in found[len(wanted) :]]
        assert wanted == met, self.picture()

    async def quiet(self, seconds: float = QUIET_SECONDS, *, within: float = 60.0) -> None:
        """Until nothing in the namespace has changed for so long."""
        last = [asyncio.get_running_loop().time()]
        look = lambda: last.__setitem__(0, asyncio.get_running_loop().time())  # noqa: E731  # a listener of one line
        self._looks.append(look)
        try:
            async with asyncio.timeout(within * self.house.patience):
                while (rest := last[0] + seconds - asyncio.get_running_loop().time()) > 0:  # noqa: ASYNC110  # no event tells of silence
                    await asyncio.sleep(rest)
        except TimeoutError:
            raise AssertionError(f"no {seconds:g} s of quiet within {within:g} s\n{self.picture()}") from None
        finally:
            self._looks.remove(look)

    def record(self, see: Callable[[Sight], T]) -> list[T]:
        """A list that grows: what `see` gives now, and after each change whenever it gives something else."""
        seen = [see(self.world)]

        def look() -> None:
            try:
                value = see(self.world)
            except Exception as error:  # it would end the watch, and with it every other scenario
                self._looks.remove(look)
                self._broken.append(error)
                return
            if value != seen[-1]:
                seen.append(value)

        self._looks.append(look)
        return seen

    def end(self) -> None:
        """The story is over, nobody looks any more.

        What broke on the way is raised here: a question of `record`, or a status that Argo's controller could not read.
        """
        self.house.shelves.leave(self.namespace)
        if self._broken:
            raise self._broken[0]

    def events(self, name: str = "web") -> list[Told]:
        """The events about an object that have been seen by now; expect_events waits for them."""
        return self.world.events(name)

    def picture(self) -> str:
        """What a person needs who wonders why: rollouts, ReplicaSets, pods, events, the controller's last lines."""
        return picture(self.world, self.house.log(), self.namespace)

    def _changed(self) -> None:
        for rollout in self.world.all(kinds.ROLLOUTS):
            self._read_status(rollout)
        for look in tuple(self._looks):
            look()

    def _read_status(self, rollout: Json) -> None:
        """Each status once: it has to be one that Argo's controller can take over again."""
        name, version = rollout["metadata"]["name"], version_of(rollout)
        if self._read.get(name) != version:
            self._read[name] = version
            faults = faults_of(rollout.get("status") or {})
            self._broken += [AssertionError(f"{self.namespace}/{name}: {fault}") for fault in faults]

    async def _write(self, target: Target, patch: Patch) -> Json:
        """Patch, and wait until the world shows it: what is asked next is asked of the world after this."""
        answer = await self.house.cluster.patch(target, patch)
        if target.resource in WATCHED:
            await self._until_seen((target.resource, answer))
        return answer

    async def _until_seen(self, *written: tuple[Resource, Json]) -> None:
        """All at once: a moment for each would be seconds."""
        names = ", ".join(f"{resource.kind} {obj['metadata']['name']}" for resource, obj in written)
        await self.until(
            lambda world: all(world.shows(*one) for one in written), what=f"the watches bring {names} as written"
        )

    async def _caught_up(self, *standing: Resource) -> None:
        """What stood when a rollout's status was written is seen too: each kind has a watch of its own."""
        standing = standing or (kinds.REPLICA_SETS, kinds.SERVICES, kinds.HTTP_ROUTES, kinds.DEPLOYMENTS)
        await self._until_seen(*[(resource, obj) for resource in standing for obj in await self.listed(resource)])

    def _target(self, resource: Resource, name: str, subresource: str = "") -> Target:
        return Target(resource, name, self.namespace if resource.is_namespaced else None, subresource)

    async def _resource(self, obj: Mapping[str, Any]) -> Resource:
        key = obj["apiVersion"], obj["kind"]
        if key not in self.resources:
            found = await self.house.cluster.discover()
            self.resources.update({(one.api_version, one.kind): one for one in found})
        assert key in self.resources, f"the cluster has no kind {key[1]} in {key[0]}: is its CRD applied?"
        return self.resources[key]


def _as(wanted: str | tuple[str, ...], event: Told) -> str | tuple[str, ...]:
    """The event in the form in which it was asked for."""
    return event[1] if isinstance(wanted, str) else event[-len(wanted) :]


def _is_only(world: Sight, name: str, image: str) -> bool:
    return not image or {one for one, size in world.available(name).items() if size} == {image}


def _told(predicate: Callable[..., object]) -> str:
    try:
        return " ".join(inspect.getsource(predicate).split())
    except OSError:
        return repr(predicate)
