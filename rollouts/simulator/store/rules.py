"""What the API server does to the built-in kinds beyond storing them: first states, defaults, what may not change.

Called by writes.py. Only what our controllers, examples and users' first manifests meet; each rule is a row or a small
function of one kind. Unknown fields and most value checks of the built-in kinds are left to a real server.
"""

import base64
from collections.abc import Callable, Iterator
from typing import Any

from rollouts.cluster.port import Json
from rollouts.simulator.store.meta import Sealed, at_path, copied, put_at_path
from rollouts.simulator.store.refusals import Cause, forbidden_value, invalid_value, required
from rollouts.simulator.store.selectors import matches_labels

_POD_DEFAULTS: dict[str, Any] = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
_CONTAINER_DEFAULTS: dict[str, Any] = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_ROLLING = {"maxUnavailable": "25%", "maxSurge": "25%"}
# Kind -> (path, value) set where nothing stands.
_DEFAULTS: dict[str, tuple[tuple[tuple[str, ...], Any], ...]] = {
    "Deployment": (
        (("spec", "replicas"), 1),
        (("spec", "strategy", "type"), "RollingUpdate"),
        (("spec", "revisionHistoryLimit"), 10),
        (("spec", "progressDeadlineSeconds"), 600),
    ),
    "ReplicaSet": ((("spec", "replicas"), 1),),
    "StatefulSet": ((("spec", "replicas"), 1), (("spec", "podManagementPolicy"), "OrderedReady")),
    "Job": (
        (("spec", "parallelism"), 1),
        (("spec", "completions"), 1),
        (("spec", "backoffLimit"), 6),
        (("spec", "completionMode"), "NonIndexed"),
        (("spec", "suspend"), False),
    ),
    "Service": ((("spec", "type"), "ClusterIP"), (("spec", "sessionAffinity"), "None")),
    "Secret": ((("type",), "Opaque"),),
    "Namespace": ((("spec", "finalizers"), ["kubernetes"]),),
    "HorizontalPodAutoscaler": ((("spec", "minReplicas"), 1),),
}
_FIRST_STATUS: dict[str, Json] = {
    "Pod": {"phase": "Pending", "qosClass": "BestEffort"},
    "Namespace": {"phase": "Active"},
    "Service": {"loadBalancer": {}},
    "Ingress": {"loadBalancer": {}},
}
_WRITTEN_WHEN_EMPTY = ("containers", "endpoints", "rules")
_FREE_MAPS = ("labels", "annotations", "matchLabels", "limits", "requests", "nodeSelector", "data", "binaryData")
_TEMPLATED = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job")
_SELECTED = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")


def first_state(obj: Json, kind: str) -> Json:
    """A new object of a built-in kind with the status that the server gives it, if any."""
    bare = {name: value for name, value in obj.items() if name != "status"}
    status = _FIRST_STATUS.get(kind)
    bare = bare if status is None else {**bare, "status": copied(status)}
    if kind == "Job" and not at_path(bare, ("spec", "manualSelector")):
        return _with_job_selector(bare)
    if kind == "Namespace":
        labels = {**(bare["metadata"].get("labels") or {}), "kubernetes.io/metadata.name": bare["metadata"]["name"]}
        return put_at_path(bare, ("metadata", "labels"), labels)
    return bare


def _with_job_selector(job: Json) -> Json:
    meta = job["metadata"]
    own = {"batch.kubernetes.io/controller-uid": meta["uid"]}
    labels = {**(at_path(job, ("spec", "template", "metadata", "labels")) or {}), **own}
    labels |= {"controller-uid": meta["uid"], "batch.kubernetes.io/job-name": meta["name"], "job-name": meta["name"]}
    labelled = put_at_path(job, ("spec", "template", "metadata", "labels"), labels)
    return put_at_path(labelled, ("spec", "selector"), {"matchLabels": own})


def without_empties(value: Any) -> Any:
    """A value of a built-in kind without nulls, empty lists and empty free maps: typed fields leave those out."""
    if isinstance(value, Sealed):
        return value
    if isinstance(value, dict):
        kept = {name: without_empties(inner) for name, inner in value.items() if not _is_left_out(name, inner)}
        return {name: inner for name, inner in kept.items() if not _is_left_out(name, inner)}
    return [without_empties(one) for one in value] if isinstance(value, list) else value


