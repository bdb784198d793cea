"""The rollouts that are measured: one pod each, one setWeight step; with a route, or with replicas only."""

from collections.abc import Iterator

from rollouts.cluster.port import Json

PLAIN = "plain"
ROUTED = "routed"
BARE = "bare"
NAMESPACES = (PLAIN, ROUTED, BARE)


def rollout(namespace: str, name: str, tag: str = "v1") -> Json:
    """A Rollout of about the size that hand-written ones have."""
    canary: Json = {"steps": [{"setWeight": 50}]}
    if namespace == ROUTED:
        canary |= {
            "canaryService": f"{name}-canary",
            "stableService": f"{name}-stable",
            "scaleDownDelaySeconds": 1,
            "trafficRouting": {"plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": name}}},
        }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [_container(tag)]}},
            "strategy": {"canary": canary},
        },
    }


def surroundings(namespace: str, name: str) -> Iterator[Json]:
    """The Services and the route of a routed rollout."""
    if namespace != ROUTED:
        return
    for role in ("stable", "canary"):
        yield {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"{name}-{role}", "namespace": namespace},
            "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
        }
    backends = [{"name": f"{name}-stable", "port": 80}, {"name": f"{name}-canary", "port": 80, "weight": 0}]
    yield {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"parentRefs": [{"name": "web"}], "rules": [{"backendRefs": backends}]},
    }


def names(count: int) -> list[str]:
    """Names of so many rollouts."""
    return [f"app-{number:03}" for number in range(count)]


def _container(tag: str) -> Json:
    return {
        "name": "app",
        "image": f"registry.example/app:{tag}",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": f"SETTING_{number}", "value": "x" * 20} for number in range(10)],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 5},
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    }
