"""In which order objects are applied and pruned, whose they are, and what is left alone. Called by sync; pure.

Order (Flux's): what other objects need to exist comes first, webhooks that could block the others last; pruning goes
the other way round. What steers the delivery of other objects (ours to order, Flux has no place for it) is changed
before them: so a version is met by the gates and metrics of its own commit. A new one comes after them.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rollouts.gitsync.fields import annotation, label
from rollouts.gitsync.inventory import Entry, entry_of
from rollouts.gitsync.manifests import Manifest
from rollouts.model.objects import Json

OWNER_NAME = "kustomize.toolkit.fluxcd.io/name"
OWNER_NAMESPACE = "kustomize.toolkit.fluxcd.io/namespace"
PRUNE = "kustomize.toolkit.fluxcd.io/prune"
RECONCILE = "kustomize.toolkit.fluxcd.io/reconcile"
SSA = "kustomize.toolkit.fluxcd.io/ssa"

_FIRST = (
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "StorageClass",
    "IngressClass",
    "GatewayClass",
    "PriorityClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "AlertProvider",
    "MetricTemplate",
    "Canary",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "ClusterAnalysisTemplate",
    "AnalysisTemplate",
    "HTTPRoute",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
)
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_RANK: Mapping[str, int] = MappingProxyType(
    {kind: rank for rank, kind in enumerate(_FIRST)} | {kind: 1000 + rank for rank, kind in enumerate(_LAST)}
)
_OTHERS = 500
_STEERING = ("Canary",)
_GROUNDWORK = ("CustomResourceDefinition", "Namespace")


def rank(kind: str, *, is_there: bool = False) -> int:
    """The place of a kind in the order of applying; kinds without one come after those with.

    `is_there`: the object is only changed.
    """
    return _OTHERS if kind in _STEERING and not is_there else _RANK.get(kind, _OTHERS)


def in_order(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Manifests as they are to be applied."""
    return tuple(sorted(manifests, key=lambda m: (rank(m.object["kind"]), entry_of(m.object).id)))


def against_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Entries as they are to be pruned."""
    return tuple(sorted(entries, key=lambda e: (-rank(e.kind), e.id)))


def is_groundwork(obj: Json) -> bool:
    """Definitions and namespaces: others may not even be tried before they are there."""
    return obj["kind"] in _GROUNDWORK


def owned(obj: Json, *, name: str, namespace: str) -> Json:
    """The object with the labels that say which Kustomization applies it, and without what Git has no say in."""
    meta = obj["metadata"]
    labels = (meta.get("labels") or {}) | {OWNER_NAME: name, OWNER_NAMESPACE: namespace}
    foreign = ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields", "selfLink")
    rest = {key: value for key, value in obj.items() if key != "status"}
    return rest | {"metadata": {k: v for k, v in meta.items() if k not in foreign} | {"labels": labels}}


def in_namespace(obj: Json, namespace: str) -> Json:
    """The object in this namespace; "" takes it out of any (cluster-scoped kinds)."""
    meta = {key: value for key, value in obj["metadata"].items() if key != "namespace"}
    return obj | {"metadata": meta | {"namespace": namespace} if namespace else meta}


def is_disabled(obj: Json, key: str, values: Sequence[str] = ("disabled",)) -> bool:
    """Whether an annotation or label of the object switches something off."""
    return any(found.lower() in values for found in (annotation(obj, key), label(obj, key)) if found)


def is_left_alone(desired: Json, live: Json | None) -> bool:
    """Whether the user asked not to apply it (any more), in Git or on the live object."""
    if is_disabled(desired, SSA, ("ifnotpresent",)) and live is not None:
        return True
    return any(
        is_disabled(obj, RECONCILE) or is_disabled(obj, SSA, ("ignore",)) for obj in (desired, live) if obj is not None
    )


def may_prune(live: Json, *, name: str, namespace: str) -> bool:
    """Still ours by its labels, and nobody asked to keep it."""
    is_ours = label(live, OWNER_NAME) == name and label(live, OWNER_NAMESPACE) == namespace
    is_kept = is_disabled(live, PRUNE) or is_disabled(live, RECONCILE) or is_disabled(live, SSA, ("ignore",))
    return is_ours and not is_kept


def differs(live: Json, wanted: Json) -> bool:
    """Whether applying would change anything that matters: labels, annotations, or what is outside metadata, status."""
    return _essence(live) != _essence(wanted)


def _essence(obj: Json) -> tuple[Any, ...]:
    meta = obj["metadata"]
    rest = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    return meta.get("labels") or {}, meta.get("annotations") or {}, rest
