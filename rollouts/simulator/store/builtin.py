"""The built-in kinds that the store serves, one row each. Called once for every store.

They have no schemas here: their merge rules are in shapes.py, their defaults and the few rules that our own work meets
in rules.py. What a real server would drop as an unknown field stays; the contract tests never rely on it.
"""

from dataclasses import replace

from rollouts.cluster.port import Resource
from rollouts.simulator.store.kinds import Column, Generation, Kind, ScalePaths
from rollouts.simulator.store.shapes import BARE, BUILTIN_SHAPES

_SELECTOR = ScalePaths(selector=("spec", "selector"))
_PLAIN_FIELDS = ("metadata.name", "metadata.namespace")
_AGE = Column("Age", "date", ".metadata.creationTimestamp")
_EVENT_FIELDS = (
    *(f"involvedObject.{name}" for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion")),
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
)


def _row(api: str, kind: str, plural: str, short: str = "", *, is_namespaced: bool = True) -> Kind:
    group, _, version = api.rpartition("/")
    return Kind(
        resource=Resource(group, version, plural, kind, is_namespaced=is_namespaced),
        singular=kind.lower(),
        short_names=tuple(short.split()),
        shape=BUILTIN_SHAPES.get(kind, BARE),
        columns=(_AGE,),
    )


def _columns(*pairs: tuple[str, str, str]) -> tuple[Column, ...]:
    return (*(Column(name, type_, path) for name, type_, path in pairs), _AGE)


def _workload(kind: Kind, *columns: tuple[str, str, str]) -> Kind:
    return replace(
        kind,
        has_status=True,
        generation=Generation.SPEC,
        columns=_columns(*columns),
        categories=("all",),
    )


_PODS = replace(
    _row("v1", "Pod", "pods", "po"),
    has_status=True,
    generation=Generation.SPEC,
    categories=("all",),
    fields=(*_PLAIN_FIELDS, "spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.phase"),
    columns=_columns(("Status", "string", ".status.phase"), ("Node", "string", ".spec.nodeName")),
)
_DEPLOYMENTS = replace(
    _workload(
        _row("apps/v1", "Deployment", "deployments", "deploy"),
        ("Ready", "integer", ".status.readyReplicas"),
        ("Up-to-date", "integer", ".status.updatedReplicas"),
        ("Available", "integer", ".status.availableReplicas"),
    ),
    scale=_SELECTOR,
    generation=Generation.SPEC_OR_ANNOTATIONS,
)
_REPLICA_SETS = replace(
    _workload(
        _row("apps/v1", "ReplicaSet", "replicasets", "rs"),
        ("Desired", "integer", ".spec.replicas"),
        ("Current", "integer", ".status.replicas"),
        ("Ready", "integer", ".status.readyReplicas"),
    ),
    scale=_SELECTOR,
    fields=(*_PLAIN_FIELDS, "status.replicas"),
)
_STATEFUL_SETS = replace(
    _workload(
        _row("apps/v1", "StatefulSet", "statefulsets", "sts"),
        ("Ready", "integer", ".status.readyReplicas"),
        ("Desired", "integer", ".spec.replicas"),
    ),
    scale=_SELECTOR,
)
_DAEMON_SETS = _workload(
    _row("apps/v1", "DaemonSet", "daemonsets", "ds"),
    ("Desired", "integer", ".status.desiredNumberScheduled"),
    ("Ready", "integer", ".status.numberReady"),
)
_JOBS = replace(
    _workload(_row("batch/v1", "Job", "jobs"), ("Succeeded", "integer", ".status.succeeded")),
    fields=(*_PLAIN_FIELDS, "status.successful"),
    default_propagation="Orphan",  # the API of jobs is older than collection, and kept its ways
)
_SERVICES = replace(
    _row("v1", "Service", "services", "svc"),
    has_status=True,
    name_rule="label1035",
    categories=("all",),
    fields=(*_PLAIN_FIELDS, "spec.clusterIP", "spec.type"),
    columns=_columns(("Type", "string", ".spec.type"), ("Cluster-IP", "string", ".spec.clusterIP")),
)
_INGRESSES = replace(
    _row("networking.k8s.io/v1", "Ingress", "ingresses", "ing"),
    has_status=True,
    generation=Generation.SPEC,
    columns=_columns(("Class", "string", ".spec.ingressClassName"), ("Hosts", "string", ".spec.rules[*].host")),
)
_NAMESPACES = replace(
    _row("v1", "Namespace", "namespaces", "ns", is_namespaced=False),
    has_status=True,
    name_rule="label",
    needs_version=True,
    fields=("metadata.name", "status.phase"),
    columns=_columns(("Status", "string", ".status.phase")),
)
_EVENTS = replace(
    _row("v1", "Event", "events", "ev"),
    fields=(*_PLAIN_FIELDS, *_EVENT_FIELDS),
    columns=(
        Column("Last Seen", "date", ".lastTimestamp"),
        Column("Type", "string", ".type"),
        Column("Reason", "string", ".reason"),
        Column("Object", "string", ".involvedObject.name"),
        Column("Message", "string", ".message"),
    ),
)
_BUDGETS = replace(
    _row("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb"),
    has_status=True,
    generation=Generation.SPEC,
    needs_version=True,
    columns=_columns(
        ("Min Available", "string", ".spec.minAvailable"),
        ("Max Unavailable", "string", ".spec.maxUnavailable"),
        ("Allowed Disruptions", "integer", ".status.disruptionsAllowed"),
    ),
)
_AUTOSCALERS = replace(
    _row("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa"),
    has_status=True,
    columns=_columns(
        ("Reference", "string", ".spec.scaleTargetRef.name"),
        ("MinPods", "integer", ".spec.minReplicas"),
        ("MaxPods", "integer", ".spec.maxReplicas"),
        ("Replicas", "integer", ".status.currentReplicas"),
    ),
)
_DEFINITIONS = replace(
    _row(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "crd", is_namespaced=False
    ),
    has_status=True,
    generation=Generation.SPEC,
    needs_version=True,
)
_RBAC = "rbac.authorization.k8s.io/v1"

BUILTIN_KINDS: tuple[Kind, ...] = (
    _PODS,
    _SERVICES,
    _INGRESSES,
    _row("v1", "ConfigMap", "configmaps", "cm"),
    replace(_row("v1", "Secret", "secrets"), fields=(*_PLAIN_FIELDS, "type")),
    _NAMESPACES,
    _EVENTS,
    _row("v1", "ServiceAccount", "serviceaccounts", "sa"),
    replace(_row("v1", "PodTemplate", "podtemplates"), generation=Generation.CONTENT),
    _row("v1", "Endpoints", "endpoints", "ep"),
    replace(
        _row("v1", "Node", "nodes", "no", is_namespaced=False),
        has_status=True,
        fields=("metadata.name", "spec.unschedulable"),
    ),
    _DEPLOYMENTS,
    _REPLICA_SETS,
    _STATEFUL_SETS,
    _DAEMON_SETS,
    _JOBS,
    replace(
        _row("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
        generation=Generation.CONTENT_OR_LABELS,
        columns=_columns(("AddressType", "string", ".addressType")),
    ),
    replace(
        _row("coordination.k8s.io/v1", "Lease", "leases"),
        needs_version=True,
        columns=_columns(("Holder", "string", ".spec.holderIdentity")),
    ),
    _BUDGETS,
    _AUTOSCALERS,
    replace(_row(_RBAC, "Role", "roles"), name_rule="segment"),
    replace(_row(_RBAC, "RoleBinding", "rolebindings"), name_rule="segment"),
    replace(_row(_RBAC, "ClusterRole", "clusterroles", is_namespaced=False), name_rule="segment"),
    replace(_row(_RBAC, "ClusterRoleBinding", "clusterrolebindings", is_namespaced=False), name_rule="segment"),
    _DEFINITIONS,
)
