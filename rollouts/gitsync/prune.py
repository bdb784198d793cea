"""Deleting what a Kustomization applied once and Git holds no more. Called by sync, and when a Kustomization goes.

Only what the inventory holds, only what is still ours by its labels, and only the very object that was looked at.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rollouts.cluster.errors import ClusterError, ConflictError, NotFoundError
from rollouts.cluster.port import Cluster, DeleteOptions
from rollouts.gitsync.catalog import Catalog
from rollouts.gitsync.inventory import Entry
from rollouts.gitsync.manifests import describe
from rollouts.gitsync.plan import against_order, may_prune
from rollouts.model.faults import Fault, Faults


@dataclass(frozen=True, slots=True)
class Pruned:
    """`changes` tells what was deleted; `left` could not be, and stays in the inventory."""

    changes: tuple[str, ...] = ()
    left: tuple[Entry, ...] = ()
    faults: Faults = ()


async def prune(cluster: Cluster, catalog: Catalog, entries: Iterable[Entry], owner: tuple[str, str]) -> Pruned:
    """Delete these objects, those that others rest on last. `owner` is namespace and name of the Kustomization."""
    changes: list[str] = []
    left: list[Entry] = []
    faults: list[Fault] = []
    for entry in against_order(entries):
        try:
            changes += await _prune_one(cluster, catalog, entry, owner)
        except ClusterError as error:
            left.append(entry)
            name = "/".join(filter(None, (entry.kind, entry.namespace, entry.name)))
            faults.append(Fault("", f"{name} delete failed ({error.reason}): {error.message}"))
    return Pruned(tuple(changes), tuple(left), tuple(faults))


async def _prune_one(cluster: Cluster, catalog: Catalog, entry: Entry, owner: tuple[str, str]) -> list[str]:
    target = catalog.target(entry)
    if target is None:
        return []  # its kind is gone, and with it every object
    try:
        live = await cluster.get(target)
        meta = live["metadata"]
        if meta.get("deletionTimestamp") or not may_prune(live, namespace=owner[0], name=owner[1]):
            return []
        await cluster.delete(target, DeleteOptions(propagation="Background", uid=meta.get("uid", "")))
    except (NotFoundError, ConflictError):
        return []  # gone, or replaced by another object of that name
    return [f"{describe(live)} deleted"]
