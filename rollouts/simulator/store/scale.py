"""The scale subresource: one small object to read and set replicas by, whatever the kind. Called by the core."""

from rollouts.cluster.port import Json
from rollouts.simulator.store import refusals
from rollouts.simulator.store.fields import Path
from rollouts.simulator.store.kinds import Kind, ScalePaths
from rollouts.simulator.store.managers import Owner, owners_of, without_all
from rollouts.simulator.store.meta import at_path, name_of, put_at_path

_SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(kind: Kind, obj: Json) -> Json:
    """An object's Scale. Raises NotFoundError where the kind has none."""
    paths = paths_of(kind)
    replicas = at_path(obj, paths.replicas)
    status: Json = {"replicas": at_path(obj, paths.status) or 0}
    if selector := _selector_text(at_path(obj, paths.selector) if paths.selector else None):
        status["selector"] = selector
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {name: obj["metadata"][name] for name in _SHOWN if name in obj["metadata"]},
        "spec": {"replicas": replicas} if replicas else {},  # as the API writes it: no replicas is no field
        "status": status,
    }


def scaled(kind: Kind, obj: Json, scale: Json) -> Json:
    """The object with the replicas that a Scale wants, based on the version that the Scale names."""
    replicas = at_path(scale, ("spec", "replicas")) or 0
    if not isinstance(replicas, int) or replicas < 0:
        fault = refusals.invalid_value("spec.replicas", str(replicas), "must be greater than or equal to 0")
        raise refusals.invalid(kind.resource, name_of(obj), [fault])
    return put_at_path(obj, paths_of(kind).replicas, replicas)


def count_faults(kind: Kind, obj: Json) -> list[refusals.Cause]:
    """Counts that no Scale could show: the API server holds those of custom kinds to it, whatever their schema says."""
    if kind.scale is None or not kind.is_custom:
        return []
    counts = {"." + ".".join(path): at_path(obj, path) for path in (kind.scale.replicas, kind.scale.status)}
    return [
        refusals.invalid_value(path, str(count), "should be a non-negative integer")
        for path, count in counts.items()
        if isinstance(count, int) and count < 0
    ]


def disowned_replicas(kind: Kind, obj: Json) -> tuple[Owner, ...]:
    """Who owns what when the replicas are nobody's."""
    return without_all(owners_of(obj), _replicas_path(kind))


def has_owned_replicas(kind: Kind, old: Json, new: Json) -> bool:
    """Whether who scales owns the replicas: not where nobody did before, and none are no field of a Scale to own."""
    path = _replicas_path(kind)
    return bool(at_path(new, paths_of(kind).replicas)) and any(path in owner.paths for owner in owners_of(old))


def _replicas_path(kind: Kind) -> Path:
    return tuple(f"f:{name}" for name in paths_of(kind).replicas)


def paths_of(kind: Kind) -> ScalePaths:
    """Where the kind keeps its replicas. Raises NotFoundError where it declares no scale."""
    if kind.scale is None:
        raise refusals.kind_not_served(f"{kind.resource.plural}/scale")
    return kind.scale


def _selector_text(selector: object) -> str:
    """A LabelSelector in the words of a label query; a selector that is text already stays."""
    if not isinstance(selector, dict):
        return str(selector or "")
    same = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    return ",".join([*same, *(_requirement(one) for one in selector.get("matchExpressions") or ())])


def _requirement(one: Json) -> str:
    key, values = one["key"], ",".join(sorted(one.get("values") or ()))
    forms = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key, "DoesNotExist": f"!{key}"}
    return str(forms[one["operator"]])
