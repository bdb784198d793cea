"""Can requests get to a version, and may some still come? Called by aims, shares and scaling.

Two rules for every strategy, which simulation checks at each write:
- a route gives weight to a Service only where EndpointSlices show a ready pod of the version behind it;
- a version is made smaller only when no Service that leads elsewhere still shows its pods, and the routes have had
  `drain` to carry the last word out: gateways and kube-proxies learn of a write later than the API server does.

What cannot be seen gates nothing: without EndpointSlices (no right to read them) available pods have to do.
"""

from datetime import datetime

from rollouts.decide.situation import Situation, Step
from rollouts.model.effects import PointService, ShiftTraffic
from rollouts.model.workload import Version


def is_served(here: Situation, service: str, version: Version | None) -> bool:
    """A request through this Service finds a pod of this version. Without a Service (Istio's subsets) pods count."""
    if version is None or version.available == 0:
        return False
    seen = here.snapshot.endpoints.get(service)
    return not service or seen is None or seen.get(version.hash, 0) > 0


def lingers(here: Situation, version: Version, services: set[str]) -> bool:
    """A Service that selects another version still shows pods of this one: its EndpointSlices are a moment behind."""
    return any(
        here.snapshot.endpoints.get(name, {}).get(version.hash, 0) > 0
        for name in services
        if here.service_hash(name) not in ("", version.hash)
    )


def drained_at(here: Situation) -> datetime | None:
    """When the last word to the routes has come to everybody; None where it has."""
    moves = any(isinstance(effect, PointService | ShiftTraffic) for effect in here.effects)
    moved = here.now if moves else here.snapshot.moved_at
    if moved is None or here.now >= moved + here.snapshot.drain:
        return None
    return moved + here.snapshot.drain


def wait_for_drain(here: Situation) -> Step | None:
    """Time alone lets versions shrink after a shift."""
    until = drained_at(here)
    return Step(wake_at=until) if until is not None else None
