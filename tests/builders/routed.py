"""Rollouts in the middle of a canary, and what routers have made of their objects. For tests of pages and e2e."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import yaml

from rollouts.dialects.argo.rollout import parse
from rollouts.model.objects import Json, Ref, ref_of
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, ManagedRoute, SetHeaderRoute, SetMirrorRoute
from rollouts.model.weights import Share, Shares
from rollouts.traffic.protocol import Desired, Options
from rollouts.traffic.registry import providers
from tests.properties.routers.specimen import carried_out

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMESPACE = "routes"
EXTRA = Share(5, "shop-try", "eeeee")

Written = dict[Ref, tuple[Json | None, Json]]
"""Objects before (None: there was none) and after."""


def documents(folder: str) -> list[Json]:
    """The objects of an example, in one namespace."""
    files = sorted((EXAMPLES / folder).glob("*.yaml"))
    found = [obj for file in files for obj in yaml.safe_load_all(file.read_text())]
    return [{**obj, "metadata": {**obj["metadata"], "namespace": NAMESPACE}} for obj in found]


def written(objects: Iterable[Json], options: Options, *, has_experiments: bool) -> Written:
    """What the one router of the one rollout among these objects changes or makes halfway.

    An experiment has a part where the router can give it one; managed routes are those that the steps ask for.
    """
    there = list(objects)
    (manifest,) = (obj for obj in there if obj["kind"] == "Rollout")
    uid = {"uid": "11111111-2222-3333-4444-555555555555"}  # an owner has one
    rollout = parse({**manifest, "metadata": manifest["metadata"] | uid})
    assert isinstance(rollout.strategy, Canary)
    (router,) = rollout.strategy.routers
    provider = providers(options)[router.provider]
    refs = [*provider.touches(rollout, router)]
    for selection in provider.selects(rollout, router):
        refs += [ref_of(obj) for obj in there if obj["kind"] == selection.kind]
    before = {ref: _found(ref, there) for ref in refs}
    after = carried_out(before, provider.render(rollout, router, before, _halfway(rollout, has_experiments)))
    return {ref: (before.get(ref), obj) for ref, obj in after.items() if obj is not None and obj != before.get(ref)}


def _halfway(rollout: Rollout, has_experiments: bool) -> Desired:
    extra = (EXTRA,) if has_experiments else ()
    canary, stable = Share(30, rollout.services.canary, "ccccc"), Share(70, rollout.services.stable, "aaaaa")
    shares = Shares(canary, replace(stable, weight=70 - sum(share.weight for share in extra)), extra)
    return Desired(shares, managed_of(rollout))


def managed_of(rollout: Rollout) -> tuple[ManagedRoute, ...]:
    """The header and mirror routes that the steps ask for, in order."""
    assert isinstance(rollout.strategy, Canary)
    asked = (step for step in rollout.strategy.steps if isinstance(step, SetHeaderRoute | SetMirrorRoute))
    routes = {route.name: route for route in asked if route.match}
    return tuple(routes[name] for name in rollout.strategy.managed_routes if name in routes)


def _found(ref: Ref, objects: list[Json]) -> Json | None:
    """The object as the server would give it in the version that the provider asks for."""
    obj = next((obj for obj in objects if _is_same(ref, obj)), None)
    return None if obj is None else {**obj, "apiVersion": ref.api_version}


def _is_same(ref: Ref, obj: Json) -> bool:
    """Whether this is the object, in whatever version of its API it is written."""
    own = ref_of(obj)
    return replace(own, api_version=ref.api_version) == ref and own.api_version.split("/")[0] in ref.api_version
