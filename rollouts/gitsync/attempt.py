"""One object on its way into the cluster: looked at, tried out, applied. Called by sync.

    get ─→ keep leased fields ─→ dry run ─→ differs? ─→ apply
     ↑                              │ 409               │ 409
     └──────────────────────────────┴───────────────────┘   somebody wrote in between: look again

Everything is tried out before anything is applied, so a commit with one bad object changes nothing.
"""

from dataclasses import dataclass

from rollouts.cluster.errors import (
    BadRequestError,
    ClusterError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    MethodNotAllowedError,
    NotFoundError,
    UnsupportedMediaTypeError,
)
from rollouts.cluster.port import Cluster, Patch, PatchType, Resource, Target
from rollouts.gitsync.leases import Leases
from rollouts.gitsync.manifests import Manifest, describe
from rollouts.gitsync.plan import differs, is_left_alone
from rollouts.model.errors import RolloutsError, TemporaryError
from rollouts.model.faults import Fault
from rollouts.model.objects import Json

MANAGER = "sluice-gitsync"
_ATTEMPTS = 10
_USERS_MISTAKES = (
    BadRequestError,
    ForbiddenError,
    InvalidError,
    MethodNotAllowedError,
    NotFoundError,
    UnsupportedMediaTypeError,
)
_MISTYPED = ("typed patch object", "field not declared in schema")


@dataclass(frozen=True, slots=True)
class Tried:
    """An object after its dry run. `payload` None: there is nothing to apply."""

    live: Json | None
    payload: Json | None


class Attempts:
    """Tries and applies objects, with what rollouts and autoscalers hold left alone."""

    def __init__(self, cluster: Cluster, leases: Leases) -> None:
        self._cluster = cluster
        self._leases = leases

    async def try_out(self, obj: Json, resource: Resource) -> Tried:
        """What applying the object would do. Raises ClusterError where the server refuses it."""
        for _ in range(_ATTEMPTS):
            try:
                return await self._try_once(obj, resource)
            except ConflictError:
                continue
        raise TemporaryError(f"{describe(obj)} changes faster than it can be applied")

    async def apply(self, obj: Json, resource: Resource, tried: Tried) -> str:
        """Apply what was tried out: `created`, `configured` or `unchanged`. A write in between: looked at again."""
        for _ in range(_ATTEMPTS):
            if tried.payload is None:
                return "unchanged"
            try:
                await self._patch(tried.payload, resource, is_dry_run=False)
            except ConflictError:
                tried = await self.try_out(obj, resource)
            else:
                return "created" if tried.live is None else "configured"
        raise TemporaryError(f"{describe(obj)} changes faster than it can be applied")

    async def _try_once(self, obj: Json, resource: Resource) -> Tried:
        live = await self._get(obj, resource)
        if is_left_alone(obj, live):
            return Tried(live, None)
        payload = self._leases.keep(obj, live)
        if live is not None and self._leases.touches(obj):
            version = live["metadata"]["resourceVersion"]
            payload = payload | {"metadata": payload["metadata"] | {"resourceVersion": version}}
        result = await self._patch(payload, resource, is_dry_run=True)
        return Tried(live, payload if live is None or differs(live, result) else None)

    async def _get(self, obj: Json, resource: Resource) -> Json | None:
        try:
            return await self._cluster.get(target_of(obj, resource))
        except NotFoundError:
            return None

    async def _patch(self, payload: Json, resource: Resource, *, is_dry_run: bool) -> Json:
        patch = Patch(PatchType.APPLY, payload, manager=MANAGER, is_forced=True, is_dry_run=is_dry_run)
        return await self._cluster.patch(target_of(payload, resource), patch)


def target_of(obj: Json, resource: Resource) -> Target:
    """Where an object is."""
    meta = obj["metadata"]
    return Target(resource, meta["name"], meta.get("namespace") if resource.is_namespaced else None)


def is_users_mistake(error: ClusterError) -> bool:
    """Whether another commit is needed; older servers report a field of the wrong type as their own failure."""
    return isinstance(error, _USERS_MISTAKES) or any(words in error.message for words in _MISTYPED)


def refusal(manifest: Manifest, obj: Json, error: RolloutsError, *, is_dry_run: bool) -> Fault:
    """What the server said about an object, with the place where it was written. Values of Secrets are not shown."""
    said = "the values of a Secret are not shown" if obj["kind"] == "Secret" else str(error)
    act = "dry-run failed" if is_dry_run else "apply failed"
    reason = f" ({error.status.get('reason') or error.reason})" if isinstance(error, ClusterError) else ""
    return Fault(manifest.place, f"{describe(obj)} {act}{reason}: {said}")
