"""Which kinds the cluster serves, as one sync needs to know it. Called by sync, prune and survey."""

from collections.abc import Iterable

from rollouts.cluster.port import Cluster, Resource, Target
from rollouts.gitsync.inventory import Entry
from rollouts.model.objects import Json


class Catalog:
    """Resources by API version and kind; the preferred version of a group comes first in what discovery gives."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._exact: dict[tuple[str, str], Resource] = {}
        self._preferred: dict[tuple[str, str], Resource] = {}
        for resource in resources:
            self._exact.setdefault((resource.api_version, resource.kind), resource)
            self._preferred.setdefault((resource.group, resource.kind), resource)

    def find(self, obj: Json) -> Resource | None:
        """The resource of an object, in the version that it is written in."""
        return self._exact.get((obj["apiVersion"], obj["kind"]))

    def target(self, entry: Entry) -> Target | None:
        """Where an applied object is now: in its version if that is still served, else in another one."""
        resource = self._exact.get((entry.api_version, entry.kind)) or self._preferred.get((entry.group, entry.kind))
        if resource is None:
            return None
        return Target(resource, entry.name, entry.namespace if resource.is_namespaced else None)


async def catalog_of(cluster: Cluster) -> Catalog:
    """What is served now."""
    return Catalog(await cluster.discover())
