"""How fields merge: which lists are maps or sets, which maps are one value. Called by strategic merge and apply.

A custom resource says it in its schema (x-kubernetes-list-type and friends); for the built-in kinds it stands in the
one table at the end. What a table or schema does not name merges as the API server's default does: maps field by
field, lists as one value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rollouts.cluster.port import Json


@dataclass(frozen=True, slots=True)
class Shape:
    """How one value merges.

    `is_atomic`: as a whole. `keys`: a list whose items are told apart by these fields (`defaults` fill in absent ones).
    `is_set`: a list of scalars, each once. `fields`, `items`: the shapes inside. `merge_key`: what a strategic merge
    goes by where that is not the first of `keys`. `is_declared`: an apply may name no other field than `fields`.
    `is_given`: the server writes it even when empty (a Go struct, no pointer), so nobody is said to have made it.
    `is_free`: its keys are the writers' own (labels, data), not fields that a schema declares.
    """

    fields: Mapping[str, "Shape"] = field(default_factory=dict)
    items: "Shape | None" = None
    keys: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    is_set: bool = False
    is_atomic: bool = False
    merge_key: str = ""
    is_declared: bool = False
    is_given: bool = False
    is_free: bool = False

    def of(self, name: str) -> "Shape":
        """The shape of a field of this map."""
        return self.fields.get(name) or self.items or (FREE if self.is_free else PLAIN)

    def declares(self, name: str) -> bool:
        """Whether this field of this map is one of the schema's."""
        return name in self.fields or not self.is_free

    @property
    def item(self) -> "Shape":
        """The shape of the items of this list."""
        return self.items or PLAIN

    @property
    def key_of_merge(self) -> str:
        """The field that a strategic merge tells items apart by, "" for lists that it replaces."""
        return self.merge_key or (self.keys[0] if self.keys else "")


PLAIN = Shape()
FREE = Shape(is_free=True)
ATOMIC = Shape(is_atomic=True)
SET = Shape(is_set=True)


def by(*keys: str, items: Mapping[str, Shape] | None = None, **defaults: Any) -> Shape:
    """A list of objects told apart by these fields."""
    return Shape(keys=keys, items=Shape(fields=items or {}), defaults=defaults)


def record(**fields: Shape) -> Shape:
    """A map that every object of its kind has, with these fields of note."""
    return Shape(fields=fields, is_given=True)


def shape_of_schema(schema: Json) -> Shape:
    """The shape that a structural schema declares."""
    is_open = bool(schema.get("x-kubernetes-preserve-unknown-fields")) or "additionalProperties" in schema
    inner = schema.get("items") or schema.get("additionalProperties")
    items = schema.get("items") or {}
    kind = schema.get("x-kubernetes-list-type", "atomic") if schema.get("type") == "array" else ""
    keys = tuple(schema.get("x-kubernetes-list-map-keys", ())) if kind == "map" else ()
    known = items.get("properties", {})
    fields = {name: shape_of_schema(inner) for name, inner in schema.get("properties", {}).items()}
    if schema.get("x-kubernetes-embedded-resource"):
        fields = {"apiVersion": PLAIN, "kind": PLAIN, "metadata": METADATA, **fields}
    return Shape(
        fields=fields,
        items=shape_of_schema(inner) if isinstance(inner, dict) else None,
        keys=keys,
        defaults={key: known[key]["default"] for key in keys if "default" in known.get(key, {})},
        is_set=kind == "set",
        is_atomic=kind == "atomic" or schema.get("x-kubernetes-map-type") == "atomic",
        is_declared=not is_open and bool(schema.get("properties")),
        is_free=is_open,
    )


METADATA = record(ownerReferences=by("uid", items={}), finalizers=SET, labels=FREE, annotations=FREE)
CONDITIONS = record(conditions=by("type"))
_CONTAINER = {
    "ports": Shape(
        keys=("containerPort", "protocol"),
        items=PLAIN,
        defaults={"protocol": "TCP"},
    ),
    "env": by(
        "name",
        items={"valueFrom": Shape(fields={"configMapKeyRef": ATOMIC, "secretKeyRef": ATOMIC, "fieldRef": ATOMIC})},
    ),
    "volumeMounts": by("mountPath"),
    "volumeDevices": by("devicePath"),
    "resources": Shape(fields={"claims": by("name"), "limits": FREE, "requests": FREE}),
}
_POD_SPEC = record(
    containers=replace(by("name", items=_CONTAINER), is_given=True),
    initContainers=by("name", items=_CONTAINER),
    ephemeralContainers=by("name", items=_CONTAINER),
    volumes=by("name"),
    imagePullSecrets=by("name"),
    hostAliases=by("ip"),
    nodeSelector=ATOMIC,
    resourceClaims=by("name"),
    schedulingGates=by("name"),
    topologySpreadConstraints=by("topologyKey", "whenUnsatisfiable", items={"labelSelector": ATOMIC}),
)
_TEMPLATE = record(metadata=METADATA, spec=_POD_SPEC)
_WORKLOAD = record(selector=ATOMIC, template=_TEMPLATE, strategy=record(), updateStrategy=record())
_SERVICE = record(
    ports=Shape(keys=("port", "protocol"), items=PLAIN, defaults={"protocol": "TCP"}),
    selector=ATOMIC,
)
_ADDRESSED = record(addresses=by("type"), conditions=by("type"))
_POD_STATUS = record(conditions=by("type"), podIPs=by("ip"), hostIPs=ATOMIC)


def _whole(**fields: Shape) -> Shape:
    return record(metadata=METADATA, **fields)


# Kind -> shape, for the built-in kinds that have more to say than their metadata.
BUILTIN_SHAPES: dict[str, Shape] = {
    "Pod": _whole(spec=_POD_SPEC, status=_POD_STATUS),
    "Deployment": _whole(spec=_WORKLOAD, status=CONDITIONS),
    "ReplicaSet": _whole(spec=_WORKLOAD, status=CONDITIONS),
    "DaemonSet": _whole(spec=_WORKLOAD, status=CONDITIONS),
    "StatefulSet": _whole(spec=_WORKLOAD, status=CONDITIONS),
    "PodTemplate": _whole(template=_TEMPLATE),
    "Job": _whole(spec=_WORKLOAD, status=record(conditions=ATOMIC, uncountedTerminatedPods=ATOMIC)),
    "Service": _whole(spec=_SERVICE, status=CONDITIONS),
    "ServiceAccount": _whole(secrets=by("name")),
    "ConfigMap": _whole(data=FREE, binaryData=FREE),
    "Secret": _whole(data=FREE, stringData=FREE),
    "Namespace": _whole(status=CONDITIONS),
    "Node": _whole(status=_ADDRESSED),
    "Event": _whole(involvedObject=PLAIN, related=PLAIN),
    "PodDisruptionBudget": _whole(spec=record(selector=ATOMIC), status=CONDITIONS),
    "HorizontalPodAutoscaler": _whole(spec=record(scaleTargetRef=ATOMIC), status=CONDITIONS),
    "CustomResourceDefinition": _whole(status=CONDITIONS),
}
BARE = _whole()
