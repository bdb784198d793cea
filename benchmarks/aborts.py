"""How long users stay on a bad version after `status.abort=true`: until the HTTPRoute says weight 0. For engine.py.

A rollout stands at weight 50 and waits for a human; it is aborted, and tried again for the next sample. Seen from
outside: from sending the patch to the watch event of the route.
"""

from time import perf_counter

from benchmarks.crowd import Seen, create, merge, watched, without_probe
from benchmarks.ground import is_healthy
from benchmarks.manifests import ROUTED, rollout, surroundings
from benchmarks.plane import Plane
from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource, Target

_RESOURCES: dict[str, Resource] = {"Service": kinds.SERVICES, "HTTPRoute": kinds.HTTP_ROUTES}


async def aborts(plane: Plane, name: str, samples: int) -> list[float]:
    """Milliseconds of each abort."""
    target, status = Target(kinds.ROLLOUTS, name, ROUTED), Target(kinds.ROLLOUTS, name, ROUTED, "status")
    async with watched(plane, kinds.ROLLOUTS, ROUTED) as seen, watched(plane, kinds.HTTP_ROUTES, ROUTED) as routes:
        await _stand(plane, name, seen)
        await merge(plane, target, {"spec": {"template": {"metadata": {"annotations": {"version": "v2"}}}}})
        took = []
        for _ in range(samples):
            await seen.until(lambda: _is_paused(seen, name) and _weight(routes, name) == 50, "it waits at weight 50")
            began = perf_counter()
            await merge(plane, status, {"status": {"abort": True}})
            await routes.until(lambda: _weight(routes, name) == 0, "the route is at weight 0")
            took.append((perf_counter() - began) * 1000)
            await seen.until(lambda: _phase(seen, name) == "Degraded", "the abort is told")
            await merge(plane, status, {"status": {"abort": False}})
        return took


async def _stand(plane: Plane, name: str, seen: Seen) -> None:
    """The first version, Healthy, with a pause after weight 50."""
    for body in surroundings(ROUTED, name):
        await create(plane, _RESOURCES[body["kind"]], ROUTED, [body])
    body = without_probe(rollout(ROUTED, name))
    body["spec"]["strategy"]["canary"]["steps"].append({"pause": {}})
    await create(plane, kinds.ROLLOUTS, ROUTED, [body])
    await seen.until(lambda: any(is_healthy(obj) for obj in _of(seen, name)), "it is Healthy")


def _of(seen: Seen, name: str) -> list[Json]:
    held = seen.cache.get(ROUTED, name)
    return [] if held is None else [held]


def _phase(seen: Seen, name: str) -> str:
    return next((obj.get("status", {}).get("phase", "") for obj in _of(seen, name)), "")


def _is_paused(seen: Seen, name: str) -> bool:
    return _phase(seen, name) == "Paused"


def _weight(routes: Seen, name: str) -> int | None:
    for route in _of(routes, name):
        for ref in route["spec"]["rules"][0]["backendRefs"]:
            if ref["name"] == f"{name}-canary":
                return int(ref.get("weight", 1))
    return None
