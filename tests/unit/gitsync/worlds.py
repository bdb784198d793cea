"""Worlds for the tests of the sync loop: a store with our definitions, manifests by name, a hand that interferes."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Cluster, Collection, Patch, PatchType, Resource, Target
from rollouts.gitsync.inventory import Entry
from rollouts.gitsync.manifests import Manifest, read_file
from rollouts.model.objects import Json
from rollouts.simulator.store import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMESPACE = "shop"
CRDS = Path(__file__).parents[3] / "crds"
ROUTE = Target(kinds.HTTP_ROUTES, "web", NAMESPACE)
STABLE = Target(kinds.SERVICES, "stable", NAMESPACE)

Write = Callable[[], Awaitable[Any]]


async def a_store() -> Store:
    """An empty cluster that serves our kinds, with the namespace of the tests."""
    store = Store(lambda: NOW)
    store.load_definitions([CRDS])
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    await store.create(Collection(kinds.NAMESPACES), body)
    return store


def manifests(*texts: str, file: str = "deploy/app.yaml") -> tuple[Manifest, ...]:
    """The objects of these documents, as read from one file."""
    read = read_file(file, "---\n".join(texts))
    assert read.faults == ()
    return read.items


def a_map(name: str = "settings", value: str = "1", *, extra: str = "") -> str:
    """A ConfigMap with one value."""
    meta = f"{{name: {name}, namespace: {NAMESPACE}{extra}}}"
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {meta}\ndata: {{key: '{value}'}}\n"


def a_service(name: str, selector: str = "{app: web}") -> str:
    """A Service as a user commits it, without a hash."""
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {NAMESPACE}}}\n"
        f"spec:\n  selector: {selector}\n  ports: [{{port: 80}}]\n"
    )


def a_route(*backends: str, weights: tuple[int, int] = (100, 0), timeout: str = "10s") -> str:
    """An HTTPRoute over these backends, with the weights that Git holds."""
    names = backends or ("stable", "canary")
    refs = ", ".join(f"{{name: {name}, port: 80, weight: {weights[n]}}}" for n, name in enumerate(names))
    return (
        f"apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"
        f"metadata: {{name: web, namespace: {NAMESPACE}}}\n"
        f"spec:\n  parentRefs: [{{name: gateway}}]\n"
        f"  rules: [{{timeouts: {{request: {timeout}}}, backendRefs: [{refs}]}}]\n"
    )


def a_rollout(image: str = "app:v1", *, replicas: int | None = 3) -> str:
    """A canary over the route and both Services."""
    size = "" if replicas is None else f"  replicas: {replicas}\n"
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web, namespace: {NAMESPACE}}}\n"
        f"spec:\n{size}  selector: {{matchLabels: {{app: web}}}}\n"
        f"  template:\n    metadata: {{labels: {{app: web}}}}\n"
        f"    spec: {{containers: [{{name: app, image: '{image}'}}]}}\n"
        "  strategy:\n    canary:\n      stableService: stable\n      canaryService: canary\n"
        "      trafficRouting: {plugins: {argoproj-labs/gatewayAPI: {httpRoute: web, namespace: shop}}}\n"
        "      steps: [{setWeight: 20}, {pause: {}}]\n"
    )


def an_autoscaler(kind: str = "Rollout", api_version: str = "argoproj.io/v1alpha1") -> str:
    """An autoscaler of the workload `web`."""
    return (
        f"apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web, namespace: {NAMESPACE}}}\n"
        f"spec:\n  maxReplicas: 9\n  scaleTargetRef: {{apiVersion: {api_version}, kind: {kind}, name: web}}\n"
    )


async def unrecorded(_: tuple[Entry, ...]) -> None:
    """The Record of tests that end before anybody could need it."""


async def shift(cluster: Cluster, stable: int, canary: int) -> Json:
    """The controller's write: other weights on the live route, found by name."""
    live = await cluster.get(ROUTE)
    rules = [dict(rule) for rule in live["spec"]["rules"]]
    weights = {"stable": stable, "canary": canary}
    rules[0]["backendRefs"] = [ref | {"weight": weights[ref["name"]]} for ref in rules[0]["backendRefs"]]
    return await cluster.patch(ROUTE, Patch(PatchType.MERGE, {"spec": {"rules": rules}}))


async def point(cluster: Cluster, service: str, hash_: str) -> Json:
    """The controller's write: a Service selects one version, and is marked."""
    body = {
        "metadata": {"annotations": {"argo-rollouts.argoproj.io/managed-by-rollouts": "web"}},
        "spec": {"selector": {"rollouts-pod-template-hash": hash_}},
    }
    return await cluster.patch(Target(kinds.SERVICES, service, NAMESPACE), Patch(PatchType.MERGE, body))


async def weights(cluster: Cluster) -> dict[str, int]:
    """The weights of the live route, by backend."""
    live = await cluster.get(ROUTE)
    return {ref["name"]: ref["weight"] for ref in live["spec"]["rules"][0]["backendRefs"]}


async def find(cluster: Cluster, resource: Resource, name: str) -> Json | None:
    """An object of the test's namespace, or None."""
    page = await cluster.list(Collection(resource, NAMESPACE))
    return next((item for item in page.items if item["metadata"]["name"] == name), None)


class Interfering:
    """A cluster in which somebody else writes just before the nth apply that counts (not the dry runs)."""

    def __init__(self, cluster: Cluster, write: Write, *, kind: str, before: int = 1) -> None:
        self._cluster = cluster
        self._write = write
        self._kind = kind
        self._left = before
        self.applies = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    async def patch(self, target: Target, patch: Patch) -> Json:
        """Interfere, then do it."""
        is_real = patch.type is PatchType.APPLY and not patch.is_dry_run and target.resource.kind == self._kind
        if is_real:
            self.applies += 1
            self._left -= 1
            if self._left == 0:
                await self._write()
        return await self._cluster.patch(target, patch)
