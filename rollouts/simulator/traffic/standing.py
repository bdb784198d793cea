"""Who stands behind a Service at this moment: versions, by the pods of its ready endpoints."""

from rollouts.cluster.port import Json
from rollouts.simulator.scenario import Scenario
from rollouts.simulator.traffic.served import Version
from rollouts.simulator.workloads.endpoints import SERVICE_NAME
from rollouts.simulator.workloads.selectors import Key, Selector, key_of, labels_of
from rollouts.simulator.workloads.views import Views

_HASHES = ("rollouts-pod-template-hash", "pod-template-hash")


class Standing:
    """Reads Services' EndpointSlices; pods tell hash and image. What it found holds until one of them changes."""

    def __init__(self, views: Views, scenario: Scenario) -> None:
        self._views = views
        self._scenario = scenario
        self._found: dict[Key, dict[Version, int]] = {}
        views.slices.listen(self._slice_changed)
        views.pods.listen(self._pod_changed)

    def exists(self, service: Key) -> bool:
        """Is there such a Service?"""
        return self._views.services.get(service) is not None

    def versions(self, service: Key) -> dict[Version, int]:
        """The versions behind a Service, with the number of their ready endpoints."""
        if service not in self._found:
            self._found[service] = self._look(service)
        return self._found[service]

    def _slice_changed(self, before: Json | None, after: Json | None) -> None:
        for endpoints in (before, after):
            if endpoints is not None:
                self._found.pop((key_of(endpoints)[0], labels_of(endpoints).get(SERVICE_NAME, "")), None)

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        if before is None or after is None or labels_of(before) != labels_of(after):
            self._found.clear()

    def _look(self, service: Key) -> dict[Version, int]:
        namespace, name = service
        found: dict[Version, int] = {}
        for endpoints in self._views.slices_by_label.matching(namespace, Selector(((SERVICE_NAME, name),))):
            for endpoint in endpoints.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready", True):
                    version = self._version_of(namespace, endpoint)
                    found[version] = found.get(version, 0) + 1
        return dict(sorted(found.items()))

    def _version_of(self, namespace: str, endpoint: Json) -> Version:
        target = endpoint.get("targetRef") or {}
        pod = self._views.pods.get((target.get("namespace", namespace), target.get("name", "")))
        if pod is None:
            return Version(namespace)
        labels = labels_of(pod)
        digest = next((labels[name] for name in _HASHES if name in labels), "")
        images = [container.get("image", "") for container in pod["spec"]["containers"]]
        known = next((image for image in images if image in self._scenario.images), images[0])
        return Version(namespace, digest, known)
