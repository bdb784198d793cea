"""Fields that somebody else drives: the sync loop never fights a rollout or an autoscaler. Pure; called by sync.

    Git            cluster                         what is applied
    weight: 100    weight: 80  (step 2 of 5)   →   weight: 80, everything else from Git
    (no route)     …                           →   pruned as ever
    weight: 100    (not there yet)             →   weight: 100: nobody holds a value to keep

Leased are route weights (each traffic provider's `keep` knows which), the hash in the selector of a Service that a
rollout points, its mark on it, the whole selector of a Service that leads to a generated copy, and `spec.replicas` of
what an autoscaler or a rollout scales. A leased field takes its
live value in the apply payload; leaving it out would delete it once we own it. The payload then carries the live
resourceVersion, so that a write in between gives a conflict, not a loss.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rollouts.dialects.argo import rollout as argo
from rollouts.dialects.registry import TICKING, Flags
from rollouts.model.copying import Copying
from rollouts.model.errors import UndecodableError
from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Json, Ref, Selection
from rollouts.model.reading import mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.selectors import selects
from rollouts.model.strategy import BlueGreen, Canary, PingPong, Router, Strategy
from rollouts.traffic.registry import PROVIDERS, Providers, routers_of

Address = tuple[str, str, str, str]  # group, kind, namespace, name
Lease = tuple[Rollout, Router]


@dataclass(frozen=True, slots=True)
class Leases:
    """Which objects hold leased fields, by address: what an object's version is says nothing about who drives it."""

    routes: Mapping[Address, tuple[Lease, ...]]
    found: tuple[tuple[Selection, Lease], ...]
    services: frozenset[Address]
    scaled: frozenset[Address]
    fronts: frozenset[Address] = frozenset()
    providers: Providers = field(default_factory=lambda: PROVIDERS)

    def keep(self, desired: Json, live: Json | None) -> Json:
        """`desired` with the live values of its leased fields; unchanged where it has none or is not there yet."""
        if live is None:
            return desired
        address = _address(desired)
        for rollout, router in self._leases(live):
            desired = self.providers[router.provider].keep(desired, live, rollout, router)
        if address in self.services:
            desired = _keep_selector(_keep_mark(desired, live), live)
        if address in self.fronts:
            desired = _keep_part(desired, live, "selector")
        return _keep_part(desired, live, "replicas") if address in self.scaled else desired

    def touches(self, desired: Json) -> bool:
        """Whether the object holds leased fields: then it is applied only onto the state it was computed from."""
        address = _address(desired)
        return bool(self._leases(desired)) or address in self.services | self.fronts | self.scaled

    def _leases(self, obj: Json) -> tuple[Lease, ...]:
        """Those that name the object, then those that find it by its labels."""
        named = self.routes.get(_address(obj), ())
        found = (lease for selection, lease in self.found if _is_found(selection, obj))
        return (*named, *(lease for lease in found if lease not in named))


def leases(rollouts: Iterable[Json], autoscalers: Iterable[Json], providers: Providers = PROVIDERS) -> Leases:
    """Everything that these rollouts and autoscalers drive.

    `providers` are those that the controller's flags have set up.
    Give both those of the cluster and those of the commit: the cluster may not know the newest ones yet. An object
    that cannot be decoded drives nothing.
    """
    routes: dict[Address, list[Lease]] = {}
    found: list[tuple[Selection, Lease]] = []
    services: set[Address] = set()
    scaled = {_scale_target(obj) for obj in autoscalers}
    fronts: set[Address] = set()
    for obj in rollouts:
        copying = _copying(obj)
        if copying is not None:
            scaled.add(_address_of(copying.target))
            fronts.add(_address_of(copying.service(copying.pair.service)))
            continue
        scaled |= _held_workload(obj)
        rollout = _parsed(obj)
        if rollout is None:
            continue
        services |= {("", "Service", rollout.namespace, name) for name in _services(rollout.strategy)}
        found += _selected(rollout, providers)
        for address, lease in _routed(rollout, providers):
            if lease not in routes.setdefault(address, []):
                routes[address].append(lease)
    return Leases(
        routes={address: tuple(leased) for address, leased in routes.items()},
        found=tuple(found),
        services=frozenset(services),
        scaled=frozenset(scaled),
        fronts=frozenset(fronts),
        providers=providers,
    )


