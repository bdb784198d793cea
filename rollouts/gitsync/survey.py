"""How the applied objects fare. Called by the controller while a Kustomization waits; one look, no waiting here."""

from collections.abc import Iterable
from dataclasses import dataclass

from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.port import Cluster
from rollouts.gitsync.catalog import Catalog
from rollouts.gitsync.inventory import Entry
from rollouts.health import Health, State, health_of


@dataclass(frozen=True, slots=True)
class Survey:
    """Those that failed, and those on their way, each as `Kind/namespace/name: why`."""

    failed: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Everything is healthy, or stands still because somebody wants it to."""
        return not self.failed and not self.pending


async def survey(cluster: Cluster, catalog: Catalog, entries: Iterable[Entry], me: Entry) -> Survey:
    """Look at every object once; `me` is the Kustomization itself, which would wait for itself."""
    failed: list[str] = []
    pending: list[str] = []
    for entry in entries:
        if entry.id == me.id:
            continue
        health = await _health(cluster, catalog, entry)
        if health.is_done:
            continue
        name = "/".join(filter(None, (entry.kind, entry.namespace, entry.name)))
        (failed if health.state is State.DEGRADED else pending).append(f"{name}: {health.message}")
    return Survey(tuple(failed), tuple(pending))


async def _health(cluster: Cluster, catalog: Catalog, entry: Entry) -> Health:
    target = catalog.target(entry)
    if target is None:
        return health_of(None)
    try:
        return health_of(await cluster.get(target))
    except NotFoundError:
        return health_of(None)
