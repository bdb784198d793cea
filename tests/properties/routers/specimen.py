"""What the shared properties must know of a provider, and how changes are carried out. Used by test_traffic."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from rollouts.model.objects import Create, Json, Modify, Ref, Remove, ref_of
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import (
    Canary,
    HeaderMatch,
    ManagedRoute,
    RequestMatch,
    Router,
    SetHeaderRoute,
    SetMirrorRoute,
    StringMatch,
)
from rollouts.traffic.protocol import Objects, Rendered
from tests.builders.rollouts import a_rollout

BETA: ManagedRoute = SetHeaderRoute("beta", (HeaderMatch("X-Beta", StringMatch(prefix="y")),))
COPIES: ManagedRoute = SetMirrorRoute("copies", (RequestMatch(path=StringMatch(prefix="/")),), 5)
ALL_MANAGED = st.sampled_from([(), (BETA,), (COPIES,), (BETA, COPIES), (COPIES, BETA)])
HEADERS_ONLY = st.sampled_from([(), (BETA,)])
NO_MANAGED: st.SearchStrategy[tuple[ManagedRoute, ...]] = st.just(())


def nothing(_: Json) -> None:
    """An object has no order in which Git might have it otherwise."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """A provider's settings (under its name in the manifest), and the objects of users that it finds, in any state.

    The Services are `canary` and `stable`, the rollout is `shop` in `default`. `foreign` gives all of a user's object
    that is not ours to touch. `managed` are the managed routes (`beta`, `copies`) that the provider can do. `reorder`
    turns an object of Git's into one that says the same in another order. `provider` is its name where a provider has
    more than one specimen.
    """

    settings: Mapping[str, Any]
    objects: st.SearchStrategy[list[Json]]
    foreign: Callable[[Json], Any]
    managed: st.SearchStrategy[tuple[ManagedRoute, ...]] = NO_MANAGED
    reorder: Callable[[Json], None] = nothing
    has_experiments: bool = False
    provider: str = ""
    strategy: Mapping[str, Any] = field(default_factory=dict)


def a_routed(name: str, specimen: Specimen) -> tuple[Rollout, Router]:
    """A rollout that uses this provider, and its router."""
    router = Router(specimen.provider or name, specimen.settings)
    canary = Canary((), "stable", "canary", (router,), managed_routes=("beta", "copies"), **dict(specimen.strategy))
    return a_rollout(canary), router


def seen(objects: list[Json], named: tuple[Ref, ...]) -> Objects:
    """What the provider gets to see: all that it named, None where it is not there."""
    return {**dict.fromkeys(named), **{ref_of(obj): obj for obj in objects}}


def carried_out(objects: Objects, rendered: Rendered) -> Objects:
    """The objects after the changes; nothing stands in their way."""
    assert rendered.error == ""
    after = {ref: deepcopy(obj) for ref, obj in objects.items()}
    for change in rendered.changes:
        before = after.get(change.ref)
        match change:
            case Create(ref, body):
                assert before is None
                after[ref] = deepcopy(body)
            case Modify(ref, body):
                assert before is not None
                after[ref] = _as_stored(merged(before, body))
            case Remove(ref):
                assert before is not None
                after[ref] = None
    return after


def _as_stored(obj: Json) -> Json:
    """As a server keeps it: no empty labels and annotations."""
    meta = {key: value for key, value in obj["metadata"].items() if value != {} or key not in ("labels", "annotations")}
    return {**obj, "metadata": meta}


def merged(value: Any, patch: Any) -> Any:
    """A JSON merge patch, carried out."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    base = dict(value) if isinstance(value, dict) else {}
    for key, item in patch.items():
        if item is None:
            base.pop(key, None)
        else:
            base[key] = merged(base.get(key), item)
    return base
