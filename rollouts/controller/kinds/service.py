"""Services that a rollout pointed at its versions, and that no rollout names any more: they get their selector back.

Called by the queue's workers for every Service; only those that carry our mark are looked at. Where our cache has a
rollout that names the Service, that is enough, and a rollout that stops naming it wakes it. Any other is asked from the
server, since it may belong to another instance of the controller.
"""

from datetime import datetime

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource
from rollouts.controller.caches import Caches
from rollouts.controller.kinds.protocol import Key
from rollouts.controller.mentions import services_of
from rollouts.controller.resources import Resources
from rollouts.dialects.argo.rollout import parse
from rollouts.model.errors import UndecodableError
from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Modify, Ref


class Services:
    """The Kind of Service objects."""

    def __init__(self, caches: Caches, resources: Resources) -> None:
        self._caches = caches
        self._resources = resources

    @property
    def resource(self) -> Resource:
        """Services of the core API."""
        return kinds.SERVICES

    async def reconcile(self, key: Key, now: datetime) -> datetime | None:
        """Take our mark and our selector away where nobody needs them."""
        del now  # nothing here depends on time
        service = self._caches.of(kinds.SERVICES).get(key.namespace, key.name)
        owner = "" if service is None else _owner(service)
        if service is None or not owner or await self._is_named(key, owner):
            return None
        body = {"metadata": {"annotations": {MANAGED_BY: None}}, "spec": {"selector": {HASH_LABEL: None}}}
        ref = Ref(kinds.SERVICES.api_version, kinds.SERVICES.kind, key.namespace, key.name)
        freed = await self._resources.carry_out(Modify(ref, body, version=service["metadata"]["resourceVersion"]))
        if freed is not None:
            self._caches.put(freed)
        return None

    async def _is_named(self, key: Key, owner: str) -> bool:
        ref = Ref(kinds.ROLLOUTS.api_version, kinds.ROLLOUTS.kind, key.namespace, owner)
        held = self._caches.find(ref)
        if held is not None and _names(held, key.name):
            return True
        rollout = await self._resources.read(ref)
        return rollout is not None and _names(rollout, key.name)


def _names(rollout: Json, service: str) -> bool:
    try:
        return service in services_of(parse(rollout))
    except UndecodableError:
        return True  # nobody knows what it meant: leave the Service alone


def _owner(service: Json) -> str:
    return str((service["metadata"].get("annotations") or {}).get(MANAGED_BY, ""))
