"""The demo's picture of a Canary: what users of primary and canary get, and below it `get canary`'s tree."""

from dataclasses import replace

from rollouts.cli.canaries.fare import is_taken_back, phase_of
from rollouts.cli.canaries.found import read
from rollouts.cli.canaries.picture import Around, overview
from rollouts.cli.demo.picture import Side, State, pictured, served, tag_of
from rollouts.cli.demo.stage import Stage, wall_clock
from rollouts.cli.tree import draw_overview
from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource

BY_SERVICE = "service"
WELL = ("Initialized", "Succeeded")


async def view(stage: Stage, *, is_coloured: bool) -> State:
    """Look at everything now."""
    manifest = await _named(stage, kinds.CANARIES, "shop")
    target = await _named(stage, kinds.DEPLOYMENTS, "shop")
    if manifest is None or target is None:
        return State(lines=("waiting for the first sync …",))
    canary = read(manifest, target)
    pair = canary.strategy.pair
    copy, route = (
        await _named(stage, kinds.DEPLOYMENTS, pair.copy),
        await _named(stage, kinds.HTTP_ROUTES, pair.service),
    )
    phase, message = phase_of(canary)
    weight = _weight(route, pair.canary_service)
    is_back = phase == "Failed" and is_taken_back(canary)
    cause = await _cause(stage) if phase == "Failed" and not is_back else ""
    sides = [] if copy is None else [Side(pair.stable_service, tag_of(copy), 100 - weight)]
    if weight:
        sides.append(Side(pair.canary_service, tag_of(target), weight))
    shown = replace(overview(canary, await _around(stage), wall_clock()), message=cause or message)
    state = State(
        phase,
        shown.message,
        cause=cause,
        tag=tag_of(target),
        is_stable=copy is not None and tag_of(copy) == tag_of(target),
        is_well=phase in WELL or is_back,
        is_bad=phase == "Failed" and not is_back,
        weight=weight,
    )
    return pictured(state, served(stage, BY_SERVICE, sides), draw_overview(shown, coloured=is_coloured))


async def _around(stage: Stage) -> Around:
    return Around(
        workloads=await stage.objects(kinds.DEPLOYMENTS),
        replica_sets=await stage.objects(kinds.REPLICA_SETS),
        pods=await stage.objects(kinds.PODS),
    )


async def _named(stage: Stage, resource: Resource, name: str) -> Json | None:
    return next((obj for obj in await stage.objects(resource) if obj["metadata"]["name"] == name), None)


async def _cause(stage: Stage) -> str:
    """The check that failed last: the status of a Canary does not say."""
    told = sorted(await stage.objects(kinds.EVENTS), key=lambda event: event.get("lastTimestamp") or "")
    halts = [str(event["message"]) for event in told if str(event["message"]).startswith("Halt ")]
    return halts[-1] if halts else ""


def _weight(route: Json | None, service: str) -> int:
    """The share that the route gives: users feel it, whatever the status says."""
    rules = (route or {}).get("spec", {}).get("rules") or ()
    backends = [backend for rule in rules for backend in rule.get("backendRefs") or ()]
    return next((int(backend.get("weight", 1)) for backend in backends if backend["name"] == service), 0)
