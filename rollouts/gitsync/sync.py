"""Bring the cluster to what a commit says. Called by the controller's Kustomization kind, once a round.

    place ─→ try all out ─→ record ─→ groundwork (definitions, namespaces) ─→ try the rest ─→ apply in order ─→ prune

Nothing is applied unless everything that can be tried out was accepted, nor before the inventory that is kept outside
knows of it: whatever ends a round, no object is forgotten that it may have made. Objects of a kind or namespace that
the same commit brings are tried as soon as that is there. What a rollout or an autoscaler holds is left alone
(leases.py).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from rollouts.cluster import kinds
from rollouts.cluster.errors import ClusterError, ForbiddenError, NotFoundError
from rollouts.cluster.port import Cluster, Collection, Query, Resource, Target
from rollouts.gitsync import inventory, plan
from rollouts.gitsync.attempt import Attempts, Tried, is_users_mistake, refusal, target_of
from rollouts.gitsync.catalog import Catalog, catalog_of
from rollouts.gitsync.inventory import Entry
from rollouts.gitsync.leases import leases
from rollouts.gitsync.manifests import Manifest, Manifests, describe, doubles
from rollouts.gitsync.prune import prune
from rollouts.health import State, health_of
from rollouts.model.errors import RolloutsError, TemporaryError
from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Json
from rollouts.model.reading import items as items_of
from rollouts.model.reading import mapping, text
from rollouts.traffic.registry import PROVIDERS, Providers

RECONCILIATION_FAILED = "ReconciliationFailed"
PRUNE_FAILED = "PruneFailed"
_ESTABLISHED_WITHIN = 60  # looks, half a second apart
_PAGE = 500

Record = Callable[[tuple[Entry, ...]], Awaitable[None]]
"""Keeps an inventory where the next round finds it; raises when it cannot."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to bring about, for which Kustomization. `rollouts` are those of the cluster, as last seen.

    `providers` know which fields of routes rollouts lease.
    """

    namespace: str
    name: str
    manifests: tuple[Manifest, ...]
    old: tuple[Entry, ...] = ()
    prunes: bool = False
    target_namespace: str = ""
    rollouts: tuple[Json, ...] = ()
    providers: Providers = field(default_factory=lambda: PROVIDERS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done. `entries` is the inventory from now on: what is there, after faults also what may be.

    `reason` is empty unless there are faults.
    `is_temporary`: the server failed, not the commit; the same round may work in a moment.
    """

    entries: tuple[Entry, ...]
    changes: tuple[str, ...] = ()
    faults: Faults = ()
    reason: str = ""
    is_temporary: bool = False


@dataclass(frozen=True, slots=True)
class _Item:
    """A manifest, its object as it is to be applied, and its resource: None until the commit's own definition is in."""

    manifest: Manifest
    object: Json
    resource: Resource | None

    @property
    def entry(self) -> Entry:
        return inventory.entry_of(self.object)


@dataclass(slots=True)
class _Progress:
    """A sync under way: what was tried, what was done."""

    attempts: Attempts
    tried: dict[str, Tried] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    is_broken_off: bool = False

    def note(self, item: _Item, error: RolloutsError, *, is_dry_run: bool) -> None:
        """An object was refused; what is no mistake of the commit breaks the sync off."""
        is_mistake = isinstance(error, ClusterError) and is_users_mistake(error)
        self.is_broken_off = self.is_broken_off or not is_mistake
        self.faults.append(refusal(item.manifest, item.object, error, is_dry_run=is_dry_run))


async def sync(cluster: Cluster, request: Request, record: Record) -> Outcome:
    """One round. `record` is told the inventory to come, before the first object of it is made.

    Raises ClusterError and TemporaryError where nothing was applied and it may work later.
    """
    catalog = await catalog_of(cluster)
    items, faults = _place(request, catalog)
    if faults:
        return Outcome(request.old, faults=faults, reason=RECONCILIATION_FAILED)
    progress = _Progress(await _attempts(cluster, catalog, request, items))
    now, later = await _split(cluster, items)
    await _try_all(progress, now)
    if progress.faults:
        return _failed(progress, request.old)
    entries = [item.entry for item in items]
    fresh = inventory.stale(entries, request.old)
    if fresh:
        await record((*request.old, *fresh))
    if later:
        now, later = await _prepared(cluster, progress, now, later)
    if not progress.faults:
        await _apply_all(progress, _sorted([*now, *later], progress.tried))
    if progress.faults:
        return _failed(progress, (*request.old, *fresh))
    return await _pruned(cluster, request, progress, entries)


