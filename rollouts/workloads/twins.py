"""Effects about a target and its copy as changes of objects, and what a decision has to know of these objects. Pure.

Called by the shell that observes (`touches`, `obstacles`, `drifted`, `is_served`) and the one that applies (`render`).
Routes are not among it: rollouts/traffic writes them.
"""

from rollouts.hashing.configs import configs_of
from rollouts.model.copying import Copying, Objects
from rollouts.model.effects import (
    SCALER,
    SERVICES,
    CreateCopy,
    Effect,
    GiveBack,
    HoldBack,
    HoldScaler,
    MatchScaler,
    OverwriteCopy,
    ScaleTarget,
    ServeCopy,
    Tend,
)
from rollouts.model.objects import Change, Json, Ref
from rollouts.model.patches import changed
from rollouts.model.reading import items, mapping
from rollouts.model.snapshot import Obstacles
from rollouts.workloads import primary_copy, scalers, services_owned, tracked_configs
from rollouts.workloads.selection import side_of

_POD_KINDS = ("Deployment", "DaemonSet")
_TENDED = {SERVICES: services_owned.tend, SCALER: scalers.tend}


def touches(copying: Copying, target: Json | None) -> tuple[Ref, ...]:
    """All that is read and written, the rollout's own object among it; with the target at hand, also its configs."""
    pair, refs = copying.pair, [copying.manifest, copying.target]
    if not copying.has_revisions:
        refs.append(copying.copy)
    if pair.is_sized:
        refs += [copying.service(name) for name in (pair.service, pair.stable_service, pair.canary_service)]
    elif not copying.has_revisions:
        refs.append(copying.service(f"{pair.target}-canary"))
    if copying.scaler is not None:
        refs += [copying.scaler.ref, scalers.twin_ref(copying, copying.scaler)]
    if target is not None:
        refs += [*tracked_configs.named(copying, target), *tracked_configs.copies(copying, target)]
    return tuple(dict.fromkeys(refs))


def render(effect: Effect, copying: Copying, objects: Objects) -> tuple[Change, ...]:
    """The changes that carry out an effect, none where all is so already. `objects` are those that `touches` named.

    Raises ValueError for effects that are about something else.
    """
    match effect:
        case CreateCopy() | OverwriteCopy() | ScaleTarget():
            return _of_workloads(effect, copying, objects)
        case ServeCopy():
            return services_owned.serve(copying, objects)
        case GiveBack():
            return services_owned.give_back(copying, objects)
        case HoldScaler(is_held=is_held):
            return scalers.hold(copying, objects, is_held=is_held)
        case MatchScaler():
            return scalers.match(copying, objects)
        case Tend(part=part) if part in _TENDED:
            return _TENDED[part](copying, objects)
        case HoldBack(is_held=is_held):
            return _held_back(copying, objects, is_held=is_held)
        case _:
            raise ValueError(f"{effect} is not about a target and its copy")


def _of_workloads(
    effect: CreateCopy | OverwriteCopy | ScaleTarget, copying: Copying, objects: Objects
) -> tuple[Change, ...]:
    match effect:
        case CreateCopy(replicas=replicas):
            return primary_copy.create(copying, objects, replicas)
        case OverwriteCopy():
            return primary_copy.overwrite(copying, objects)
        case ScaleTarget(replicas=replicas):
            return primary_copy.scale(copying, objects, replicas)


def drifted(copying: Copying, objects: Objects) -> frozenset[str]:
    """The parts that are missing, or not as the manifest wants them; the route's, whoever knows routes has to add."""
    return frozenset(part for part, tend in _TENDED.items() if tend(copying, objects))


def is_served(copying: Copying, objects: Objects) -> bool:
    """Whether the Service that everybody calls leads to the copy, by the port that the manifest names."""
    return not services_owned.serve(copying, objects)


def obstacles(copying: Copying, objects: Objects) -> Obstacles:
    """What keeps the generated objects from being made, in words for the user; the route's come from elsewhere."""
    target = objects.get(copying.target)
    if target is None:
        return Obstacles()
    return Obstacles(
        services=_without_label(copying, target) or _in_the_way(copying, target, objects),
        copy=_without_rolling_update(copying, target) or _without_config(copying, target, objects),
        scaler=_without_scaler(copying, objects),
    )