def _copying(obj: Json) -> Copying | None:
    """What is generated for a rollout that holds its stable version as a copy; None for any other."""
    dialect = TICKING.get((obj["apiVersion"], obj["kind"]))
    try:
        return None if dialect is None else dialect.copying_of(obj, Flags())
    except UndecodableError:
        return None


def _parsed(obj: Json) -> Rollout | None:
    try:
        return argo.parse(obj)
    except UndecodableError:
        return None


def _services(strategy: Strategy) -> Sequence[str]:
    match strategy:
        case Canary(ping_pong=PingPong(ping, pong)):
            names = (ping, pong)
        case Canary():
            names = (strategy.stable_service, strategy.canary_service)
        case BlueGreen():
            names = (strategy.active_service, strategy.preview_service)
        case _:
            names = ("", "")
    return tuple(filter(None, names))


def _routed(rollout: Rollout, providers: Providers) -> Iterable[tuple[Address, Lease]]:
    for router in routers_of(rollout, providers):
        for ref in providers[router.provider].touches(rollout, router):
            yield _address_of(ref), (rollout, router)


def _selected(rollout: Rollout, providers: Providers) -> Iterable[tuple[Selection, Lease]]:
    for router in routers_of(rollout, providers):
        for selection in providers[router.provider].selects(rollout, router):
            yield selection, (rollout, router)


def _is_found(selection: Selection, obj: Json) -> bool:
    """By kind, in whichever version, and labels."""
    group, kind, namespace, _ = _address(obj)
    is_near = (selection.api_version.rpartition("/")[0], selection.kind, selection.namespace) == (
        group,
        kind,
        namespace,
    )
    return is_near and selects(json.loads(selection.selector), mapping(obj["metadata"].get("labels")))


def _scale_target(autoscaler: Json) -> Address:
    return _reference(mapping(mapping(autoscaler.get("spec")).get("scaleTargetRef")), autoscaler)


def _held_workload(rollout: Json) -> set[Address]:
    """The workload that a rollout scales down once it runs its pods itself; Argo: by default it never does."""
    reference = mapping(mapping(rollout.get("spec")).get("workloadRef"))
    is_scaled = text(reference.get("scaleDown")) in ("onsuccess", "progressively")
    return {_reference(reference, rollout)} if is_scaled else set()


def _reference(reference: Mapping[str, Any], holder: Json) -> Address:
    group = text(reference.get("apiVersion")).rpartition("/")[0]
    namespace = text(mapping(holder.get("metadata")).get("namespace"))
    return group, text(reference.get("kind")), namespace, text(reference.get("name"))


def _address(obj: Json) -> Address:
    meta = obj["metadata"]
    return obj["apiVersion"].rpartition("/")[0], obj["kind"], meta.get("namespace", ""), meta["name"]


def _address_of(ref: Ref) -> Address:
    return ref.api_version.rpartition("/")[0], ref.kind, ref.namespace, ref.name


def _keep_selector(desired: Json, live: Json) -> Json:
    spec = mapping(desired.get("spec"))
    selector = mapping(spec.get("selector"))
    held = _entry(mapping(mapping(live.get("spec")).get("selector")), HASH_LABEL)
    if not selector and not held:
        return desired
    kept = {key: value for key, value in selector.items() if key != HASH_LABEL} | held
    return desired | {"spec": {**spec, "selector": kept}}


def _keep_mark(desired: Json, live: Json) -> Json:
    meta = mapping(desired.get("metadata"))
    annotations = mapping(meta.get("annotations"))
    held = _entry(mapping(mapping(live.get("metadata")).get("annotations")), MANAGED_BY)
    if not held and MANAGED_BY not in annotations:
        return desired
    kept = {key: value for key, value in annotations.items() if key != MANAGED_BY} | held
    return desired | {"metadata": {**meta, "annotations": kept}}


def _keep_part(desired: Json, live: Json, part: str) -> Json:
    held = _entry(mapping(live.get("spec")), part)
    return desired | {"spec": {**mapping(desired.get("spec")), **held}} if held else desired


def _entry(section: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {key: section[key]} if key in section else {}