def without_new_empties(obj: Json, old: Json) -> Json:
    """The same of an object that was stored as `old` before: fields that are as they were need no second look."""
    held = {name for name, inner in obj.items() if name in old and old[name] == inner}
    rest = without_empties({name: inner for name, inner in obj.items() if name not in held})
    return {name: old[name] if name in held else rest[name] for name in obj if name in held or name in rest}


def _is_left_out(name: str, value: Any) -> bool:
    if value == []:
        return name not in _WRITTEN_WHEN_EMPTY
    return value is None or (value == {} and name in _FREE_MAPS)


def with_defaults(obj: Json, kind: str) -> Json:
    """The object with the defaults of its built-in kind."""
    for path, value in _DEFAULTS.get(kind, ()):
        if at_path(obj, path) is None:
            obj = put_at_path(obj, path, copied(value))
    if kind == "Deployment" and at_path(obj, ("spec", "strategy", "type")) == "RollingUpdate":
        rolling = at_path(obj, ("spec", "strategy", "rollingUpdate")) or {}
        obj = put_at_path(obj, ("spec", "strategy", "rollingUpdate"), {**_ROLLING, **rolling})
    if kind == "Pod" and isinstance(obj.get("spec"), dict):
        obj = {**obj, "spec": _pod_spec(obj["spec"])}
    elif kind in _TEMPLATED and isinstance(spec := at_path(obj, ("spec", "template", "spec")), dict):
        obj = put_at_path(obj, ("spec", "template", "spec"), _pod_spec(spec))
    elif kind == "Service" and isinstance(at_path(obj, ("spec", "ports")), list):
        obj = put_at_path(obj, ("spec", "ports"), [_service_port(port) for port in obj["spec"]["ports"]])
    elif kind == "Secret" and "stringData" in obj:
        obj = _with_encoded_data(obj)
    return obj


def _pod_spec(spec: Json) -> Json:
    spec = {**copied(_POD_DEFAULTS), **spec}
    for name in ("containers", "initContainers"):
        if isinstance(spec.get(name), list):
            spec[name] = [_container(one) if isinstance(one, dict) else one for one in spec[name]]
    return spec


def _container(one: Json) -> Json:
    last = str(one.get("image", "")).rpartition("/")[2]
    is_latest = "@" not in last and (":" not in last or last.endswith(":latest"))
    one = {**copied(_CONTAINER_DEFAULTS), "imagePullPolicy": "Always" if is_latest else "IfNotPresent", **one}
    if isinstance(one.get("ports"), list):
        one["ports"] = [{"protocol": "TCP", **port} for port in one["ports"]]
    return one


def _service_port(port: Json) -> Json:
    return {"protocol": "TCP", "targetPort": port.get("port"), **port}


def _with_encoded_data(secret: Json) -> Json:
    encoded = {name: base64.b64encode(text.encode()).decode() for name, text in secret["stringData"].items()}
    rest = {name: value for name, value in secret.items() if name != "stringData"}
    return {**rest, "data": {**(secret.get("data") or {}), **encoded}}


def with_address(service: Json, number: int) -> Json:
    """A Service with a cluster IP of its own, unless it wants none."""
    spec = service.get("spec") or {}
    if spec.get("clusterIP") or spec.get("type") == "ExternalName":
        return service
    address = f"10.96.{number // 250}.{number % 250 + 1}"
    return {**service, "spec": {**spec, "clusterIP": address, "clusterIPs": [address]}}


def carried(old: Json, new: Json, kind: str) -> Json:
    """What the server allotted and a writer may leave out."""
    if kind != "Service" or not isinstance(new.get("spec"), dict):
        return new
    allotted = {name: old["spec"][name] for name in ("clusterIP", "clusterIPs") if name in old["spec"]}
    return {**new, "spec": {**allotted, **new["spec"]}}


def faults(obj: Json, old: Json | None, kind: str) -> list[Cause]:
    """What a built-in object breaks of the rules of its kind; `old` is its state before, None at its creation."""
    causes = list(_spec_faults(obj, kind))
    if old is not None:
        causes += [cause for rule in _CHANGES.get(kind, ()) for cause in rule(old, obj)]
    return causes


