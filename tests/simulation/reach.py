"""What must hold between routes, Services, EndpointSlices and sizes. Asked by the witness.

The two rules of decide/reach: weight only where a ready pod is seen behind the Service, and no pod taken that a route
or a Service led to until a moment ago.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from rollouts.cluster.port import Json
from tests.simulation.invariants import HASH, Watching, is_without_pods, part_of, size_of, weights_of
from tests.simulation.witness import LONG_AGO, Actor, Mirror, Seen, Verdicts

DRAIN = timedelta(seconds=10)
"""How long requests may follow an old word: the controller's default."""
_WORDS = ("httproutes", "services")


class WeightNeedsEndpoints(Watching):
    """Weight rises only towards a Service whose EndpointSlices show, or just showed, a pod of what it selects."""

    name = "no weight without endpoints"

    def __init__(self) -> None:
        self._served: dict[tuple[str, str], datetime] = {}

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Each weight that the controller raises."""
        if seen.plural == "endpointslices":
            self._look(world)
        if seen.plural == "httproutes" and seen.is_own_update and not is_without_pods(world):
            self._look(world)
            for was, now in zip(weights_of(seen.before), weights_of(seen.after), strict=True):
                for name in [name for name in now if part_of(now, name) > part_of(was, name)]:
                    yield self._verdict(name, world)

    def _verdict(self, name: str, world: Mirror) -> str:
        selected = [_selected(service) for service in world.all("services") if service["metadata"]["name"] == name]
        last = max((self._served.get((name, hash_), LONG_AGO) for hash_ in selected), default=LONG_AGO)
        return "" if world.now - last <= world.patience else f"weight goes to {name}, which has no endpoint ({last})"

    def _look(self, world: Mirror) -> None:
        for name, hash_ in _shown(world):
            self._served[name, hash_] = self._served[name, ""] = world.now


class NothingReachableGoes(Watching):
    """The controller takes the last pods of a version only when nothing has led to it for as long as words travel."""

    name = "no scale-down of what is led to"

    def __init__(self) -> None:
        self._led: set[str] = set()
        self._left: dict[str, datetime] = {}

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Each ReplicaSet with ready pods that the controller makes empty, and each word to routes and Services."""
        if seen.plural in _WORDS:
            led = _led_to(world)
            for hash_ in self._led - led if seen.actor is Actor.CONTROLLER else ():
                self._left[hash_] = seen.at
            self._led = led
        if seen.plural == "replicasets" and seen.is_own_update:
            yield from self._verdict(seen, world)

    def _verdict(self, seen: Seen, world: Mirror) -> Verdicts:
        assert seen.before is not None  # an update
        assert seen.after is not None
        rollout = world.owner_of(seen.after)
        is_taken = size_of(seen.before) > size_of(seen.after) == 0 < _ready(seen.before)
        if rollout is None or not is_taken or not _is_led(rollout) or not rollout["spec"].get("replicas", 1):
            return
        hash_ = seen.after["metadata"]["labels"].get(HASH, "")
        left = self._left.get(hash_, LONG_AGO)
        if hash_ in self._led:
            yield f"{seen.after['metadata']['name']} goes, and is led to"
        else:
            yield "" if seen.at - left >= DRAIN else f"{seen.after['metadata']['name']} goes, left only at {left}"


def reach() -> Iterator[Any]:
    """A fresh set of the invariants above."""
    yield from (WeightNeedsEndpoints(), NothingReachableGoes())


def _shown(world: Mirror) -> Iterator[tuple[str, str]]:
    """Services and the hashes of the ready pods that their EndpointSlices show."""
    hashes = {rs["metadata"]["name"]: rs["metadata"]["labels"].get(HASH, "") for rs in world.all("replicasets")}
    for endpoint_slice in world.all("endpointslices"):
        service = endpoint_slice["metadata"]["labels"]["kubernetes.io/service-name"]
        for endpoint in endpoint_slice.get("endpoints") or ():
            if endpoint.get("conditions", {}).get("ready") is not False:
                yield service, hashes.get(endpoint["targetRef"]["name"].rpartition("-")[0], "")


def _led_to(world: Mirror) -> set[str]:
    """Hashes that Services select through which requests come: those with weight, and a blue-green's active one."""
    led = {name for route in world.all("httproutes") for rule in weights_of(route) for name in rule if rule[name] > 0}
    for rollout in world.all("rollouts"):
        led |= {(rollout["spec"]["strategy"].get("blueGreen") or {}).get("activeService", "")}
    return {_selected(service) for service in world.all("services") if service["metadata"]["name"] in led} - {""}


def _is_led(rollout: Json) -> bool:
    strategy = rollout["spec"]["strategy"]
    return "blueGreen" in strategy or "trafficRouting" in (strategy.get("canary") or {})


def _selected(service: Json) -> str:
    return str((service["spec"].get("selector") or {}).get(HASH, ""))


def _ready(rs: Json) -> int:
    return int((rs.get("status") or {}).get("readyReplicas", 0))