def stranger(copying: Copying, objects: Objects) -> str:
    """Why what stands in the copy's place is none: it is another's, or on its way out; "" where it is ours.

    The copy of a rollout that was deleted goes with it, a moment later: who is led to it then stands before nobody.
    """
    live = objects.get(copying.copy)
    if live is None or copying.is_literal:
        return ""
    owners = map(mapping, items(live["metadata"].get("ownerReferences")))
    other = next(
        (one for one in owners if one.get("controller") is True and one.get("uid") != copying.owner["uid"]), {}
    )
    if other:
        return f"{_named(copying.copy)} belongs to another {other.get('kind')} {other.get('name')}: waiting for its end"
    return f"{_named(copying.copy)} is being deleted" if "deletionTimestamp" in live["metadata"] else ""


def _without_label(copying: Copying, target: Json) -> str:
    if copying.target.kind not in _POD_KINDS or side_of(copying, target).label:
        return ""
    labels, end = " ".join(copying.selector_labels), "'" if copying.target.kind == "DaemonSet" else ""
    wanted = f"spec.selector.matchLabels must contain one of [{labels}]{end}"
    return f"getSelectorLabel failed: {_named(copying.target)} {wanted}"


def _in_the_way(copying: Copying, target: Json, objects: Objects) -> str:
    """What bears a copy's name and is nobody's copy: a promotion would overwrite it. To the letter, it does."""
    if copying.is_literal or copying.target.kind not in _POD_KINDS:
        return ""
    copy = objects.get(copying.copy)
    read = configs_of(copy) if copy is not None else frozenset()
    configs = (ref for ref in tracked_configs.copied(copying, target, objects) if (ref.kind, ref.name) not in read)
    taken = (ref for ref in (copying.copy, *configs) if not _is_copy(copying, objects.get(ref)))
    ref = next(taken, None)
    return "" if ref is None else f"{_named(ref)} is there already and is no copy: rename it, or take it away"


def _is_copy(copying: Copying, live: Json | None) -> bool:
    """What is missing will be one; one that lost its owner is known by the mark of its pods."""
    if live is None:
        return True
    owners = map(mapping, items(live["metadata"].get("ownerReferences")))
    meta = mapping(mapping(mapping(live.get("spec")).get("template")).get("metadata"))
    is_marked = copying.keys.edition in mapping(meta.get("annotations"))
    return is_marked or any(owner.get("kind") == copying.owner["kind"] for owner in owners)


def _without_rolling_update(copying: Copying, target: Json) -> str:
    """A DaemonSet whose pods only change by hand would never be delivered."""
    kind = mapping(mapping(target.get("spec")).get("updateStrategy")).get("type", "RollingUpdate")
    if copying.target.kind != "DaemonSet" or kind == "RollingUpdate":
        return ""
    wanted = f"must have RollingUpdate strategy but have {kind}"
    return f"createPrimaryDaemonSet failed: {_named(copying.target)} {wanted}"


def _without_config(copying: Copying, target: Json, objects: Objects) -> str:
    ref = tracked_configs.missing(copying, target, objects)
    if ref is None or copying.target.kind not in _POD_KINDS:
        return ""
    said = f"{_named(ref)} get query error: "
    reason = f'{ref.kind.lower()}s "{ref.name}" not found'
    return f"createPrimary{copying.target.kind} failed: GetTargetConfigs failed: {said}{said}{reason}"


def _without_scaler(copying: Copying, objects: Objects) -> str:
    if copying.scaler is None or objects.get(copying.scaler.ref) is not None:
        return ""
    ref = copying.scaler.ref
    group = ref.api_version.partition("/")[0]
    return f'{ref.kind} {ref.name}.{ref.namespace} get query error: {ref.kind.lower()}s.{group} "{ref.name}" not found'


def _named(ref: Ref) -> str:
    return f"{ref.kind.lower()} {ref.name}.{ref.namespace}"


def _held_back(copying: Copying, objects: Objects, *, is_held: bool) -> tuple[Change, ...]:
    """Our finalizer on the rollout's own object, or off it; those of others stay."""
    live = objects.get(copying.manifest)
    if live is None:
        return ()
    had = items(live["metadata"].get("finalizers"))
    others = [name for name in had if name != copying.keys.finalizer]
    wanted = [*others, copying.keys.finalizer] if is_held else others
    if sorted(map(str, had)) == sorted(map(str, wanted)):
        return ()
    return changed(copying.manifest, live, {**live, "metadata": {**live["metadata"], "finalizers": wanted}})