def _spec_faults(obj: Json, kind: str) -> Iterator[Cause]:
    if kind in _SELECTED:
        yield from _selector_faults(obj)
    if kind in _TEMPLATED:
        yield from _pod_faults(at_path(obj, ("spec", "template", "spec")) or {}, "spec.template.spec")
    if kind == "Pod":
        yield from _pod_faults(obj.get("spec") or {}, "spec")
    strategy = at_path(obj, ("spec", "strategy")) or {}
    if kind == "Deployment" and strategy.get("type") == "Recreate" and strategy.get("rollingUpdate"):
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield forbidden_value("spec.strategy.rollingUpdate", why)
    replicas = at_path(obj, ("spec", "replicas"))
    if isinstance(replicas, int) and replicas < 0:
        yield invalid_value("spec.replicas", str(replicas), "must be greater than or equal to 0")
    if kind == "Event" and at_path(obj, ("involvedObject", "namespace")) not in (
        None,
        "",
        obj["metadata"].get("namespace"),
    ):
        shown = f'"{obj["involvedObject"]["namespace"]}"'
        yield invalid_value("involvedObject.namespace", shown, "does not match event.namespace")


def _selector_faults(obj: Json) -> Iterator[Cause]:
    selector = at_path(obj, ("spec", "selector"))
    labels = at_path(obj, ("spec", "template", "metadata", "labels")) or {}
    if not selector:
        yield required("spec.selector")
    elif not matches_labels(selector, labels):
        why = "`selector` does not match template `labels`"
        yield invalid_value("spec.template.metadata.labels", str(labels).replace("'", '"'), why)


def _pod_faults(spec: Json, field: str) -> Iterator[Cause]:
    containers = spec.get("containers") or []
    if not containers:
        yield required(f"{field}.containers")
    for index, one in enumerate(containers):
        for name in ("name", "image"):
            if not one.get(name):
                yield required(f"{field}.containers[{index}].{name}")


def _immutable(*path: str) -> Callable[[Json, Json], Iterator[Cause]]:
    def rule(old: Json, new: Json) -> Iterator[Cause]:
        before, after = at_path(old, path), at_path(new, path)
        if before != after:
            shown = '"object"' if isinstance(after, dict) else f'"{after}"'
            yield invalid_value(".".join(path), shown, "field is immutable")

    return rule


def _sealed(old: Json, new: Json) -> Iterator[Cause]:
    """ConfigMaps and Secrets marked immutable."""
    if not old.get("immutable"):
        return
    for name in ("data", "binaryData", "immutable"):
        if old.get(name) != new.get(name):
            yield forbidden_value(name, "field is immutable when `immutable` is set")


_POD_MAY_CHANGE = ("activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", "schedulingGates")


def _pod_changes(old: Json, new: Json) -> Iterator[Cause]:
    if _fixed(old, old) != _fixed(new, old):
        words = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`"
        yield forbidden_value("spec", f"pod updates may not change fields other than {words},`spec.tolerations`")


def _fixed(pod: Json, old: Json) -> Json:
    spec = {name: value for name, value in (pod.get("spec") or {}).items() if name not in _POD_MAY_CHANGE}
    if not at_path(old, ("spec", "nodeName")):
        spec.pop("nodeName", None)  # stands for the scheduler's binding
    for name in ("containers", "initContainers"):
        spec[name] = [{**one, "image": ""} for one in spec.get(name) or []]
    return spec


_CHANGES: dict[str, tuple[Callable[[Json, Json], Iterator[Cause]], ...]] = {
    "Deployment": (_immutable("spec", "selector"),),
    "ReplicaSet": (_immutable("spec", "selector"),),
    "StatefulSet": (_immutable("spec", "selector"), _immutable("spec", "serviceName")),
    "DaemonSet": (_immutable("spec", "selector"),),
    "Job": (_immutable("spec", "selector"), _immutable("spec", "template"), _immutable("spec", "completions")),
    "ConfigMap": (_sealed,),
    "Secret": (_sealed, _immutable("type")),
    "Pod": (_pod_changes,),
}
