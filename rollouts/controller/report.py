"""The last act of a round: the status, once, and only what changed; then the events that tell of it.

A merge patch against the *observed* status: fields that nobody here knows stay, and other writers meet no conflicts.
Only where the patch touches a field that users write too does it carry the resourceVersion, so that a promote or an
abort which came in between is not undone by a decision that did not know of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollouts.cluster.errors import ConflictError
from rollouts.cluster.kinds import CANARIES, ROLLOUTS
from rollouts.cluster.port import Cluster, Json, Patch, PatchType, Resource, Target
from rollouts.model.effects import CreateVersion, Effect, PointService, ScaleVersion, SetRevision
from rollouts.model.plan import Event

USER_FIELDS = frozenset({"pauseConditions", "controllerPause", "abort", "promoteFull", "currentStepIndex"})

STATUS_SUBRESOURCE: Mapping[Resource, str] = {ROLLOUTS: "status", CANARIES: "status"}
"""Where the status of a kind is written; a kind that is not here has none apart from the object."""


def status_patch(observed: Mapping[str, Any], wanted: Mapping[str, Any]) -> Json:
    """The merge patch that brings `observed` to `wanted`; empty when it is there already.

    None in `wanted` is a field that is to be absent. What `wanted` does not name is left alone.
    """
    patch: Json = {}
    for name, value in wanted.items():
        held = observed.get(name)
        if isinstance(value, Mapping) and (name not in observed or isinstance(held, Mapping)):
            inner = status_patch(held or {}, value)
            if inner:
                patch[name] = inner
        elif value is None:
            if name in observed:
                patch[name] = None
        elif value != held:
            patch[name] = value
    return patch


async def write_status(  # what is written, and the two states that it stands on
    cluster: Cluster, resource: Resource, *, observed: Json, held: Json, patch: Json, is_exact: bool = False
) -> Json:
    """Send a status patch that was computed on `observed`; `held` is the object as we know it by now.

    The two differ where this very round wrote to the object itself, and where somebody else did. `is_exact`: whatever
    somebody else has written since is reason enough to decide again.
    """
    meta = observed["metadata"]
    if held["metadata"].get("uid") != meta.get("uid"):
        raise ConflictError(f"{meta['name']} was deleted and made anew while it was decided")
    body: Json = {"status": patch}
    if USER_FIELDS & patch.keys():
        if held.get("status") != observed.get("status"):
            raise ConflictError(f"the status of {meta['name']} was changed by somebody while it was decided")
        is_exact = True
    if is_exact:
        body["metadata"] = {"resourceVersion": held["metadata"]["resourceVersion"]}
    subresource = STATUS_SUBRESOURCE.get(resource, "")
    target = Target(resource, meta["name"], meta.get("namespace"), subresource)
    return await cluster.patch(target, Patch(PatchType.MERGE, body))


def told_by(done: Sequence[Effect], events: Sequence[Event]) -> Iterator[Event]:
    """The events that tell of effects which were carried out, when the round did not come to its end.

    The next round finds those effects done and says nothing of them; all other events it tells again.
    """
    for event in events:
        if any(_tells_of(event, effect) for effect in done):
            yield event


def told_with(done: Sequence[Effect], events: Sequence[Event]) -> tuple[Event, ...]:
    """The events that tell of effects which were carried out, and all that come before them: order is API."""
    places = [place for place, event in enumerate(events) if any(_tells_of(event, effect) for effect in done)]
    return tuple(events[: places[-1] + 1]) if places else ()


def _tells_of(event: Event, effect: Effect) -> bool:
    match effect:
        case CreateVersion(name=name):  # created at its size: scaled, as people know it, with the same write
            return event.reason in ("NewReplicaSetCreated", "ScalingReplicaSet") and name in event.message
        case ScaleVersion(name=name):
            return event.reason == "ScalingReplicaSet" and name in event.message
        case SetRevision():
            return event.reason == "RolloutUpdated"
        case PointService(service=service):
            return event.reason == "SwitchService" and f"'{service}'" in event.message
        case _:
            return False
