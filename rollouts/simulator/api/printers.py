"""What `kubectl get` shows of built-in kinds, cell by cell. Called by the tables.

One row of functions a kind; a kind that is not here shows the columns that the store names for it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rollouts.cluster.port import Json
from rollouts.simulator.api.ages import age, duration
from rollouts.simulator.api.pods import pod_ready, pod_restarts, pod_status

Cell = Callable[[Json, datetime], Any]


@dataclass(frozen=True, slots=True)
class Printed:
    """One column. Priority 1 is shown by `-o wide` only."""

    name: str
    cell: Cell
    type: str = "string"
    priority: int = 0


def _path(*steps: str, otherwise: Any = "<none>") -> Cell:
    def cell(obj: Json, _now: datetime) -> Any:
        value: Any = obj
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return otherwise if value in (None, "") else value

    return cell


def _number(*steps: str) -> Cell:
    return _path(*steps, otherwise=0)


def _old(obj: Json, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def _of(found: str) -> str:
    return found or "<none>"


def _labels(labels: Mapping[str, str] | None) -> str:
    return _of(",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())))


def _containers(attribute: str) -> Cell:
    def cell(obj: Json, _now: datetime) -> str:
        template = obj.get("spec", {}).get("template", {})
        return _of(",".join(str(one.get(attribute, "")) for one in template.get("spec", {}).get("containers", ())))

    return cell


def _selector(obj: Json, _now: datetime) -> str:
    return _labels((obj.get("spec", {}).get("selector") or {}).get("matchLabels"))


def _ready_of_wanted(obj: Json, _now: datetime) -> str:
    wanted = obj.get("spec", {}).get("replicas", 1)
    return f"{obj.get('status', {}).get('readyReplicas') or 0}/{wanted}"


def _service_ports(obj: Json, _now: datetime) -> str:
    ports = obj.get("spec", {}).get("ports") or ()
    shown = (f"{one['port']}{_node_port(one)}/{one.get('protocol', 'TCP')}" for one in ports)
    return _of(",".join(shown))


def _node_port(port: Mapping[str, Any]) -> str:
    return f":{port['nodePort']}" if port.get("nodePort") else ""


def _service_selector(obj: Json, _now: datetime) -> str:
    return _labels(obj.get("spec", {}).get("selector"))


def _job_status(obj: Json, _now: datetime) -> str:
    conditions = obj.get("status", {}).get("conditions") or ()
    held = {one["type"] for one in conditions if one.get("status") == "True"}
    words = ("Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet")
    return next((word for word in words if word in held), "Running")


def _job_completions(obj: Json, _now: datetime) -> str:
    spec, done = obj.get("spec", {}), obj.get("status", {}).get("succeeded") or 0
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    return f"{done}/1 of {spec.get('parallelism', 1)}" if spec.get("parallelism", 1) > 1 else f"{done}/1"


def _job_duration(obj: Json, now: datetime) -> str:
    status = obj.get("status", {})
    if not status.get("startTime"):
        return ""
    ended = datetime.fromisoformat(status["completionTime"]) if status.get("completionTime") else now
    return duration(ended - datetime.fromisoformat(status["startTime"]))


def _event_seen(obj: Json, now: datetime) -> str:
    return age(obj.get("lastTimestamp") or obj.get("eventTime") or obj["metadata"].get("creationTimestamp"), now)


def _event_object(obj: Json, _now: datetime) -> str:
    about = obj.get("involvedObject", {})
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _event_source(obj: Json, _now: datetime) -> str:
    source = obj.get("source") or {}
    parts = (source.get("component") or obj.get("reportingComponent"), source.get("host"))
    return ", ".join(part for part in parts if part)


def _event_message(obj: Json, _now: datetime) -> str:
    return str(obj.get("message", "")).strip()


def _node_status(obj: Json, _now: datetime) -> str:
    conditions = obj.get("status", {}).get("conditions") or ()
    ready = next((one["status"] for one in conditions if one["type"] == "Ready"), None)
    word = {"True": "Ready", None: "Unknown"}.get(ready, "NotReady")
    return f"{word},SchedulingDisabled" if obj.get("spec", {}).get("unschedulable") else word


def _node_roles(obj: Json, _now: datetime) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = obj["metadata"].get("labels") or {}
    return _of(",".join(sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix))))


def _count(*fields: str) -> Cell:
    return lambda obj, _now: sum(len(obj.get(field) or ()) for field in fields)


def _addresses(obj: Json, _now: datetime) -> str:
    found = [address for one in obj.get("endpoints") or () for address in one.get("addresses", ())]
    return _few(found)


def _slice_ports(obj: Json, _now: datetime) -> str:
    return _few([str(one.get("port", "*")) for one in obj.get("ports") or ()]).replace("<none>", "<unset>")


def _few(found: Sequence[str]) -> str:
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return _of(",".join(found[:3])) + more


NAME: Final = Printed("Name", _path("metadata", "name", otherwise=""))
AGE: Final = Printed("Age", _old)
_TEMPLATE: Final = (
    Printed("Containers", _containers("name"), priority=1),
    Printed("Images", _containers("image"), priority=1),
    Printed("Selector", _selector, priority=1),
)

PRINTERS: Final[Mapping[tuple[str, str], tuple[Printed, ...]]] = {
    ("", "pods"): (
        NAME,
        Printed("Ready", pod_ready),
        Printed("Status", pod_status),
        Printed("Restarts", pod_restarts),
        AGE,
        Printed("IP", _path("status", "podIP"), priority=1),
        Printed("Node", _path("spec", "nodeName"), priority=1),
        Printed("Nominated Node", _path("status", "nominatedNodeName"), priority=1),
        Printed("Readiness Gates", lambda _obj, _now: "<none>", priority=1),
    ),
    ("", "services"): (
        NAME,
        Printed("Type", _path("spec", "type", otherwise="ClusterIP")),
        Printed("Cluster-IP", _path("spec", "clusterIP")),
        Printed("External-IP", _path("spec", "externalName")),
        Printed("Port(s)", _service_ports),
        AGE,
        Printed("Selector", _service_selector, priority=1),
    ),
    ("", "configmaps"): (NAME, Printed("Data", _count("data", "binaryData"), "integer"), AGE),
    ("", "secrets"): (
        NAME,
        Printed("Type", _path("type", otherwise="Opaque")),
        Printed("Data", _count("data"), "integer"),
        AGE,
    ),
    ("", "namespaces"): (NAME, Printed("Status", _path("status", "phase", otherwise="Active")), AGE),
    ("", "nodes"): (
        NAME,
        Printed("Status", _node_status),
        Printed("Roles", _node_roles),
        AGE,
        Printed("Version", _path("status", "nodeInfo", "kubeletVersion", otherwise="")),
    ),
    ("", "events"): (
        Printed("Last Seen", _event_seen),
        Printed("Type", _path("type", otherwise="")),
        Printed("Reason", _path("reason", otherwise="")),
        Printed("Object", _event_object),
        Printed("Subobject", _path("involvedObject", "fieldPath", otherwise=""), priority=1),
        Printed("Source", _event_source, priority=1),
        Printed("Message", _event_message),
        Printed("Count", _path("count", otherwise=1), "integer", priority=1),
        Printed("Name", _path("metadata", "name"), priority=1),
    ),
    ("apps", "deployments"): (
        NAME,
        Printed("Ready", _ready_of_wanted),
        Printed("Up-to-date", _number("status", "updatedReplicas"), "integer"),
        Printed("Available", _number("status", "availableReplicas"), "integer"),
        AGE,
        *_TEMPLATE,
    ),
    ("apps", "replicasets"): (
        NAME,
        Printed("Desired", _number("spec", "replicas"), "integer"),
        Printed("Current", _number("status", "replicas"), "integer"),
        Printed("Ready", _number("status", "readyReplicas"), "integer"),
        AGE,
        *_TEMPLATE,
    ),
    ("apps", "statefulsets"): (NAME, Printed("Ready", _ready_of_wanted), AGE, *_TEMPLATE[:2]),
    ("batch", "jobs"): (
        NAME,
        Printed("Status", _job_status),
        Printed("Completions", _job_completions),
        Printed("Duration", _job_duration),
        AGE,
        *_TEMPLATE,
    ),
    ("discovery.k8s.io", "endpointslices"): (
        NAME,
        Printed("AddressType", _path("addressType")),
        Printed("Ports", _slice_ports),
        Printed("Endpoints", _addresses),
        AGE,
    ),
    ("apiextensions.k8s.io", "customresourcedefinitions"): (
        NAME,
        Printed("Created At", _path("metadata", "creationTimestamp"), "date"),
    ),
}
