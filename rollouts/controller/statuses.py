"""A round's status in the server and in the caches, whatever the server answers. Called by the kinds that decide.

A conflict says that what was decided upon is past: it is read anew, and the error goes on to the queue. A lost answer
may be all that was lost: then the status stands, and the events that tell of it have to go out.
"""

from rollouts.cluster.errors import ConflictError, NotFoundError, ServerError
from rollouts.cluster.port import Cluster, Json, Resource
from rollouts.controller.caches import Caches
from rollouts.controller.echo import is_echo
from rollouts.controller.kinds.protocol import Key
from rollouts.controller.report import status_patch, write_status
from rollouts.controller.resources import Resources
from rollouts.model.objects import ref_of
from rollouts.model.reading import mapping


class Statuses:
    """Writes the statuses of one resource. `is_exact`: only on the very object that was decided upon."""

    def __init__(self, cluster: Cluster, resource: Resource, caches: Caches, *, is_exact: bool = False) -> None:
        self._cluster = cluster
        self._resource = resource
        self._caches = caches
        self._resources = Resources(cluster)
        self._is_exact = is_exact

    async def write(self, observed: Json, wanted: Json, *, unheard_by: Key | None = None) -> bool:
        """Bring the status from what was observed to this one; whether there was anything to write.

        `unheard_by` is not woken by the answer, where that is just what was written.
        """
        ref, patch = ref_of(observed), status_patch(mapping(observed.get("status")), wanted)
        if not patch:
            return False
        try:
            await self._put(observed, patch, unheard_by)
        except (ConflictError, NotFoundError):
            await self._resources.refresh(ref, self._caches)
            raise
        except ServerError:  # the answer may be all that was lost
            now = await self._resources.refresh(ref, self._caches)
            if now is None or status_patch(mapping(now.get("status")), wanted):
                raise
        return True

    async def _put(self, observed: Json, patch: Json, unheard_by: Key | None) -> None:
        held = observed if self._is_exact else self._caches.find(ref_of(observed)) or observed
        answer = await write_status(
            self._cluster, self._resource, observed=observed, held=held, patch=patch, is_exact=self._is_exact
        )
        is_known = is_echo(held, {"status": patch}, answer)
        self._caches.put(answer, unheard_by=unheard_by if is_known else None)
