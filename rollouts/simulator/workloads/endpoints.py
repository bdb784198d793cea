"""The EndpointSlice controller: which pods stand behind a Service at this moment.

One slice a Service (Kubernetes splits at a hundred endpoints; nothing here reads slices one by one).
"""

from collections.abc import Sequence

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.simulator.workloads.pods import is_finished, is_ready, reference_to
from rollouts.simulator.workloads.rounds import Now, Rounds, Wake
from rollouts.simulator.workloads.selectors import Key, key_of, labels_of, service_selector
from rollouts.simulator.workloads.views import Views

SERVICE_NAME = "kubernetes.io/service-name"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"


class Endpoints:
    """Woken by Services, by their slices, and by the pods that a Service selects."""

    def __init__(self, views: Views, now: Now) -> None:
        self.rounds = Rounds("endpoints", self._reconcile, now)
        self._views = views
        views.services.listen(lambda before, after: self.rounds.wake(key_of(after or before or {})))
        views.slices.listen(self._slice_changed)
        views.pods.listen(self._pod_changed)

    def _slice_changed(self, before: Json | None, after: Json | None) -> None:
        found = after or before or {}
        if name := labels_of(found).get(SERVICE_NAME):
            self.rounds.wake((key_of(found)[0], name))

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        if before is not None and after is not None and _face(before) == _face(after):
            return
        for pod in (before, after):
            if pod is not None:
                for key in self._views.services_by_pod.concerned(key_of(pod)[0], labels_of(pod)):
                    self.rounds.wake(key)

    async def _reconcile(self, key: Key) -> Wake | None:
        service = self._views.services.get(key)
        selector = service_selector(service) if service is not None else None
        if service is None or selector is None or self._views.services.is_leaving(service):
            return None
        pods = [pod for pod in self._views.pods_by_label.matching(key[0], selector) if _has_address(pod)]
        wanted = {"endpoints": [endpoint_of(service, pod) for pod in pods], "ports": _ports(service, pods)}
        held = next((s for s in self._views.slices.owned_by(service) if not self._views.slices.is_leaving(s)), None)
        if held is None:
            await self._views.slices.create(_slice(service) | wanted)
        elif any((held.get(name) or []) != value for name, value in wanted.items()):
            await self._views.slices.patch(held, wanted)
        return None


def endpoint_of(service: Json, pod: Json) -> Json:
    """The pod as an endpoint: a terminating one still serves but takes nothing new."""
    is_terminating = "deletionTimestamp" in pod["metadata"]
    is_published = bool(service["spec"].get("publishNotReadyAddresses"))
    namespace, name = key_of(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": is_published or (is_ready(pod) and not is_terminating),
            "serving": is_published or is_ready(pod),
            "terminating": is_terminating,
        },
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": {"kind": "Pod", "namespace": namespace, "name": name, "uid": pod["metadata"]["uid"]},
    }


def _face(pod: Json) -> tuple[object, ...]:
    """What a Service sees of a pod."""
    address = (pod.get("status") or {}).get("podIP")
    return labels_of(pod), address, is_ready(pod), is_finished(pod), "deletionTimestamp" in pod["metadata"]


def _has_address(pod: Json) -> bool:
    return bool((pod.get("status") or {}).get("podIP")) and not is_finished(pod)


def _slice(service: Json) -> Json:
    namespace, name = key_of(service)
    return {
        "apiVersion": kinds.ENDPOINT_SLICES.api_version,
        "kind": kinds.ENDPOINT_SLICES.kind,
        "metadata": {
            "generateName": f"{name}-",
            "namespace": namespace,
            "labels": {**labels_of(service), SERVICE_NAME: name, _MANAGED_BY: "endpointslice-controller.k8s.io"},
            "ownerReferences": [reference_to(service, kinds.SERVICES)],
        },
        "addressType": "IPv4",
    }


def _ports(service: Json, pods: Sequence[Json]) -> list[Json]:
    return [
        {"name": port.get("name", ""), "port": _number(port, pods), "protocol": port.get("protocol", "TCP")}
        for port in service["spec"].get("ports") or ()
    ]


def _number(port: Json, pods: Sequence[Json]) -> int:
    """The target's number; a name is looked up in the first pod that has it."""
    target: int | str = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    declared = (p for pod in pods for c in pod["spec"]["containers"] for p in c.get("ports") or ())
    named = (p["containerPort"] for p in declared if p.get("name") == target)
    return int(next(named, port["port"]))