def _failed(progress: _Progress, entries: tuple[Entry, ...]) -> Outcome:
    changes, faults = tuple(progress.changes), tuple(progress.faults)
    return Outcome(entries, changes, faults, RECONCILIATION_FAILED, is_temporary=progress.is_broken_off)


async def _prepared(
    cluster: Cluster, progress: _Progress, now: Sequence[_Item], later: Sequence[_Item]
) -> tuple[list[_Item], list[_Item]]:
    """Definitions and namespaces applied, and what waited for them tried out; gives what is left to apply."""
    ground = [item for item in now if plan.is_groundwork(item.object)]
    await _apply_all(progress, ground)
    if progress.faults:
        return [], []
    try:
        placed = await _placed_again(cluster, later, ground)
    except (ClusterError, TemporaryError) as error:
        progress.faults.append(Fault("", str(error)))
        progress.is_broken_off = True
        return [], []
    await _try_all(progress, placed)
    return [item for item in now if item not in ground], placed


async def _pruned(cluster: Cluster, request: Request, progress: _Progress, entries: Sequence[Entry]) -> Outcome:
    stale = inventory.stale(request.old, entries) if request.prunes else ()
    if not stale:
        return Outcome(tuple(entries), tuple(progress.changes))
    done = await prune(cluster, await catalog_of(cluster), stale, (request.namespace, request.name))
    reason = PRUNE_FAILED if done.faults else ""
    return Outcome((*entries, *done.left), (*progress.changes, *done.changes), done.faults, reason)


def _place(request: Request, catalog: Catalog) -> tuple[list[_Item], Faults]:
    """Every object with its resource, its namespace and our labels; faults for kinds that nobody serves."""
    definitions = (m.object for m in request.manifests if m.object["kind"] == "CustomResourceDefinition")
    coming = {key: scope for definition in definitions for key, scope in _defined(definition)}
    items: list[_Item] = []
    faults: list[Fault] = []
    for manifest in request.manifests:
        obj, resource = manifest.object, catalog.find(manifest.object)
        scope = coming.get((obj["apiVersion"], obj["kind"]), "")
        if resource is None and not scope:
            faults.append(_unknown_kind(manifest))
            continue
        is_namespaced = resource.is_namespaced if resource else scope == "Namespaced"
        placed = plan.in_namespace(obj, _namespace(request, obj) if is_namespaced else "")
        owned = plan.owned(placed, name=request.name, namespace=request.namespace)
        items.append(_Item(manifest, owned, resource))
    twice = doubles(Manifests(tuple(replace(item.manifest, object=item.object) for item in items)))
    return _sorted(items), (*faults, *twice)


def _namespace(request: Request, obj: Json) -> str:
    return request.target_namespace or obj["metadata"].get("namespace") or request.namespace


def _defined(definition: Json) -> Iterator[tuple[tuple[str, str], str]]:
    """API version and kind of everything that a CustomResourceDefinition will serve, with its scope."""
    spec = mapping(definition.get("spec"))
    kind = text(mapping(spec.get("names")).get("kind"))
    for version in map(mapping, items_of(spec.get("versions"))):
        if version.get("served"):
            yield (f"{text(spec.get('group'))}/{text(version.get('name'))}", kind), text(spec.get("scope"))


def _unknown_kind(manifest: Manifest) -> Fault:
    obj = manifest.object
    message = f"{describe(obj)}: the cluster knows no kind {obj['kind']} in version {obj['apiVersion']}"
    return Fault(manifest.place, message, "check the spelling, or commit its definition too")


def _sorted(items: Iterable[_Item], tried: Mapping[str, Tried] = MappingProxyType({})) -> list[_Item]:
    """As they are to be applied; for some kinds that depends on what was there when they were tried out."""
    there = {id_ for id_, found in tried.items() if found.live is not None}

    def place(item: _Item) -> tuple[int, str]:
        return plan.rank(item.object["kind"], is_there=item.entry.id in there), item.entry.id

    return sorted(items, key=place)


async def _attempts(cluster: Cluster, catalog: Catalog, request: Request, items: Sequence[_Item]) -> Attempts:
    spaces = {item.entry.namespace for item in items} - {""}
    objects = [item.object for item in items]
    rollouts = [obj for obj in request.rollouts if obj["metadata"].get("namespace", "") in spaces]
    rollouts += [obj for obj in objects if obj["kind"] in (kinds.ROLLOUTS.kind, kinds.CANARIES.kind)]
    scalers = [obj for obj in objects if obj["kind"] == "HorizontalPodAutoscaler"]
    for space in sorted(
        {item.entry.namespace for item in items if "replicas" in (item.object.get("spec") or {})} - {""}
    ):
        scalers += await _autoscalers(cluster, catalog, space)
    return Attempts(cluster, leases(rollouts, scalers, request.providers))


async def _autoscalers(cluster: Cluster, catalog: Catalog, namespace: str) -> list[Json]:
    """Those of one namespace; a cluster without the kind, or a role without the right, has none to respect."""
    resource = catalog.find({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"})
    if resource is None:
        return []
    found: list[Json] = []
    token = ""
    while True:
        try:
            page = await cluster.list(Collection(resource, namespace), Query(limit=_PAGE, token=token))
        except (NotFoundError, ForbiddenError):
            return found
        found += page.items
        token = page.token
        if not token:
            return found


async def _split(cluster: Cluster, items: Sequence[_Item]) -> tuple[list[_Item], list[_Item]]:
    """What can be tried out now, and what needs a kind or namespace that this commit brings."""
    coming = {item.entry.name for item in items if item.object["kind"] == "Namespace"}
    missing = {name for name in coming if await _is_missing(cluster, name)}
    later = [item for item in items if item.resource is None or item.entry.namespace in missing]
    return [item for item in items if item not in later], later


async def _is_missing(cluster: Cluster, namespace: str) -> bool:
    try:
        await cluster.get(Target(kinds.NAMESPACES, namespace))
    except NotFoundError:
        return True
    return False


async def _try_all(progress: _Progress, items: Iterable[_Item]) -> None:
    for item in items:
        if item.resource is None or progress.is_broken_off:
            continue
        try:
            progress.tried[item.entry.id] = await progress.attempts.try_out(item.object, item.resource)
        except (ClusterError, TemporaryError) as error:
            progress.note(item, error, is_dry_run=True)


async def _apply_all(progress: _Progress, items: Iterable[_Item]) -> None:
    """Apply in order; an object that is refused now does not keep the others back."""
    for item in items:
        if item.resource is None or progress.is_broken_off:
            continue
        try:
            verb = await progress.attempts.apply(item.object, item.resource, progress.tried[item.entry.id])
        except (ClusterError, TemporaryError) as error:
            progress.note(item, error, is_dry_run=False)
            continue
        if verb != "unchanged":
            progress.changes.append(f"{describe(item.object)} {verb}")


async def _placed_again(cluster: Cluster, later: Sequence[_Item], ground: Sequence[_Item]) -> list[_Item]:
    """The waiting items, once the definitions that were just applied are served."""
    for item in ground:
        if item.object["kind"] == "CustomResourceDefinition" and item.resource is not None:
            await _established(cluster, target_of(item.object, item.resource))
    for _ in range(_ESTABLISHED_WITHIN):
        catalog = await catalog_of(cluster)
        found = [replace(item, resource=item.resource or catalog.find(item.object)) for item in later]
        if all(item.resource is not None for item in found):
            return found
        await asyncio.sleep(0.5)
    raise TemporaryError("definitions of this commit are accepted, but the cluster does not serve their versions yet")


async def _established(cluster: Cluster, target: Target) -> None:
    for _ in range(_ESTABLISHED_WITHIN):
        if health_of(await cluster.get(target)).state is not State.PROGRESSING:
            return
        await asyncio.sleep(0.5)
    raise TemporaryError(f"CustomResourceDefinition {target.name} is not established")
